// SPDX-License-Identifier: MIT
#include "policy/application_routing.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

lab::Site integrated() {
  lab::Site site;
  site.virtual_network_subnet = lab::SubnetRef{"spoke", "integration"};
  return site;
}

TEST(ApplicationRouting, IsOffWhenNothingIsSet) {
  const ApplicationRouting routing = application_routing(integrated());
  EXPECT_TRUE(routing.integrated);
  EXPECT_FALSE(routing.all);
  EXPECT_EQ(routing.decided_by, "default");
}

TEST(ApplicationRouting, AppSettingTurnsItOnOnlyWhenOne) {
  lab::Site site = integrated();
  site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
  EXPECT_TRUE(application_routing(site).all);
  EXPECT_EQ(application_routing(site).decided_by, "WEBSITE_VNET_ROUTE_ALL");
  site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "0";
  EXPECT_FALSE(application_routing(site).all);
  EXPECT_EQ(application_routing(site).decided_by, "WEBSITE_VNET_ROUTE_ALL");
}

TEST(ApplicationRouting, LegacyPropertyBeatsAppSetting) {
  lab::Site site = integrated();
  site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
  site.vnet_route_all_enabled = false;
  EXPECT_FALSE(application_routing(site).all);
  EXPECT_EQ(application_routing(site).decided_by, "vnetRouteAllEnabled");
  site.vnet_route_all_enabled = true;
  EXPECT_TRUE(application_routing(site).all);
}

TEST(ApplicationRouting, FlagMissingInThePropertyIsFalse) {
  lab::Site site = integrated();
  site.app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
  site.outbound_vnet_routing = lab::OutboundVnetRouting{.image_pull_traffic = true};
  EXPECT_FALSE(application_routing(site).all);
  EXPECT_EQ(application_routing(site).decided_by, "outboundVnetRouting.applicationTraffic");
}

TEST(ApplicationRouting, AllTrafficBeatsTheFlagOfItsClass) {
  lab::Site site = integrated();
  site.outbound_vnet_routing = lab::OutboundVnetRouting{.all_traffic = true};
  EXPECT_TRUE(application_routing(site).all);
  EXPECT_EQ(application_routing(site).decided_by, "outboundVnetRouting.allTraffic");
}

TEST(ApplicationRouting, MeansNothingWithoutIntegration) {
  lab::Site site;
  site.outbound_vnet_routing = lab::OutboundVnetRouting{.all_traffic = true};
  EXPECT_FALSE(application_routing(site).integrated);
  EXPECT_FALSE(application_routing(site).all);
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
