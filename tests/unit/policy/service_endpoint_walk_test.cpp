// SPDX-License-Identifier: MIT
// Flows by service endpoint, and what services make of them.
#include "policy/walk.hpp"
#include "tests/unit/policy/lab_builder.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Path;
using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;

// An app with the service endpoint of Storage, and an account in another region that lets in
// nobody but whom its rules name.
lab::Lab endpoint_lab() {
  lab::Lab lab;
  lab.outbound_ip_addresses = {ip("20.50.1.4")};
  tag_file(lab, {{"Storage", {"20.60.0.0/16"}},
                 {"Storage.WestEurope", {"20.60.222.0/23"}},
                 {"Storage.NorthEurope", {"20.60.40.0/23"}}});
  vnet(lab, "v", {"10.1.0.0/16"});
  lab::Subnet& apps = subnet(lab, "v/apps", "10.1.1.0/26");
  apps.delegations = {"Microsoft.Web/serverFarms"};
  apps.service_endpoints = {{.service = "Microsoft.Storage"}};
  subnet(lab, "v/appliances", "10.1.9.0/24");
  app(lab, "web", "v/apps");
  lab::Service& account = service(lab, "files", "Microsoft.Storage/storageAccounts", "20.60.40.4");
  account.location = "northeurope";
  account.network_acls = lab::NetworkAcls{.default_action = Access::kDeny};
  return lab;
}

lab::NetworkAcls& acls(lab::Lab& lab) {
  return *lab.services["files"].network_acls;
}

TEST(ServiceEndpointWalk, LeavesWithThePrivateAddress) {
  const Explanation got = explain(endpoint_lab(), "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(decision(got), "Allow by route serviceEndpoints/Microsoft.Storage");
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.path, Path::kVirtualNetwork);
  EXPECT_EQ(got.next_hop->type, "VirtualNetworkServiceEndpoint");
  EXPECT_EQ(got.host, "files");
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

// azure-facts 1.1.4
TEST(ServiceEndpointWalk, TakesItsPrefixesIntoTheNetworkWithRoutingOff) {
  lab::Lab lab = endpoint_lab();
  EXPECT_EQ(explain(lab, "web", "tcp://20.60.40.9:443").path, Path::kVirtualNetwork);
  EXPECT_EQ(explain(lab, "web", "tcp://20.60.50.9:443").path, Path::kDirect);
  // Those of the integration subnet, and of no other.
  lab.virtual_networks["v"].subnets["appliances"].service_endpoints = {
      {.service = "Microsoft.Storage.Global"}};
  EXPECT_EQ(explain(lab, "web", "tcp://20.60.50.9:443").path, Path::kDirect);
}

TEST(ServiceEndpointWalk, ServiceKnowsTheSubnet) {
  lab::Lab lab = endpoint_lab();
  Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  ASSERT_TRUE(got.service);
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.service->access, Access::kDeny);
  EXPECT_EQ(got.service->code, "AuthorizationFailure");
  EXPECT_EQ(got.steps.back().stage, Stage::kService);
  EXPECT_EQ(got.steps.back().result, "Deny");
  acls(lab).virtual_network_rules = {subnet_ref("v/apps")};
  got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.service->access, Access::kAllow);
  lab.services["files"].public_network_access = lab::PublicNetworkAccess::kDisabled;
  got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.service->access, Access::kDeny);
}

// azure-facts 1.4.7: what an endpoint does to accounts that are open to the app's public address.
TEST(ServiceEndpointWalk, TakesThePublicAddressFromIpRules) {
  lab::Lab lab = endpoint_lab();
  acls(lab).ip_rules = {prefix("20.50.1.4/32")};
  EXPECT_EQ(explain(lab, "web", "tcp://20.60.40.4:443").service->access, Access::kDeny);
  lab.virtual_networks["v"].subnets["apps"].service_endpoints.clear();
  const Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.service->access, Access::kAllow);
  EXPECT_EQ(got.source, ip("20.50.1.4"));
}

TEST(ServiceEndpointWalk, ReachesMachinesThatStandForServices) {
  lab::Lab lab = endpoint_lab();
  internet_host(lab, "account", "20.60.40.5", {"tcp/443"});
  const Explanation got = explain(lab, "web", "tcp://20.60.40.5:443");
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.service, std::nullopt);
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.40.6:443")),
            "NoRoute by destination 20.60.40.6");
}

