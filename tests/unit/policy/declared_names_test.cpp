// SPDX-License-Identifier: MIT
#include "policy/declared_names.hpp"

#include <fmt/format.h>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

lab::Lab hub_and_spoke() {
  return lab_from(R"(
virtualNetworks:
  hub: {addressPrefixes: [10.0.0.0/16], subnets: {data: {addressPrefix: 10.0.2.0/24}}}
  spoke: {addressPrefixes: [10.1.0.0/16], subnets: {data: {addressPrefix: 10.1.2.0/24}}}
hosts:
  VM: {subnet: spoke/data, ipAddress: 10.1.2.4}
  server: {subnet: hub/data, ipAddress: 10.0.2.4}
)");
}

// A storage account, with an endpoint for its blobs whose records go to the zone.
lab::Lab with_account() {
  return with(hub_and_spoke(), R"(
services: {store: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.223.4}}
privateDnsZones: {privatelink.blob.core.windows.net: {virtualNetworkLinks: {spoke: {}}}}
privateEndpoints:
  pe: {subnet: spoke/data, privateLinkService: store, groupIds: [blob],
       privateDnsZones: [privatelink.blob.core.windows.net]}
)");
}

// The answer to `network`, or on the Internet for an empty one: "CNAME x A 10.0.0.4",
// "NXDOMAIN".
std::string ask(const lab::Lab& lab, const std::string& network, const std::string& name,
                RecordType type = RecordType::kA,
                const EndpointAddresses& endpoints = {{"pe", ip("10.1.2.9")},
                                                      {"pe2", ip("10.1.2.8")}}) {
  const Names names = names_of(lab, endpoints);
  std::optional<uint32_t> view;
  for (uint32_t i = 0; i < names.views.size(); ++i) {
    if (names.views[i].vnet == network) view = i;
  }
  const NameAnswer got = answer(names, view, name, type);
  if (got.status == NameStatus::kNxDomain && got.records.empty()) return "NXDOMAIN";
  std::string text;
  for (const Record& record : got.records) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : " ", to_text(record.type), data_text(record));
  }
  return got.status == NameStatus::kNxDomain ? text + " NXDOMAIN" : text;
}

TEST(DeclaredNames, MachinesAreInPublicDnsByAllTheirNames) {
  lab::Lab lab = hub_and_spoke();
  lab.hosts["VM"].names = {"DB.corp.internal"};
  for (const char* network : {"spoke", "hub", ""}) {
    EXPECT_EQ(ask(lab, network, "vm"), "A 10.1.2.4");
    EXPECT_EQ(ask(lab, network, "db.corp.internal"), "A 10.1.2.4");
  }
}

TEST(DeclaredNames, PublicRecordsHideTheNamesOfMachines) {
  lab::Lab lab = hub_and_spoke();
  lab.public_dns.record_sets["vm"].a = {ip("203.0.113.1")};
  EXPECT_EQ(ask(lab, "spoke", "vm"), "A 203.0.113.1");
}

TEST(DeclaredNames, MachinesRegisterWhereTheLinkSaysSo) {
  const lab::Lab lab = with(hub_and_spoke(), R"(
privateDnsZones: {corp.test: {virtualNetworkLinks: {hub: {}, spoke: {registrationEnabled: true}}}}
)");
  for (const char* network : {"spoke", "hub"}) {
    EXPECT_EQ(ask(lab, network, "vm.corp.test"), "A 10.1.2.4");
    EXPECT_EQ(ask(lab, network, "server.corp.test"), "NXDOMAIN");
  }
}

TEST(DeclaredNames, ARecordByHandIsNotReplaced) {
  const lab::Lab lab = with(hub_and_spoke(), R"(
privateDnsZones:
  corp.test:
    virtualNetworkLinks: {spoke: {registrationEnabled: true}}
    recordSets: {vm: {TXT: [by hand]}}
)");
  EXPECT_EQ(ask(lab, "spoke", "vm.corp.test"), "");
  EXPECT_EQ(ask(lab, "spoke", "vm.corp.test", RecordType::kTxt), "TXT \"by hand\"");
}

TEST(DeclaredNames, AddressesLeadBackToMachinesOfTheOwnNetwork) {
  lab::Lab lab = hub_and_spoke();
  EXPECT_EQ(ask(lab, "spoke", "vm.internal.cloudapp.net"), "A 10.1.2.4");
  EXPECT_EQ(ask(lab, "hub", "vm.internal.cloudapp.net"), "NXDOMAIN");
  EXPECT_EQ(ask(lab, "spoke", "4.2.1.10.in-addr.arpa", RecordType::kPtr),
            "PTR vm.internal.cloudapp.net");
  EXPECT_EQ(ask(lab, "hub", "4.2.1.10.in-addr.arpa", RecordType::kPtr), "NXDOMAIN");
  lab = with(lab, R"(
privateDnsZones: {corp.test: {virtualNetworkLinks: {spoke: {registrationEnabled: true}}}}
)");
  EXPECT_EQ(ask(lab, "spoke", "4.2.1.10.in-addr.arpa", RecordType::kPtr), "PTR vm.corp.test");
}

TEST(DeclaredNames, RecordsStandUnderTheirZonesNameAndNotUnderItsKey) {
  const lab::Lab lab = with(hub_and_spoke(), R"(
privateDnsZones:
  corp-of-hub:
    zoneName: Corp.test
    virtualNetworkLinks: {hub: {}}
    recordSets: {"@": {A: [10.0.2.1]}}
  corp-of-spoke:
    zoneName: Corp.test
    virtualNetworkLinks: {spoke: {}}
    recordSets: {"@": {A: [10.1.2.1]}, WWW: {CNAME: corp.test}}
)");
  EXPECT_EQ(ask(lab, "hub", "corp.test"), "A 10.0.2.1");
  EXPECT_EQ(ask(lab, "spoke", "www.corp.test"), "CNAME corp.test A 10.1.2.1");
  EXPECT_EQ(ask(lab, "", "corp.test"), "NXDOMAIN");
}

