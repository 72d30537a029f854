// SPDX-License-Identifier: MIT

// Names are found without regard to case, and references say them as they were declared.

#include <gmock/gmock.h>

#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

const std::string kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  Hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {Machines: {addressPrefix: 10.0.1.0/24}}
    virtualNetworkPeerings: {SPOKE: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    virtualNetworkPeerings: {hub: {}}
    subnets:
      apps:
        addressPrefix: 10.1.1.0/26
        delegations: [Microsoft.Web/serverFarms]
        networkSecurityGroup: NSG
        routeTable: TABLE
applicationSecurityGroups: {Web: {}}
networkSecurityGroups:
  nsg:
    securityRules:
      Web-Out: {priority: 100, direction: Outbound, access: Allow, protocol: Tcp,
                sourceAddressPrefix: "*", sourcePortRange: "*",
                destinationApplicationSecurityGroups: [WEB], destinationPortRange: 443}
routeTables: {table: {routes: {Away: {addressPrefix: 0.0.0.0/0, nextHopType: None}}}}
serverFarms: {Plan: {}}
sites: {App: {serverFarm: PLAN, virtualNetworkSubnet: SPOKE/Apps}}
hosts: {machine: {subnet: hub/machines, ipAddress: 10.0.1.4, applicationSecurityGroups: [wEB]}}
expectations:
  - {from: APP, to: "tcp://MACHINE:443", expect: allow, by: NSG/web-out}
  - {from: app, to: "tcp://8.8.8.8:443", expect: drop, by: TABLE/away}
  - {from: app, to: "tcp://10.9.9.9:443", expect: deny, by: NSG/denyalloutbound}
  - {from: app, to: "tcp://10.9.9.9:443", expect: deny, by: SPOKE/HUB}
)";

TEST(Names, AreFoundInAnyCase) {
  const Loaded loaded = load_text(kLab);
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  EXPECT_TRUE(loaded.lab->sites.contains("aPP"));
  EXPECT_NE(loaded.lab->find({"HUB", "machines"}), nullptr);
}

TEST(Names, StandInReferencesAsTheyWereDeclared) {
  const Loaded loaded = load_text(kLab);
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  const Lab& lab = *loaded.lab;
  EXPECT_EQ(lab.virtual_networks.at("Hub").virtual_network_peerings.begin()->first, "spoke");
  EXPECT_EQ(lab.virtual_networks.at("spoke").virtual_network_peerings.begin()->first, "Hub");
  const Subnet& apps = lab.virtual_networks.at("spoke").subnets.at("apps");
  EXPECT_EQ(apps.network_security_group, "nsg");
  EXPECT_EQ(apps.route_table, "table");
  EXPECT_EQ(lab.sites.at("App").server_farm, "Plan");
  EXPECT_EQ(lab.sites.at("App").virtual_network_subnet, (SubnetRef{"spoke", "apps"}));
  EXPECT_EQ(lab.hosts.at("machine").subnet, (SubnetRef{"Hub", "Machines"}));
  EXPECT_THAT(lab.hosts.at("machine").application_security_groups, testing::ElementsAre("Web"));
  EXPECT_THAT(lab.network_security_groups.at("nsg")
                  .security_rules.at("Web-Out")
                  .destination.application_security_groups,
              testing::ElementsAre("Web"));
}

TEST(Names, StandInExpectationsAsTheyWereDeclared) {
  const Loaded loaded = load_text(kLab);
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  std::vector<std::string> deciders;
  for (const Expectation& expectation : loaded.lab->expectations) {
    EXPECT_EQ(expectation.from, "App");
    deciders.push_back(expectation.by.value_or(""));
  }
  EXPECT_THAT(deciders, testing::ElementsAre("nsg/Web-Out", "table/Away", "nsg/DenyAllOutBound",
                                             "spoke/Hub"));
}

TEST(Names, ThatDifferOnlyInCaseAreRefusedWithBothSpellingsAndPlaces) {
  const Loaded loaded = load_text(
      "hosts:\n  Sql: {internet: true, ipAddress: 20.1.1.1}\n"
      "  SQL: {internet: true, ipAddress: 20.1.1.2}\n");
  EXPECT_EQ(errors_of(loaded),
            "lab.yaml:3:3: error: hosts.SQL: 'SQL' and 'Sql' in line 2 differ only in case, which "
            "Azure ignores\n");
}

TEST(Names, OfAppSettingsDifferInCase) {
  const Loaded loaded = load_text(
      "outboundIpAddresses: [20.50.1.4]\nserverFarms: {p: {}}\n"
      "sites: {a: {serverFarm: p, appSettings: {PATH: x, Path: y}}}\n");
  ASSERT_TRUE(loaded.lab) << errors_of(loaded);
  EXPECT_EQ(loaded.lab->sites.at("a").app_settings.size(), 2U);
}

TEST(Names, OfPeeringsAreFoundInTheFileInTheSpellingThatStandsThere) {
  const Loaded loaded = load_text(
      "virtualNetworks:\n"
      "  a:\n    addressPrefixes: [10.0.0.0/16]\n    virtualNetworkPeerings:\n      B: {}\n"
      "  b: {addressPrefixes: [10.1.0.0/16]}\n");
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_EQ(loaded.findings.front().code, "peering-initiated");
  EXPECT_EQ(loaded.findings.front().line, 5);
}

}  // namespace
}  // namespace egress::lab