TEST(ServiceEndpointWalk, NeedsTheSubnetsPermission) {
  lab::Lab lab = endpoint_lab();
  lab.virtual_networks["v"].subnets["apps"].network_security_group = "nsg";
  deny(lab, "nsg/no-storage", 100, lab::Direction::kOutbound,
       {.destination = "Storage.NorthEurope"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.40.4:443")),
            "Deny by networkSecurityGroup nsg/no-storage");
}

// Contract "Decided" 12.
TEST(ServiceEndpointWalk, ItsPrefixesStayInTheInternet) {
  lab::Lab lab = endpoint_lab();
  lab.virtual_networks["v"].subnets["apps"].network_security_group = "nsg";
  deny(lab, "nsg/network", 100, lab::Direction::kOutbound, {.destination = "VirtualNetwork"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.40.4:443")),
            "Allow by networkSecurityGroup nsg/AllowInternetOutBound");
}

// azure-facts 1.4.9: a default route is shorter than any of its prefixes.
TEST(ServiceEndpointWalk, PassesAForcedTunnelBy) {
  lab::Lab lab = endpoint_lab();
  route_all(lab.sites["web"]);
  lab.virtual_networks["v"].subnets["apps"].route_table = "forced";
  route(lab, "forced/all", "0.0.0.0/0", "10.1.9.4");
  appliance(lab, "nva", "v/appliances", "10.1.9.4").masquerade = ip("20.1.1.1");
  internet_host(lab, "site", "203.0.113.9", {"tcp/443"});
  EXPECT_EQ(explain(lab, "web", "tcp://20.60.40.4:443").source, ip("10.1.1.4"));
  EXPECT_EQ(explain(lab, "web", "tcp://203.0.113.9:443").source, ip("20.1.1.1"));
}

TEST(ServiceEndpointWalk, ClosedPortAsksNoFirewall) {
  const Explanation got = explain(endpoint_lab(), "web", "tcp://20.60.40.4:22");
  EXPECT_TRUE(got.refused);
  EXPECT_EQ(got.service, std::nullopt);
  EXPECT_EQ(explain(endpoint_lab(), "web", "icmp://20.60.40.4").service, std::nullopt);
}

// The endpoint is the appliance's subnet's here.
lab::Lab appliance_lab() {
  lab::Lab lab = endpoint_lab();
  lab::VirtualNetwork& v = lab.virtual_networks["v"];
  v.subnets["appliances"].service_endpoints = v.subnets["apps"].service_endpoints;
  v.subnets["apps"].route_table = "t";
  route(lab, "t/storage", "20.60.40.0/23", "10.1.9.4");
  appliance(lab, "nva", "v/appliances", "10.1.9.4");
  return lab;
}

// Contract "Decided" 27.
TEST(ServiceEndpointWalk, TakesNothingFromAnApplianceButItsOwn) {
  lab::Lab lab = appliance_lab();
  Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(decision(got), "Drop by serviceEndpoint serviceEndpoints/Microsoft.Storage");
  lab.hosts["nva"].masquerade = ip("20.1.1.1");
  acls(lab).virtual_network_rules = {subnet_ref("v/appliances")};
  got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(decision(got), "Allow by route t/storage");
  EXPECT_EQ(got.source, ip("10.1.9.4"));
  EXPECT_EQ(got.service->access, Access::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_THAT(got.steps[got.steps.size() - 2].reason,
              HasSubstr("by the service endpoint it sees 10.1.9.4 of v/appliances"));
}

TEST(ServiceEndpointWalk, AnswerIsLostBehindAnApplianceThatDoesNotLeadBack) {
  lab::Lab lab = appliance_lab();
  lab.hosts["nva"].masquerade = ip("20.1.1.1");
  lab.virtual_networks["v"].subnets["appliances"].route_table = "back";
  route(lab, "back/off", "10.1.1.0/26", "None");
  const Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kDrop);
}

// azure-facts 1.3.8; contract "Decided" 25.
TEST(ServiceWalk, StorageOfTheAppsRegionSeesThePlatform) {
  lab::Lab lab = endpoint_lab();
  lab.virtual_networks["v"].subnets["apps"].service_endpoints.clear();
  acls(lab).ip_rules = {prefix("20.50.1.4/32")};
  lab.services["files"].location = lab.location;
  const Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.source, std::nullopt);
  EXPECT_EQ(got.service->access, Access::kDeny);
  // An appliance's public address is none of App Service's.
  lab.virtual_networks["v"].subnets["apps"].route_table = "t";
  route_all(lab.sites["web"]);
  route(lab, "t/all", "0.0.0.0/0", "10.1.9.4");
  appliance(lab, "nva", "v/appliances", "10.1.9.4").masquerade = ip("40.1.1.1");
  acls(lab).ip_rules = {prefix("40.1.1.1/32")};
  const Explanation by_appliance = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(by_appliance.source, ip("40.1.1.1"));
  EXPECT_EQ(by_appliance.service->access, Access::kAllow);
}

TEST(ServiceWalk, FrontEndHandsRequestsToItsSite) {
  lab::Lab lab = endpoint_lab();
  app(lab, "api", "").inbound_ip_address = ip("20.105.1.1");
  lab.sites["api"].app_settings["WEBSITES_PORT"] = "8080";
  Explanation got = explain(lab, "web", "tcp://20.105.1.1:443");
  EXPECT_EQ(got.host, "api");
  EXPECT_TRUE(got.answer_unknown);
  EXPECT_EQ(got.service->access, Access::kAllow);
  EXPECT_THAT(got.steps.back().reason, HasSubstr("to api on port 8080"));
  EXPECT_TRUE(explain(lab, "web", "tcp://20.105.1.1:8080").refused);
  lab.sites["api"].public_network_access = lab::PublicNetworkAccess::kDisabled;
  got = explain(lab, "web", "tcp://20.105.1.1:443");
  EXPECT_FALSE(got.answer_unknown);
  EXPECT_EQ(got.service->code, "Ip Forbidden");
}

}  // namespace
}  // namespace egress::policy::test
