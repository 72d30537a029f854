// SPDX-License-Identifier: MIT

// What files say about subscriptions, NAT gateways and the platform's part, as it stands in a Lab,
// and that it is written as it was read.

#include <gmock/gmock.h>

#include <functional>

#include "lab/document.hpp"
#include "lab/edit.hpp"
#include "lab/validate.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing::ElementsAre;
using testing_support::ip;
using testing_support::prefix;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
subscriptions:
  production: {quotaId: EnterpriseAgreement_2014-09-01, registeredProviders: [Microsoft.Web, Microsoft.Network]}
  network: {quotaId: PayAsYouGo_2014-09-01, registeredProviders: [Microsoft.Network, Microsoft.Web]}
subscription: PRODUCTION
publicIPAddresses:
  pip-nat: {ipAddress: 20.61.7.1}
natGateways:
  nat: {publicIpAddresses: [PIP-nat], publicIpPrefixes: [20.61.8.0/30], idleTimeoutInMinutes: 10, sku: standardv2}
snatPorts: {preallocated: 64}
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subscription: Network
    flowTimeoutInMinutes: 30
    subnets:
      integration: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], natGateway: NAT}
  other: {addressPrefixes: [10.2.0.0/16]}
networkSecurityGroups:
  nsg: {flushConnection: true, securityRules: {}}
services:
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74, subscription: network, secrets: {tls: {value: "0123"}}}
serverFarms:
  plan: {subscription: network}
sites:
  web:
    serverFarm: plan
    subscription: network
    virtualNetworkSubnet: spoke/integration
    identity: {type: "systemassigned, USERASSIGNED"}
    vnetPrivatePortsCount: 2
    backup:
      storageAccountUrl: https://files.blob.core.windows.net/backups?sig=x
      databases: [{databaseType: sqlazure, name: db}, {databaseType: MySql}]
    logs:
      applicationLogs: {azureBlobStorage: {sasUrl: "https://files.blob.core.windows.net/logs?sig=x"}}
      httpLogs: {}
certificates:
  www: {keyVault: KEYS, keyVaultSecretName: TLS}
)";

Lab lab_of_file() {
  return testing_support::lab_from(kLab);
}

TEST(ExitsAndPlatform, AreUnderstood) {
  const Lab lab = lab_of_file();
  EXPECT_EQ(lab.subscription, "production");
  EXPECT_EQ(lab.subscriptions.at("network"),
            (Subscription{"PayAsYouGo_2014-09-01", {"Microsoft.Network", "Microsoft.Web"}}));
  EXPECT_EQ(lab.nat_gateways.at("nat"),
            (NatGateway{{"pip-nat"}, {prefix("20.61.8.0/30")}, 10, "StandardV2"}));
  EXPECT_EQ(lab.snat_ports, (SnatPorts{64, 0}));
  const VirtualNetwork& spoke = lab.virtual_networks.at("spoke");
  EXPECT_EQ(spoke.subscription, "network");
  EXPECT_EQ(spoke.flow_timeout_in_minutes, 30);
  EXPECT_EQ(spoke.subnets.at("integration").nat_gateway, "nat");
  EXPECT_TRUE(lab.network_security_groups.at("nsg").flush_connection);
  EXPECT_EQ(lab.services.at("keys").secrets.at("TLS").value, "0123");
  EXPECT_EQ(lab.services.at("keys").subscription, "network");
  EXPECT_EQ(lab.server_farms.at("plan").subscription, "network");
  EXPECT_EQ(lab.certificates.at("www"), (Certificate{"keys", "tls"}));
}

TEST(ExitsAndPlatform, OfASiteAreUnderstood) {
  const Lab lab = lab_of_file();
  const Site& web = lab.sites.at("web");
  EXPECT_EQ(web.subscription, "network");
  EXPECT_EQ(web.identity, IdentityType::kSystemAssignedUserAssigned);
  EXPECT_EQ(web.vnet_private_ports_count, 2);
  EXPECT_EQ(web.backup, (Backup{"https://files.blob.core.windows.net/backups?sig=x",
                                {{"SqlAzure", "db"}, {"MySql", ""}}}));
  EXPECT_EQ(web.logs, (SiteLogs{.application_logs =
                                    BlobLogs{"https://files.blob.core.windows.net/logs?sig=x"}}));
}

TEST(ExitsAndPlatform, AreWrittenAsTheyWereRead) {
  const Lab lab = lab_of_file();
  const std::string text = write(lab).value();
  const Loaded again = load_text(text);
  ASSERT_TRUE(again.lab) << errors_of(again);
  EXPECT_TRUE(*again.lab == lab);
  EXPECT_EQ(write(*again.lab).value(), text);
}

TEST(ExitsAndPlatform, ThatFilesNeedNotSayAreNotWritten) {
  Lab lab{.outbound_ip_addresses = {ip("20.50.1.4")}};
  lab.server_farms["p"];
  lab.sites["a"].server_farm = "p";
  lab.subscriptions["s"];
  const Document document = document_of(lab);
  EXPECT_EQ(document.at("sites").at("a"), Document::parse(R"({"serverFarm": "p"})"));
  EXPECT_EQ(document.at("subscriptions").at("s"), Document::object());
  EXPECT_FALSE(document.contains("snatPorts"));
}

