// SPDX-License-Identifier: MIT
#include "policy/traffic_routing.hpp"

#include <set>

#include "lab/schema/vocabulary.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::TrafficClass;
using Scope = TrafficRouting::Scope;

constexpr TrafficClass kApplication = TrafficClass::kApplication;
constexpr TrafficClass kImagePull = TrafficClass::kImagePull;
constexpr TrafficClass kContentShare = TrafficClass::kContentShare;
constexpr TrafficClass kBackupRestore = TrafficClass::kBackupRestore;
constexpr TrafficClass kManagedIdentity = TrafficClass::kManagedIdentity;
constexpr TrafficClass kKeyVault = TrafficClass::kKeyVault;

lab::Site integrated() {
  lab::Site site;
  site.virtual_network_subnet = lab::SubnetRef{"spoke", "integration"};
  return site;
}

// An integrated site with these keys in the lab file.
lab::Site site_with(const std::string& keys) {
  const lab::Lab lab = lab_from(R"(
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      integration: {addressPrefixes: [10.1.1.0/26], delegations: [Microsoft.Web/serverFarms]}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration, )" +
                                keys + "}}");
  return lab.sites.at("web");
}

struct Decision {
  TrafficClass traffic{};
  const char* keys = "";  // of the site
  Scope scope{};
  const char* decided_by = "";
};

