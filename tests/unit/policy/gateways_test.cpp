// SPDX-License-Identifier: MIT
#include "policy/gateways.hpp"

#include <algorithm>

#include "policy/tags.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A hub with a gateway, a spoke that uses it and one that does not.
lab::Lab gateway_lab(const std::string& change = "{}") {
  lab::Lab lab = lab_from(R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      GatewaySubnet: {addressPrefix: 10.0.255.0/27}
      apps: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: t}
    virtualNetworkPeerings: {spoke: {allowGatewayTransit: true}, other: {allowGatewayTransit: true}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets: {apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}}
    virtualNetworkPeerings: {hub: {useRemoteGateways: true}}
  other:
    addressPrefixes: [10.2.0.0/16]
    subnets: {apps: {addressPrefix: 10.2.1.0/26, delegations: [Microsoft.Web/serverFarms]}}
    virtualNetworkPeerings: {hub: {}}
routeTables: {t: {}}
virtualNetworkGateways:
  vpn: {virtualNetwork: hub, connections: {office: {enableBgp: true}, lab: {}}}
onPremises:
  office:
    localNetworkAddressSpace: [192.168.10.0/24]
    advertisedPrefixes: [192.168.0.0/16, 10.1.8.0/24, 51.60.0.0/16]
  lab: {localNetworkAddressSpace: [172.16.5.0/24]}
serverFarms: {plan: {}, plans: {}, more: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: hub/apps}
  far: {serverFarm: plans, virtualNetworkSubnet: spoke/apps}
  out: {serverFarm: more, virtualNetworkSubnet: other/apps}
hosts:
  ledger: {onPremises: office, ipAddress: 192.168.10.5, listen: [tcp/443]}
  lathe: {onPremises: lab, ipAddress: 172.16.5.9, listen: [tcp/443]}
)");
  return with(lab, change);
}

std::vector<std::string> by_gateways(const lab::Lab& lab, const lab::SubnetRef& subnet,
                                     const lab::LearnedRoutes& learned = {}) {
  std::vector<std::string> rows;
  for (const EffectiveRoute& route : EffectiveRoutes(lab, {}, learned).of(subnet)) {
    if (route.source != RouteSource::kVirtualNetworkGateway) continue;
    rows.push_back(std::string(name_of(route.state)) + " " + route.address_prefix.to_string());
  }
  return rows;
}

TEST(GatewayRoutes, AreWhatConnectionsHaveAndTheSystemHasNot) {
  EXPECT_THAT(by_gateways(gateway_lab(), {"hub", "apps"}),
              ElementsAre("Invalid 10.1.8.0/24", "Active 51.60.0.0/16", "Active 172.16.5.0/24",
                          "Active 192.168.0.0/16", "Active 192.168.10.0/24"));
  EXPECT_THAT(by_gateways(gateway_lab(), {"spoke", "apps"}),
              ElementsAre("Invalid 10.1.8.0/24", "Active 51.60.0.0/16", "Active 172.16.5.0/24",
                          "Active 192.168.0.0/16", "Active 192.168.10.0/24"));
  EXPECT_THAT(by_gateways(gateway_lab(), {"other", "apps"}), IsEmpty());
  EXPECT_THAT(by_gateways(gateway_lab(), {"hub", "GatewaySubnet"}), IsEmpty());
}

lab::LearnedRoutes learned(const std::vector<std::string>& prefixes) {
  lab::LearnedRoutes all;
  auto& office = all["vpn"]["office"];
  for (const std::string& each : prefixes) office.push_back({prefix(each)});
  return all;
}

TEST(LearnedRoutes, TakeThePlaceOfWhatIsAdvertised) {
  EXPECT_THAT(
      by_gateways(gateway_lab(), {"hub", "apps"}, learned({"192.168.7.0/24"})),
      ElementsAre("Active 172.16.5.0/24", "Active 192.168.7.0/24", "Active 192.168.10.0/24"));
  EXPECT_THAT(by_gateways(gateway_lab(), {"spoke", "apps"}, learned({})),
              ElementsAre("Active 172.16.5.0/24", "Active 192.168.10.0/24"))
      << "nothing, too";
}