TEST(DeclaredNames, OnlyPrivatelinkZonesRedirect) {
  const Names names = names_of(lab_from("privateDnsZones: {privatelink.test: {}, "
                                        "a.privatelink.test: {}, myprivatelink.test: {}}"),
                               {});
  EXPECT_EQ(names.zones.size(), 3U);
  for (const Names::Zone& zone : names.zones) {
    EXPECT_EQ(zone.privatelink, zone.name != "myprivatelink.test") << zone.name;
  }
}

TEST(DeclaredNames, LinksAreAskedTheLongestZoneFirst) {
  const lab::Lab lab = with(hub_and_spoke(), R"(
privateDnsZones:
  corp.test: {virtualNetworkLinks: {hub: {}}}
  b.a.corp.test: {virtualNetworkLinks: {hub: {}}}
  a.corp.test: {virtualNetworkLinks: {hub: {}}}
)");
  const Names names = names_of(lab, {});
  std::vector<std::string> order;
  for (const Names::Link& link : names.views.at(0).links) {
    order.push_back(names.zones[link.zone].name);
  }
  EXPECT_THAT(order, testing::ElementsAre("b.a.corp.test", "a.corp.test", "corp.test"));
  EXPECT_TRUE(names.views.at(1).links.empty());
}

TEST(DeclaredNames, AServiceWithoutEndpointHasItsPublicNameAlone) {
  lab::Lab lab = with_account();
  lab.private_endpoints.clear();
  EXPECT_EQ(ask(lab, "hub", "store.blob.core.windows.net"), "A 20.60.223.4");
  EXPECT_EQ(ask(lab, "hub", "store.privatelink.blob.core.windows.net"), "NXDOMAIN");
}

TEST(DeclaredNames, ThePublicNameIsAnAliasOnceAnEndpointExistsAnywhere) {
  const std::string beginning = "CNAME store.privatelink.blob.core.windows.net A ";
  EXPECT_EQ(ask(with_account(), "spoke", "store.blob.core.windows.net"), beginning + "10.1.2.9");
  EXPECT_EQ(ask(with_account(), "hub", "store.blob.core.windows.net"), beginning + "20.60.223.4");
  EXPECT_EQ(ask(with_account(), "", "store.blob.core.windows.net"), beginning + "20.60.223.4");
}

TEST(DeclaredNames, AnEndpointOfOneGroupLeavesTheOthersNames) {
  EXPECT_EQ(ask(with_account(), "spoke", "store.file.core.windows.net"), "A 20.60.223.4");
}

TEST(DeclaredNames, AnEndpointKeepsItsRecordsWhateverItsStatus) {
  lab::Lab lab = with_account();
  lab.private_endpoints["pe"].status = lab::EndpointStatus::kRejected;
  EXPECT_EQ(ask(lab, "spoke", "store.privatelink.blob.core.windows.net"), "A 10.1.2.9");
}

TEST(DeclaredNames, EndpointsOfOneNameShareItsRecord) {
  lab::Lab lab = with_account();
  lab.private_endpoints["pe2"] = lab.private_endpoints["pe"];
  EXPECT_EQ(ask(lab, "spoke", "store.privatelink.blob.core.windows.net"), "A 10.1.2.8 A 10.1.2.9");
  lab.private_endpoints["pe2"].private_dns_zones.clear();
  EXPECT_EQ(ask(lab, "spoke", "store.privatelink.blob.core.windows.net"), "A 10.1.2.9");
}

TEST(DeclaredNames, AnEndpointWithoutZoneGroupWritesNothing) {
  lab::Lab lab = with_account();
  lab.private_endpoints["pe"].private_dns_zones.clear();
  EXPECT_EQ(ask(lab, "spoke", "store.blob.core.windows.net"),
            "CNAME store.privatelink.blob.core.windows.net NXDOMAIN");
}

TEST(DeclaredNames, ASiteIsCalledAsAppServiceCallsIt) {
  lab::Lab lab = with(hub_and_spoke(), R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {plan: {}}
sites: {Web: {serverFarm: plan, inboundIpAddress: 20.50.2.4}, silent: {serverFarm: plan}}
)");
  EXPECT_EQ(ask(lab, "spoke", "web.azurewebsites.net"), "A 20.50.2.4");
  EXPECT_EQ(ask(lab, "spoke", "web.scm.azurewebsites.net"), "A 20.50.2.4");
  EXPECT_EQ(ask(lab, "spoke", "silent.azurewebsites.net"), "A 198.51.100.2");
  lab = with(lab, R"(
privateDnsZones: {privatelink.azurewebsites.net: {virtualNetworkLinks: {spoke: {}}}}
privateEndpoints:
  pe: {subnet: spoke/data, privateLinkService: Web, groupIds: [sites],
       privateDnsZones: [privatelink.azurewebsites.net]}
)");
  EXPECT_EQ(ask(lab, "spoke", "web.azurewebsites.net"),
            "CNAME web.privatelink.azurewebsites.net A 10.1.2.9");
  EXPECT_EQ(ask(lab, "spoke", "web.scm.azurewebsites.net"),
            "CNAME web.scm.privatelink.azurewebsites.net A 10.1.2.9");
  EXPECT_EQ(ask(lab, "hub", "web.azurewebsites.net"),
            "CNAME web.privatelink.azurewebsites.net A 20.50.2.4");
}

}  // namespace
}  // namespace egress::policy::test