// azure-facts 1.2.1, 2.1; contract "Decided" 8
constexpr Decision kDecisions[] = {
    {kApplication, "", Scope::kPrivate, "default"},
    {kApplication, "appSettings: {WEBSITE_VNET_ROUTE_ALL: '0'}", Scope::kPrivate,
     "WEBSITE_VNET_ROUTE_ALL"},
    {kApplication, "appSettings: {WEBSITE_VNET_ROUTE_ALL: '1'}", Scope::kEverything,
     "WEBSITE_VNET_ROUTE_ALL"},
    {kApplication, "appSettings: {WEBSITE_VNET_ROUTE_ALL: 'yes'}", Scope::kPrivate,
     "WEBSITE_VNET_ROUTE_ALL"},
    {kApplication, "vnetRouteAllEnabled: false, appSettings: {WEBSITE_VNET_ROUTE_ALL: '1'}",
     Scope::kPrivate, "vnetRouteAllEnabled"},
    {kApplication, "vnetRouteAllEnabled: true, appSettings: {WEBSITE_VNET_ROUTE_ALL: '0'}",
     Scope::kEverything, "vnetRouteAllEnabled"},
    {kApplication,
     "outboundVnetRouting: {imagePullTraffic: true}, appSettings: {WEBSITE_VNET_ROUTE_ALL: '1'}",
     Scope::kPrivate, "outboundVnetRouting.applicationTraffic"},
    {kApplication, "outboundVnetRouting: {applicationTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.applicationTraffic"},
    {kApplication, "outboundVnetRouting: {allTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.allTraffic"},
    {kApplication,
     "siteConfig: {vnetRouteAllEnabled: false}, appSettings: {WEBSITE_VNET_ROUTE_ALL: '1'}",
     Scope::kPrivate, "vnetRouteAllEnabled"},
    {kApplication,
     "vnetRouteAllEnabled: true, siteConfig: {appSettings: {WEBSITE_VNET_ROUTE_ALL: '0'}}",
     Scope::kEverything, "vnetRouteAllEnabled"},
    {kApplication, "siteConfig: {appSettings: {WEBSITE_VNET_ROUTE_ALL: '1'}}", Scope::kEverything,
     "WEBSITE_VNET_ROUTE_ALL"},
    {kApplication,
     "siteConfig: {vnetRouteAllEnabled: true}, outboundVnetRouting: {applicationTraffic: true}",
     Scope::kEverything, "outboundVnetRouting.applicationTraffic"},
    {kApplication, "publicNetworkAccess: SecuredByPerimeter", Scope::kEverything,
     "publicNetworkAccess"},
    {kApplication,
     "publicNetworkAccess: SecuredByPerimeter, outboundVnetRouting: {}, appSettings: "
     "{WEBSITE_VNET_ROUTE_ALL: '0'}",
     Scope::kEverything, "publicNetworkAccess"},
    {kApplication, "publicNetworkAccess: Disabled", Scope::kPrivate, "default"},
    {kManagedIdentity, "siteConfig: {publicNetworkAccess: securedbyperimeter}", Scope::kEverything,
     "publicNetworkAccess"},

    {kImagePull, "", Scope::kNothing, "default"},
    {kImagePull, "appSettings: {WEBSITE_PULL_IMAGE_OVER_VNET: 'false'}", Scope::kNothing,
     "WEBSITE_PULL_IMAGE_OVER_VNET"},
    {kImagePull, "appSettings: {WEBSITE_PULL_IMAGE_OVER_VNET: 'true'}", Scope::kEverything,
     "WEBSITE_PULL_IMAGE_OVER_VNET"},
    {kImagePull, "appSettings: {WEBSITE_PULL_IMAGE_OVER_VNET: 'TRUE'}", Scope::kEverything,
     "WEBSITE_PULL_IMAGE_OVER_VNET"},
    {kImagePull, "appSettings: {WEBSITE_PULL_IMAGE_OVER_VNET: '1'}", Scope::kEverything,
     "WEBSITE_PULL_IMAGE_OVER_VNET"},
    {kImagePull, "vnetImagePullEnabled: false, appSettings: {WEBSITE_PULL_IMAGE_OVER_VNET: 'true'}",
     Scope::kNothing, "vnetImagePullEnabled"},
    {kImagePull, "vnetImagePullEnabled: true", Scope::kEverything, "vnetImagePullEnabled"},
    {kImagePull, "outboundVnetRouting: {}, appSettings: {WEBSITE_PULL_IMAGE_OVER_VNET: 'true'}",
     Scope::kNothing, "outboundVnetRouting.imagePullTraffic"},
    {kImagePull, "outboundVnetRouting: {imagePullTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.imagePullTraffic"},
    {kImagePull, "outboundVnetRouting: {allTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.allTraffic"},

    {kContentShare, "", Scope::kNothing, "default"},
    {kContentShare, "appSettings: {WEBSITE_CONTENTOVERVNET: '0'}", Scope::kNothing,
     "WEBSITE_CONTENTOVERVNET"},
    {kContentShare, "appSettings: {WEBSITE_CONTENTOVERVNET: '1'}", Scope::kEverything,
     "WEBSITE_CONTENTOVERVNET"},
    {kContentShare, "vnetContentShareEnabled: false, appSettings: {WEBSITE_CONTENTOVERVNET: '1'}",
     Scope::kNothing, "vnetContentShareEnabled"},
    {kContentShare, "vnetContentShareEnabled: true", Scope::kEverything, "vnetContentShareEnabled"},
    {kContentShare, "outboundVnetRouting: {}, appSettings: {WEBSITE_CONTENTOVERVNET: '1'}",
     Scope::kNothing, "outboundVnetRouting.contentShareTraffic"},
    {kContentShare, "outboundVnetRouting: {contentShareTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.contentShareTraffic"},
    {kContentShare, "outboundVnetRouting: {allTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.allTraffic"},

    {kBackupRestore, "", Scope::kNothing, "default"},
    {kBackupRestore, "vnetBackupRestoreEnabled: false", Scope::kNothing,
     "vnetBackupRestoreEnabled"},
    {kBackupRestore, "vnetBackupRestoreEnabled: true", Scope::kEverything,
     "vnetBackupRestoreEnabled"},
    {kBackupRestore, "outboundVnetRouting: {}", Scope::kNothing,
     "outboundVnetRouting.backupRestoreTraffic"},
    {kBackupRestore, "outboundVnetRouting: {backupRestoreTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.backupRestoreTraffic"},
    {kBackupRestore, "outboundVnetRouting: {allTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.allTraffic"},

    {kManagedIdentity, "", Scope::kNothing, "default"},
    {kManagedIdentity, "outboundVnetRouting: {}", Scope::kNothing,
     "outboundVnetRouting.managedIdentityTraffic"},
    {kManagedIdentity, "outboundVnetRouting: {managedIdentityTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.managedIdentityTraffic"},
    {kManagedIdentity, "outboundVnetRouting: {allTraffic: true}", Scope::kEverything,
     "outboundVnetRouting.allTraffic"},

    {kKeyVault, "", Scope::kEverything, "keyVaultReferences"},
    {kKeyVault, "outboundVnetRouting: {}", Scope::kEverything, "keyVaultReferences"},
    {kKeyVault, "outboundVnetRouting: {allTraffic: true}", Scope::kEverything,
     "keyVaultReferences"},
};

TEST(TrafficRouting, OfEachClassIsDecidedByTheFirstSwitchThatIsThere) {
  for (const Decision& row : kDecisions) {
    SCOPED_TRACE(std::string(lab::name_of(row.traffic)) + ": " + row.keys);
    const TrafficRouting routing = traffic_routing(site_with(row.keys), row.traffic);
    EXPECT_TRUE(routing.integrated);
    EXPECT_EQ(routing.scope, row.scope);
    EXPECT_EQ(routing.decided_by, row.decided_by);
  }
}

