// SPDX-License-Identifier: MIT
// Flows to the front ends of apps.
#include "policy/expectation.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Outcome;
using lab::PublicNetworkAccess;
using lab::Verdict;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An app that is called, which may send nothing, and two that call it.
lab::Lab front_lab() {
  return lab_from(R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      callers: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      shut:
        addressPrefix: 10.1.2.0/26
        delegations: [Microsoft.Web/serverFarms]
        networkSecurityGroup: shut
        routeTable: nowhere
      endpoints: {addressPrefix: 10.1.3.0/24}
networkSecurityGroups:
  shut:
    securityRules:
      nobody: {priority: 100, direction: Outbound, access: Deny, protocol: "*",
               sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
               destinationPortRange: "*"}
routeTables: {nowhere: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: None}}}}
privateEndpoints:
  pe: {subnet: v/endpoints, ipAddress: 10.1.3.4, privateLinkService: api}
privateDnsZones:
  privatelink.azurewebsites.net: {virtualNetworkLinks: {v: {}}}
serverFarms: {plan: {capacity: 2}}
sites:
  api:
    serverFarm: plan
    virtualNetworkSubnet: v/shut
    outboundVnetRouting: {applicationTraffic: true}
    inboundIpAddress: 20.50.2.4
  web: {serverFarm: plan, virtualNetworkSubnet: v/callers}
  outside: {serverFarm: plan}
)");
}

constexpr const char* kPublic = "tcp://20.50.2.4:443";
constexpr const char* kPrivate = "tcp://10.1.3.4:443";

TEST(FrontEndWalk, IsClosedToTheInternetOnceAnEndpointLeadsThereUnlessItSaysOtherwise) {
  struct Case {
    bool endpoint;
    std::optional<PublicNetworkAccess> said;
    Access access;
  };
  for (const Case& each : {Case{false, {}, Access::kAllow}, Case{true, {}, Access::kDeny},
                           Case{true, PublicNetworkAccess::kEnabled, Access::kAllow},
                           Case{false, PublicNetworkAccess::kDisabled, Access::kDeny}}) {
    lab::Lab lab = front_lab();
    if (!each.endpoint) lab.private_endpoints.clear();
    lab.sites["api"].public_network_access = each.said;
    const Explanation got = explain(lab, "outside", kPublic);
    EXPECT_EQ(got.service->access, each.access);
    EXPECT_EQ(got.answer_unknown, each.access == Access::kAllow);
    EXPECT_EQ(got.sees, each.access == Access::kAllow ? "what the program of api answers"
                                                      : "403 Ip Forbidden");
    if (each.endpoint) {
      EXPECT_EQ(explain(lab, "web", kPrivate).service->access, Access::kAllow);
    }
  }
}

// azure-facts 1.1.8
TEST(FrontEndWalk, AnswersMeetNeitherListNorRoutesOfTheAppsSubnet) {
  const Explanation got = explain(front_lab(), "web", kPrivate);
  EXPECT_EQ(decision(got), "Allow by route privateEndpoints/pe");
  EXPECT_EQ(got.host, "api");
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(FrontEndWalk, AnAppThatCallsItsOwnNameReachesItselfWhereTheZoneHasIt) {
  const std::string name = "tcp://api.azurewebsites.net:443";
  lab::Lab lab = front_lab();
  lab.sites["api"].virtual_network_subnet = {{"v", "callers"}};
  EXPECT_EQ(explain(lab, "api", name).verdict, Verdict::kUnresolved);
  lab.private_endpoints["pe"].private_dns_zones = {"privatelink.azurewebsites.net"};
  EXPECT_EQ(explain(lab, "api", name).host, "api");
  EXPECT_EQ(decision(explain(lab, "api", name)), "Allow by route privateEndpoints/pe");
  lab.private_dns_zones["privatelink.azurewebsites.net"].virtual_network_links.clear();
  const Explanation outside = explain(lab, "api", name);
  EXPECT_EQ(outside.source, ip("20.50.1.4"));
  EXPECT_EQ(outside.service->access, Access::kDeny);
}

TEST(FrontEndWalk, HandsRequestsToThePortThatTheSettingNames) {
  for (const auto& [value, port] : std::map<std::string, std::string>{
           {"8080", "8080"}, {"65535", "65535"}, {"0", "80"}, {"65536", "80"}, {"http", "80"}}) {
    lab::Lab lab = front_lab();
    lab.sites["api"].app_settings["WEBSITES_PORT"] = value;
    EXPECT_THAT(explain(lab, "web", kPrivate).steps.back().reason,
                HasSubstr("The front end hands it to api on port " + port + ","))
        << value;
  }
}

TEST(FrontEndWalk, ExpectationsHoldAsFarAsThePlatformGoes) {
  const auto mismatch = [](Outcome wanted) {
    return mismatches({.to = kPrivate, .expect = wanted}, explain(front_lab(), "web", kPrivate));
  };
  EXPECT_THAT(mismatch(Outcome::kAllow), IsEmpty());
  for (const Outcome other : {Outcome::kRefused, Outcome::kForbidden, Outcome::kNoAnswer}) {
    EXPECT_THAT(mismatch(other),
                ElementsAre(AllOf(HasSubstr("reply: expected"),
                                  HasSubstr("got what the program of api answers"))));
  }
}

TEST(FrontEndWalk, PortsOtherThanThoseOfTheWebAreClosed) {
  const Explanation got = explain(front_lab(), "web", "tcp://10.1.3.4:8080");
  EXPECT_TRUE(got.refused);
  EXPECT_FALSE(got.answer_unknown);
  EXPECT_EQ(got.service, std::nullopt);
  EXPECT_EQ(got.sees, "refused at once");
}

}  // namespace
}  // namespace egress::policy::test
