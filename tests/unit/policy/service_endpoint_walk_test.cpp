// SPDX-License-Identifier: MIT
// Flows by service endpoint, and what services make of them.
#include "policy/walk.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Path;
using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;

// An app with the service endpoint of Storage, an account in another region that lets in nobody but
// whom its rules name, and an appliance that nothing leads to.
lab::Lab endpoint_lab() {
  lab::Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             serviceEndpoints: [Microsoft.Storage]}
      appliances: {addressPrefix: 10.1.9.0/24}
serverFarms: {plan: {}, other: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps}}
hosts: {nva: {subnet: v/appliances, ipAddress: 10.1.9.4, enableIPForwarding: true}}
services:
  files: {type: Microsoft.Storage/storageAccounts, location: northeurope, ipAddress: 20.60.40.4,
          networkAcls: {defaultAction: Deny}}
)");
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}},
                                   {"Storage.WestEurope", {"20.60.222.0/23"}},
                                   {"Storage.NorthEurope", {"20.60.40.0/23"}}});
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
  subnet(lab, "v/appliances").service_endpoints = {{.service = "Microsoft.Storage.Global"}};
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
  acls(lab).virtual_network_rules = {{"v", "apps"}};
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
  subnet(lab, "v/apps").service_endpoints.clear();
  const Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.service->access, Access::kAllow);
  EXPECT_EQ(got.source, ip("20.50.1.4"));
}

TEST(ServiceEndpointWalk, ReachesMachinesThatStandForServices) {
  const lab::Lab lab = with(endpoint_lab(), R"(
hosts: {account: {internet: true, ipAddress: 20.60.40.5, listen: [tcp/443]}}
)");
  const Explanation got = explain(lab, "web", "tcp://20.60.40.5:443");
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.service, std::nullopt);
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.40.6:443")),
            "NoRoute by destination 20.60.40.6");
}

TEST(ServiceEndpointWalk, NeedsTheSubnetsPermission) {
  lab::Lab lab = endpoint_lab();
  subnet(lab, "v/apps").network_security_group = "nsg";
  deny(lab, "nsg/no-storage", 100, lab::Direction::kOutbound,
       {.destination = "Storage.NorthEurope"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.40.4:443")),
            "Deny by networkSecurityGroup nsg/no-storage");
}

// Contract "Decided" 12.
TEST(ServiceEndpointWalk, ItsPrefixesStayInTheInternet) {
  lab::Lab lab = endpoint_lab();
  subnet(lab, "v/apps").network_security_group = "nsg";
  deny(lab, "nsg/network", 100, lab::Direction::kOutbound, {.destination = "VirtualNetwork"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.40.4:443")),
            "Allow by networkSecurityGroup nsg/AllowInternetOutBound");
}

// azure-facts 1.4.9: a default route is shorter than any of its prefixes.
TEST(ServiceEndpointWalk, PassesAForcedTunnelBy) {
  lab::Lab lab = with(endpoint_lab(), R"(
sites: {web: {outboundVnetRouting: {applicationTraffic: true}}}
hosts:
  nva: {masquerade: 20.1.1.1}
  site: {internet: true, ipAddress: 203.0.113.9, listen: [tcp/443]}
)");
  subnet(lab, "v/apps").route_table = "forced";
  route(lab, "forced/all", "0.0.0.0/0", "10.1.9.4");
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
  subnet(lab, "v/appliances").service_endpoints = subnet(lab, "v/apps").service_endpoints;
  subnet(lab, "v/apps").route_table = "t";
  route(lab, "t/storage", "20.60.40.0/23", "10.1.9.4");
  return lab;
}

// Contract "Decided" 27.
TEST(ServiceEndpointWalk, TakesNothingFromAnApplianceButItsOwn) {
  lab::Lab lab = appliance_lab();
  Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(decision(got), "Drop by serviceEndpoint serviceEndpoints/Microsoft.Storage");
  lab.hosts["nva"].masquerade = ip("20.1.1.1");
  acls(lab).virtual_network_rules = {{"v", "appliances"}};
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
  subnet(lab, "v/appliances").route_table = "back";
  route(lab, "back/off", "10.1.1.0/26", "None");
  const Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kDrop);
}

// azure-facts 1.3.8; contract "Decided" 25.
TEST(ServiceWalk, StorageOfTheAppsRegionSeesThePlatform) {
  lab::Lab lab = endpoint_lab();
  subnet(lab, "v/apps").service_endpoints.clear();
  acls(lab).ip_rules = {prefix("20.50.1.4/32")};
  lab.services["files"].location = lab.location;
  const Explanation got = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.source, std::nullopt);
  EXPECT_EQ(got.service->access, Access::kDeny);
  // An appliance's public address is none of App Service's.
  subnet(lab, "v/apps").route_table = "t";
  lab.sites["web"].outbound_vnet_routing = {.application_traffic = true};
  route(lab, "t/all", "0.0.0.0/0", "10.1.9.4");
  lab.hosts["nva"].masquerade = ip("40.1.1.1");
  acls(lab).ip_rules = {prefix("40.1.1.1/32")};
  const Explanation by_appliance = explain(lab, "web", "tcp://20.60.40.4:443");
  EXPECT_EQ(by_appliance.source, ip("40.1.1.1"));
  EXPECT_EQ(by_appliance.service->access, Access::kAllow);
}

TEST(ServiceWalk, FrontEndHandsRequestsToItsSite) {
  lab::Lab lab = with(endpoint_lab(), R"(
sites: {api: {serverFarm: other, inboundIpAddress: 20.105.1.1, appSettings: {WEBSITES_PORT: 8080}}}
)");
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