// The system's for networks come before them, its own defaults behind them (azure-facts 5.3).
TEST(LearnedRoutes, HaveTheRankOfGateways) {
  EXPECT_THAT(by_gateways(gateway_lab(), {"hub", "apps"},
                          learned({"0.0.0.0/0", "10.0.1.0/24", "10.0.0.0/8", "172.16.5.0/24"})),
              ElementsAre("Active 0.0.0.0/0", "Active 10.0.0.0/8", "Invalid 10.0.1.0/24",
                          "Active 172.16.5.0/24", "Active 192.168.10.0/24"));
}

TEST(LearnedRoutes, GiveWayToStaticOnesOfOtherConnections) {
  const auto routes = lab::routes_of(gateway_lab(), "vpn", learned({"172.16.5.0/24"}));
  const auto factory = std::find_if(routes.begin(), routes.end(), [](const auto& each) {
    return each.prefix == prefix("172.16.5.0/24");
  });
  ASSERT_NE(factory, routes.end());
  EXPECT_EQ(factory->on_premises, "lab");
}

TEST(LearnedRoutes, AreNothingToConnectionsWithoutBgp) {
  lab::LearnedRoutes all;
  all["vpn"]["lab"] = {{prefix("172.17.0.0/16")}};
  EXPECT_THAT(by_gateways(gateway_lab(), {"hub", "apps"}, all), Not(Contains(HasSubstr("172.17"))));
}

TEST(LearnedRoutes, AreInTheTagAndInTheGatewaysOwnRoutes) {
  const lab::Lab lab = gateway_lab();
  const auto network =
      analyse({.lab = lab, .leases = leases_of(lab), .learned = learned({"192.168.7.0/24"})});
  const auto reaches = [&](const char* address) {
    return network->gateways.at(0).reaches.contains(ip(address).bits);
  };
  EXPECT_TRUE(reaches("192.168.7.1"));
  EXPECT_TRUE(reaches("192.168.10.5"));
  EXPECT_FALSE(reaches("192.168.8.1"));
  const AddressSet tag = on_premises_of(lab, "spoke", learned({"192.168.7.0/24"}));
  EXPECT_TRUE(tag.contains(ip("192.168.7.1").bits));
  EXPECT_FALSE(tag.contains(ip("51.60.0.1").bits));
}

TEST(GatewayRoutes, AreKeptFromSubnetsWhoseTableSaysSo) {
  EXPECT_THAT(by_gateways(gateway_lab("{routeTables: {t: {disableBgpRoutePropagation: true}}}"),
                          {"hub", "apps"}),
              IsEmpty());
}

TEST(GatewayRoutes, GiveWayToUserRoutesAndBeatTheSystemsDefaults) {
  const lab::Lab lab = gateway_lab(R"({
    routeTables: {t: {routes: {r: {addressPrefix: 192.168.0.0/16, nextHopType: None}}}},
    onPremises: {office: {advertisedPrefixes: [0.0.0.0/0, 192.168.0.0/16]}}})");
  EXPECT_THAT(by_gateways(lab, {"hub", "apps"}),
              ElementsAre("Active 0.0.0.0/0", "Active 172.16.5.0/24", "Invalid 192.168.0.0/16",
                          "Active 192.168.10.0/24"));
}

TEST(GatewayRoutes, GiveWayToServiceEndpointsEvenWhereTheyAreLonger) {
  lab::Lab lab = gateway_lab(R"({
    virtualNetworks: {hub: {subnets: {apps: {serviceEndpoints: [Microsoft.Storage]}}}},
    onPremises: {office: {advertisedPrefixes: [20.60.1.0/24]}}})");
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}});
  EXPECT_THAT(by_gateways(lab, {"hub", "apps"}), Contains("Invalid 20.60.1.0/24"));
}

TEST(GatewayTags, HaveWhatIsOnPremises) {
  const lab::Lab lab = gateway_lab("{routeTables: {t: {disableBgpRoutePropagation: true}}}");
  for (const auto& [vnet, has] : {std::pair("hub", true), {"spoke", true}, {"other", false}}) {
    EXPECT_EQ(on_premises_of(lab, vnet).contains(ip("192.168.10.5").bits), has) << vnet;
  }
}