TEST(ExitsAndPlatform, ThatAreNotPlainAreNoLabOfAFile) {
  const auto path_of = [](const std::function<void(Lab&)>& change) {
    Lab lab = lab_of_file();
    change(lab);
    std::string paths;
    for (const Finding& finding : validate(lab)) {
      if (finding.code == "not-canonical") paths += finding.path;
    }
    return paths;
  };
  EXPECT_EQ(path_of([](Lab& lab) { lab.nat_gateways.at("nat").sku = "standard"; }),
            "natGateways.nat");
  EXPECT_EQ(path_of([](Lab& lab) { lab.certificates.at("www").key_vault = "Keys"; }),
            "certificates.www");
  EXPECT_EQ(path_of([](Lab& lab) { lab.subscriptions.at("network").registered_providers = {}; }),
            "subscriptions.network");
  EXPECT_EQ(path_of([](Lab& lab) { lab.sites.at("web").subscription = "NETWORK"; }), "sites.web");
}

TEST(ExitsAndPlatform, AreEdited) {
  const auto edited = [](const Edit& change) {
    const Loaded loaded = edit(lab_of_file(), {change}, no_files);
    EXPECT_EQ(errors_of(loaded), "") << change.path;
    return loaded.lab.value_or(Lab{});
  };
  using Verb = Edit::Verb;
  EXPECT_EQ(edited({Verb::kPut, "snatPorts.bestEffort", "10"}).snat_ports, (SnatPorts{64, 10}));
  EXPECT_EQ(edited({Verb::kPut, "services.keys.secrets.TLS.value", "new"})
                .services.at("keys")
                .secrets.at("tls")
                .value,
            "new");
  EXPECT_EQ(edited({Verb::kDelete, "sites.web.identity", ""}).sites.at("web").identity,
            IdentityType::kNone);
  EXPECT_EQ(edited({Verb::kPut, "sites.web.logs.httpLogs",
                    "{azureBlobStorage: {sasUrl: 'https://a.example/b'}}"})
                .sites.at("web")
                .logs.http_logs->sas_url,
            "https://a.example/b");
  EXPECT_EQ(edited({Verb::kPut, "natGateways.nat.publicIpPrefixes[1]", "20.61.9.0/32"})
                .nat_gateways.at("nat")
                .public_ip_prefixes.size(),
            2U);
}

// Lines of `expectations` in a file; what is wrong with them is told apart from what is not
// emulated.
TEST(ExitsAndPlatform, OfExpectationsAreWrittenAsTheyAreRead) {
  Lab lab{.outbound_ip_addresses = {ip("20.50.1.4")}};
  lab.server_farms["plan"];
  lab.sites["web"].server_farm = "plan";
  lab.expectations = {
      {.from = "web", .to = "icmp://20.1.1.1", .traffic = TrafficClass::kBackupRestore},
      {.from = "web", .startup = true, .running = true},
      {.from = "web", .by = "content-share", .startup = true, .running = false}};
  EXPECT_EQ(document_of(lab).at("expectations"), Document::parse(R"([
    {"from": "web", "to": "icmp://20.1.1.1", "expect": "allow", "traffic": "backup-restore"},
    {"from": "web", "startup": true, "expect": "running"},
    {"from": "web", "startup": true, "expect": "failed", "by": "content-share"}])"));
  for (const Finding& finding : validate(lab)) EXPECT_EQ(finding.code, "not-emulated");
}

TEST(AddressesOf, ANatGatewayAreThoseItListsEachOnce) {
  Lab lab = lab_of_file();
  EXPECT_THAT(addresses_of(lab, lab.nat_gateways.at("nat")),
              ElementsAre(ip("20.61.7.1"), ip("20.61.8.0"), ip("20.61.8.1"), ip("20.61.8.2"),
                          ip("20.61.8.3")));
  EXPECT_THAT(addresses_of(lab, {{"pip-nat"}, {prefix("20.61.7.0/31")}}),
              ElementsAre(ip("20.61.7.1"), ip("20.61.7.0")));
}

TEST(SubscriptionOf, ANetworkIsItsOwnOrTheLabsOrTheDefault) {
  Lab lab = lab_of_file();
  const auto offer = [&](const char* vnet) {
    return subscription_of(lab, lab.virtual_networks.at(vnet)).quota_id;
  };
  EXPECT_EQ(offer("spoke"), "PayAsYouGo_2014-09-01");
  EXPECT_EQ(offer("other"), "EnterpriseAgreement_2014-09-01");
  lab.subscriptions.at("production").quota_id = "MCA-E";
  EXPECT_EQ(offer("other"), "MCA-E");
  lab.subscription.clear();
  EXPECT_EQ(offer("other"), "EnterpriseAgreement_2014-09-01");
}

TEST(SendsMail, WithAnEnterpriseAgreementOrMcaEAlone) {
  for (const char* offer :
       {"EnterpriseAgreement_2014-09-01", "enterpriseagreement", "MCA-E", "mca-e_2020-01-01"}) {
    EXPECT_TRUE(sends_mail({.quota_id = offer})) << offer;
  }
  for (const char* offer : {"", "PayAsYouGo_2014-09-01", "MSDNDevTest_2014-09-01", "MCA",
                            "Enterprise", "FreeTrial_2014-09-01"}) {
    EXPECT_FALSE(sends_mail({.quota_id = offer})) << offer;
  }
}

}  // namespace
}  // namespace egress::lab