// Beside Key Vault references, which nothing switches.
struct Moves {
  const char* keys = "";
  std::set<TrafficClass> classes{};  // that enter as a whole
};

TEST(TrafficRouting, ASwitchMovesItsClassAndNoOther) {
  const Moves rows[] = {
      {"", {}},
      {"outboundVnetRouting: {applicationTraffic: true}", {kApplication}},
      {"outboundVnetRouting: {imagePullTraffic: true}", {kImagePull}},
      {"outboundVnetRouting: {contentShareTraffic: true}", {kContentShare}},
      {"outboundVnetRouting: {backupRestoreTraffic: true}", {kBackupRestore}},
      {"outboundVnetRouting: {managedIdentityTraffic: true}", {kManagedIdentity}},
      {"outboundVnetRouting: {allTraffic: true}",
       {kApplication, kImagePull, kContentShare, kBackupRestore, kManagedIdentity}},
      {"vnetRouteAllEnabled: true", {kApplication}},
      {"vnetImagePullEnabled: true", {kImagePull}},
      {"vnetContentShareEnabled: true", {kContentShare}},
      {"vnetBackupRestoreEnabled: true", {kBackupRestore}},
      {"appSettings: {WEBSITE_VNET_ROUTE_ALL: '1'}", {kApplication}},
      {"appSettings: {WEBSITE_PULL_IMAGE_OVER_VNET: 'true'}", {kImagePull}},
      {"appSettings: {WEBSITE_CONTENTOVERVNET: '1'}", {kContentShare}},
  };
  for (const Moves& row : rows) {
    SCOPED_TRACE(row.keys);
    const lab::Site site = site_with(row.keys);
    std::set<TrafficClass> entering;
    for (const auto& [word, traffic] : lab::traffic_classes()) {
      if (traffic_routing(site, traffic).scope == Scope::kEverything) entering.insert(traffic);
    }
    std::set<TrafficClass> expected = row.classes;
    expected.insert(kKeyVault);
    EXPECT_EQ(entering, expected);
  }
}

TEST(TrafficRouting, EntersNothingWithoutIntegration) {
  lab::Site site;
  site.outbound_vnet_routing = lab::OutboundVnetRouting{.all_traffic = true};
  for (const auto& [word, traffic] : lab::traffic_classes()) {
    SCOPED_TRACE(word);
    EXPECT_FALSE(traffic_routing(site, traffic).integrated);
    EXPECT_EQ(traffic_routing(site, traffic).scope, Scope::kNothing);
  }
}

TEST(VirtualNetworkScope, IsPrivateSpaceAndTheVnetsOwn) {
  const lab::Lab lab =
      lab_from("virtualNetworks: {spoke: {addressPrefixes: [100.64.0.0/16, 10.0.0.0/8]}}");
  EXPECT_THAT(virtual_network_scope(lab, integrated(), {}),
              testing::ElementsAre(prefix("10.0.0.0/8"), prefix("100.64.0.0/16"),
                                   prefix("172.16.0.0/12"), prefix("192.168.0.0/16")));
}

TEST(VirtualNetworkScope, LeavesPeersOut) {
  const lab::Lab lab = lab_from(R"(
virtualNetworks:
  spoke: {addressPrefixes: [10.1.0.0/16], virtualNetworkPeerings: {hub: {}}}
  hub: {addressPrefixes: [100.64.0.0/16], virtualNetworkPeerings: {spoke: {}}}
)");
  EXPECT_THAT(virtual_network_scope(lab, integrated(), {}),
              testing::Not(testing::Contains(prefix("100.64.0.0/16"))));
}

// azure-facts 1.1.4
TEST(VirtualNetworkScope, HasWhatServiceEndpointsLeadTo) {
  const lab::Lab lab = lab_from("virtualNetworks: {spoke: {addressPrefixes: [10.1.0.0/16]}}");
  EXPECT_THAT(
      virtual_network_scope(lab, integrated(), {{prefix("20.60.222.0/23"), "Microsoft.Storage"}}),
      testing::ElementsAre(prefix("10.0.0.0/8"), prefix("10.1.0.0/16"), prefix("20.60.222.0/23"),
                           prefix("172.16.0.0/12"), prefix("192.168.0.0/16")));
}

TEST(VirtualNetworkScope, IsEmptyWithoutIntegration) {
  EXPECT_THAT(virtual_network_scope({}, {}, {}), testing::IsEmpty());
}

}  // namespace
}  // namespace egress::policy::test