// Public space on-premises is in both tags.
TEST(GatewayTags, LeaveTheInternetWhole) {
  for (const char* tag : {"VirtualNetwork", "Internet"}) {
    const lab::Lab lab = with(gateway_lab(), std::string(R"({
      virtualNetworks: {hub: {subnets: {apps: {networkSecurityGroup: nsg}}}},
      networkSecurityGroups: {nsg: {securityRules: {r: {
        priority: 100, direction: Outbound, access: Deny, protocol: "*", sourceAddressPrefix: "*",
        sourcePortRange: "*", destinationPortRange: "*", destinationAddressPrefix: )") +
                                                 tag + "}}}}}");
    const Explanation explained = explain(lab, "web", "tcp://51.60.1.1:443");
    EXPECT_EQ(explained.path, lab::Path::kDirect) << "public, and routing is off";
    const lab::Lab routed =
        with(lab, "{sites: {web: {outboundVnetRouting: {applicationTraffic: true}}}}");
    EXPECT_EQ(explain(routed, "web", "tcp://51.60.1.1:443").verdict, Verdict::kDeny) << tag;
  }
}

TEST(Gateways, LeadToTheNetworkWithTheLongestPrefix) {
  const lab::Lab lab = with(gateway_lab(), R"({
    onPremises: {lab: {localNetworkAddressSpace: [192.168.10.0/28, 172.16.5.0/24]}}})");
  const Explanation explained = explain(lab, "web", "tcp://192.168.10.5:443");
  EXPECT_EQ(explained.verdict, Verdict::kNoRoute) << "the ledger is in the office";
  EXPECT_EQ(explain(gateway_lab(), "web", "tcp://ledger:443").host, "ledger");
}

TEST(Gateways, AnswerAsTheNetworkOnPremisesHasRoutes) {
  struct Case {
    const char* change;
    bool back;
  };
  for (const auto& [change, back] :
       {Case{"{}", true}, Case{"{onPremises: {office: {returnRoutes: []}}}", false},
        Case{"{onPremises: {office: {returnRoutes: [10.0.0.0/16]}}}", false},
        Case{"{onPremises: {office: {returnRoutes: [10.0.0.0/8]}}}", true},
        Case{"{onPremises: {office: {returnRoutes: [0.0.0.0/0]}}}", true}}) {
    const Explanation explained = explain(gateway_lab(change), "far", "tcp://192.168.10.5:443");
    EXPECT_EQ(explained.verdict, Verdict::kAllow) << change;
    ASSERT_TRUE(explained.reply) << change;
    EXPECT_EQ(explained.reply->verdict == Verdict::kAllow, back) << change;
  }
}

TEST(Gateways, AreNoNextHopOfUserRoutesOverExpressRoute) {
  const char* const kRoute = R"({routeTables: {t: {routes: {
    r: {addressPrefix: 192.168.10.5/32, nextHopType: VirtualNetworkGateway}}}}})";
  EXPECT_EQ(explain(gateway_lab(kRoute), "web", "tcp://192.168.10.5:443").verdict, Verdict::kAllow);
  const lab::Lab circuit =
      with(gateway_lab(kRoute), "{virtualNetworkGateways: {vpn: {gatewayType: ExpressRoute}}}");
  const Explanation explained = explain(circuit, "web", "tcp://192.168.10.5:443");
  EXPECT_EQ(explained.verdict, Verdict::kDrop);
  EXPECT_THAT(explained.steps.back().reason, HasSubstr("no ExpressRoute gateway"));
}

TEST(Gateways, TakeWhatTheirNetworkShowsOnTheInternet) {
  const lab::Lab lab = with(gateway_lab(), R"({
    sites: {web: {outboundVnetRouting: {applicationTraffic: true}}},
    onPremises: {office: {advertisedPrefixes: [0.0.0.0/0], internetAddress: 20.70.9.9}},
    hosts: {pay: {internet: true, ipAddress: 203.0.113.80, listen: [tcp/443]}}})");
  const Explanation explained = explain(lab, "web", "tcp://203.0.113.80:443");
  EXPECT_EQ(explained.source, ip("20.70.9.9"));
  EXPECT_EQ(explained.reply->verdict, Verdict::kAllow);
  EXPECT_EQ(explain(lab, "web", "tcp://10.200.1.1:443").verdict, Verdict::kDrop);
}

}  // namespace
}  // namespace egress::policy::test
