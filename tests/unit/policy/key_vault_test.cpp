// SPDX-License-Identifier: MIT
// What becomes of a Key Vault reference: in public, then through the network (azure-facts 2.2.7;
// contract "Decided" 25).
#include "base/special_ranges.hpp"
#include "lab/flow_url.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Path;
using lab::TrafficClass;
using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kVault = "tcp://shop.vault.azure.net:443";

// An open vault with a private endpoint in the network of one of two apps.
lab::Lab vault_lab() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg}
      endpoints: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups: {nsg: {}}
serverFarms: {plan: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}
  plain: {serverFarm: plan}
services:
  shop: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74, names: [shop.vault.azure.net]}
privateEndpoints:
  pe: {subnet: spoke/endpoints, ipAddress: 10.1.2.4, privateLinkService: shop,
       privateDnsZones: [privatelink.vaultcore.azure.net]}
privateDnsZones: {privatelink.vaultcore.azure.net: {virtualNetworkLinks: {spoke: {}}}}
)");
}

lab::Lab closed_vault_lab() {
  return with(vault_lab(), "services: {shop: {publicNetworkAccess: Disabled}}");
}

Explanation ask(const lab::Lab& lab, const std::string& site, const std::string& url = kVault) {
  return policy::explain(*network_of(lab), {site, 0, TrafficClass::kKeyVault},
                         *lab::parse_flow_target(url), 50000)
      .value();
}

TEST(KeyVault, ThatIsOpenIsAskedInPublicAlone) {
  const Explanation got = ask(vault_lab(), "web");
  EXPECT_EQ(decision(got), "Allow by applicationRouting keyVaultReferences");
  EXPECT_EQ(got.path, Path::kDirect);
  EXPECT_TRUE(got.public_attempt);
  EXPECT_THAT(got.resolution->addresses, ElementsAre(ip("13.69.64.74")));
  EXPECT_EQ(got.source, kKeyVaultAddress);
  EXPECT_EQ(got.sees, "connects");
  EXPECT_EQ(got.resolution->step.where, "web/0 key-vault (public attempt)");
}

TEST(KeyVault, ThatRefusesIsAskedOnceMoreThroughTheNetwork) {
  const Explanation got = ask(closed_vault_lab(), "web");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.path, Path::kVirtualNetwork);
  EXPECT_FALSE(got.public_attempt);
  EXPECT_THAT(got.resolution->addresses, ElementsAre(ip("10.1.2.4")));
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.service->access, Access::kAllow);
  EXPECT_EQ(got.steps.front().stage, Stage::kService);
  EXPECT_EQ(got.steps.front().result, "Deny");
  EXPECT_THAT(got.steps.front().reason, HasSubstr("so the network is tried"));
  EXPECT_EQ(got.steps[1].stage, Stage::kNameResolution);
}

TEST(KeyVault, ThatRefusesAnAppWithoutIntegrationIsNotAskedAgain) {
  const Explanation got = ask(closed_vault_lab(), "plain");
  EXPECT_EQ(got.path, Path::kDirect);
  EXPECT_EQ(got.source, kKeyVaultAddress);
  EXPECT_EQ(got.sees, "403 ForbiddenByFirewall");
}

TEST(KeyVault, IsAskedInOneWayWhateverIsSwitched) {
  for (const char* keys :
       {"{outboundVnetRouting: {allTraffic: true}}", "{outboundVnetRouting: {}}",
        "{vnetRouteAllEnabled: true}", "{appSettings: {WEBSITE_VNET_ROUTE_ALL: '1'}}"}) {
    SCOPED_TRACE(keys);
    const std::string change = std::string("sites: {web: ") + keys + "}";
    EXPECT_EQ(ask(with(vault_lab(), change), "web").path, Path::kDirect);
    EXPECT_EQ(ask(with(closed_vault_lab(), change), "web").path, Path::kVirtualNetwork);
  }
}

TEST(KeyVault, IsAskedASecondTimeAfterARefusalAlone) {
  lab::Lab lab = closed_vault_lab();
  lab.services["shop"].listen = {Port{Protocol::kTcp, 443}};
  const std::pair<const char*, const char*> rows[] = {
      {"tcp://shop.vault.azure.net:8443", "refused at once"},
      {"tcp://nobody.vault.azure.net:443", "NXDOMAIN"},
      {"tcp://13.69.64.75:443", "time-out"},
      {"tcp://10.1.2.4:443", "time-out"},
  };
  for (const auto& [url, sees] : rows) {
    SCOPED_TRACE(url);
    const Explanation got = ask(lab, "web", url);
    EXPECT_TRUE(got.public_attempt);
    EXPECT_EQ(got.sees, sees);
  }
}

TEST(KeyVault, IsAskedThroughTheNetworkByItsRules) {
  lab::Lab lab = closed_vault_lab();
  deny(lab, "nsg/no-vault", 100, lab::Direction::kOutbound, {.destination = "10.1.2.4/32"});
  const Explanation got = ask(lab, "web");
  EXPECT_EQ(decision(got), "Deny by networkSecurityGroup nsg/no-vault");
  EXPECT_EQ(got.sees, "time-out");
}

// azure-facts 1.3.10
TEST(KeyVault, LetsTheAppsOutboundAddressesInWithoutTheReferences) {
  const lab::Lab lab = with(vault_lab(), R"(
services: {shop: {networkAcls: {defaultAction: Deny, ipRules: [20.50.1.4]}}}
)");
  EXPECT_EQ(explain(lab, "plain", kVault).service->access, Access::kAllow);
  EXPECT_EQ(ask(lab, "plain").service->access, Access::kDeny);
}

TEST(KeyVault, EachAttemptIsExplainedByItself) {
  const auto network = network_of(closed_vault_lab());
  const auto attempt = [&](const char* site, TrafficClass traffic, bool in_public) {
    return explain_attempt(*network, {site, 0, traffic}, in_public, *lab::parse_flow_target(kVault),
                           50000)
        .value();
  };
  const Explanation first = attempt("web", TrafficClass::kKeyVault, true);
  EXPECT_TRUE(first.public_attempt);
  EXPECT_EQ(first.service->access, Access::kDeny);
  const Explanation second = attempt("web", TrafficClass::kKeyVault, false);
  EXPECT_FALSE(second.public_attempt);
  EXPECT_EQ(second.steps.front().stage, Stage::kNameResolution);
  EXPECT_EQ(second.service->access, Access::kAllow);
  EXPECT_FALSE(attempt("plain", TrafficClass::kKeyVault, true).public_attempt);
  EXPECT_FALSE(attempt("web", TrafficClass::kApplication, true).public_attempt);
}

}  // namespace
}  // namespace egress::policy::test
