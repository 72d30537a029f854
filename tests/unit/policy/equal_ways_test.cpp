// SPDX-License-Identifier: MIT
// Prefixes that several connections of a gateway have, and gateways that stand side by side.
#include "policy/equal_ways.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "lab/flow_url.hpp"
#include "policy/gateways.hpp"
#include "policy/tags.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Names = std::vector<std::string>;

TEST(EqualWays, TakeAboutAsManyFlowsEach) {
  for (const Names& ways : {Names{"east", "west"}, Names{"a", "b", "c", "d"}}) {
    std::map<uint32_t, size_t> flows;
    for (uint32_t port = 1; port < 20000; ++port) {
      const Packet packet{.source = ip("10.1.1.4"),
                          .destination = ip("192.168.10.5"),
                          .source_port = static_cast<uint16_t>(port),
                          .destination_port = 443};
      ++flows[preferred_way(ways, way_slot(7, packet))];
    }
    ASSERT_THAT(flows, SizeIs(ways.size()));
    for (const auto& [way, count] : flows) {
      EXPECT_GT(count, 20000 / ways.size() / 2) << ways[way];
      EXPECT_LT(count, 20000 / ways.size() * 2) << ways[way];
    }
  }
}

TEST(EqualWays, LeaveTheirFlowsToTheOthersAndMoveNoMore) {
  const Names all{"a", "b", "c", "d"};
  for (const std::string& leaving : all) {
    Names left = all;
    std::erase(left, leaving);
    size_t moved = 0;
    for (uint32_t slot = 0; slot < kWaySlots; ++slot) {
      const std::string& before = all[preferred_way(all, slot)];
      const std::string& after = left[preferred_way(left, slot)];
      if (before != leaving) {
        EXPECT_EQ(after, before) << slot;
      } else {
        ++moved;
      }
    }
    EXPECT_GT(moved, 0U) << leaving;
  }
}

TEST(EqualWays, LookAtNoPortsWhereThereAreNone) {
  const Packet ping{.protocol = kIcmp, .source = ip("10.1.1.4"), .destination = ip("10.9.9.9")};
  Packet other = ping;
  other.source_port = 7;
  EXPECT_EQ(way_slot(1, ping), way_slot(1, other));
  std::set<uint32_t> slots;
  for (uint32_t seed = 0; seed < 20; ++seed) slots.insert(way_slot(seed, ping));
  EXPECT_GT(slots.size(), 10U);
}

// Two offices with the same addresses, of which one has more.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      GatewaySubnet: {addressPrefix: 10.0.255.0/27}
      apps: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: t}
      machines: {addressPrefix: 10.0.2.0/24}
      endpoints: {addressPrefix: 10.0.3.0/24}
    virtualNetworkPeerings: {spoke: {allowGatewayTransit: true}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets: {apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}}
    virtualNetworkPeerings: {hub: {useRemoteGateways: true}}
routeTables: {t: {}}
services: {store: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.223.4}}
privateEndpoints: {pe: {subnet: hub/endpoints, ipAddress: 10.0.3.4, privateLinkService: store, groupIds: [blob]}}
virtualNetworkGateways:
  vpn: {virtualNetwork: hub, connections: {east: {enableBgp: true}, west: {enableBgp: true}}}
onPremises:
  east:
    localNetworkAddressSpace: [192.168.10.0/24]
    bgpSettings: {asn: 65010, bgpPeeringAddress: 192.168.10.1}
  west:
    localNetworkAddressSpace: [192.168.10.0/24, 172.16.5.0/24]
    bgpSettings: {asn: 65011, bgpPeeringAddress: 192.168.10.2}
serverFarms: {plan: {}, plans: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: hub/apps}
  far: {serverFarm: plans, virtualNetworkSubnet: spoke/apps}
hosts:
  east-ledger: {onPremises: east, ipAddress: 192.168.10.5, listen: [tcp/443, udp/53]}
  west-ledger: {onPremises: west, ipAddress: 192.168.10.5, listen: [tcp/443, udp/53]}
  lathe: {onPremises: west, ipAddress: 172.16.5.9, listen: [tcp/443]}
  server: {subnet: hub/machines, ipAddress: 10.0.2.4, listen: [tcp/443]}
)";

lab::Lab offices(const std::string& change = "{}") {
  return with(lab_from(kLab), change);
}

// And a circuit beside the VPN, to one of them.
lab::Lab both(const std::string& change = "{}") {
  return with(offices(R"({virtualNetworkGateways: {circuit:
      {virtualNetwork: hub, gatewayType: ExpressRoute, connections: {east: {}}}}})"),
              change);
}

// "Active 192.168.10.0/24 gateways/vpn 192.168.10.1"
Names rows(const lab::Lab& lab, const lab::SubnetRef& subnet,
           const lab::LearnedRoutes& learned = {}) {
  Names rows;
  for (const EffectiveRoute& route : EffectiveRoutes(lab, {}, learned).of(subnet)) {
    if (route.source != RouteSource::kVirtualNetworkGateway) continue;
    rows.push_back(fmt::format("{} {} {} {}", name_of(route.state),
                               route.address_prefix.to_string(), route.name,
                               route.next_hop_ip_address->to_string()));
  }
  return rows;
}

Explanation explain_from(const lab::Lab& lab, const Sender& sender, uint16_t source_port,
                         const std::string& url) {
  const auto network = network_of(lab);
  return policy::explain(*network, sender, *lab::parse_flow_target(url), source_port).value();
}

TEST(EqualConnections, AreARowEachByTheirOwnNextHop) {
  for (const lab::SubnetRef& subnet : {lab::SubnetRef{"hub", "apps"}, {"spoke", "apps"}}) {
    EXPECT_THAT(rows(offices(), subnet),
                ElementsAre("Active 172.16.5.0/24 gateways/vpn 192.168.10.2",
                            "Active 192.168.10.0/24 gateways/vpn 192.168.10.1",
                            "Active 192.168.10.0/24 gateways/vpn 192.168.10.2"));
  }
  const lab::Lab nameless = offices("{onPremises: {east: {bgpSettings: null}}}");
  EXPECT_EQ(rows(nameless, {"hub", "apps"}).at(1), "Active 192.168.10.0/24 gateways/vpn 10.0.255.4")
      << "the gateway's own";
}

TEST(EqualConnections, LoseTogetherToAUserRoute) {
  const lab::Lab lab = offices(
      "{routeTables: {t: {routes: {r: {addressPrefix: 192.168.10.0/24, nextHopType: None}}}}}");
  EXPECT_THAT(rows(lab, {"hub", "apps"}),
              ElementsAre("Active 172.16.5.0/24 gateways/vpn 192.168.10.2",
                          "Invalid 192.168.10.0/24 gateways/vpn 192.168.10.1",
                          "Invalid 192.168.10.0/24 gateways/vpn 192.168.10.2"));
  EXPECT_EQ(explain(lab, "web", "tcp://192.168.10.5:443").verdict, Verdict::kDrop);
}

TEST(EqualConnections, TakeEachFlowByItsHash) {
  for (const char* const site : {"web", "far"}) {
    std::set<std::string> hosts;
    for (uint16_t port = 50000; port < 50020; ++port) {
      const Explanation found =
          explain_from(offices(), Sender{.site = site}, port, "tcp://192.168.10.5:443");
      EXPECT_EQ(found.verdict, Verdict::kAllow);
      EXPECT_EQ(found.reply->verdict, Verdict::kAllow);
      const EqualWays& choice = found.equal_ways.at(0);
      EXPECT_EQ(choice.gateway, "gateways/vpn");
      EXPECT_THAT(choice.connections, ElementsAre("east", "west"));
      EXPECT_EQ(found.host, choice.connection + "-ledger");
      EXPECT_EQ(found.next_hop->ip_address,
                ip(choice.connection == "east" ? "192.168.10.1" : "192.168.10.2"));
      EXPECT_TRUE(found.depends_on_ports());
      hosts.insert(found.host);
    }
    EXPECT_THAT(hosts, ElementsAre("east-ledger", "west-ledger"));
  }
}

TEST(EqualConnections, AreSaidToBeAChoice) {
  const Explanation found = explain(offices(), "web", "tcp://192.168.10.5:443");
  const auto step = std::find_if(found.steps.begin(), found.steps.end(),
                                 [](const Step& each) { return each.stage == Stage::kGateway; });
  ASSERT_NE(step, found.steps.end());
  EXPECT_THAT(step->reason, HasSubstr("by the flow's hash one of east, west, which all have "));
  EXPECT_EQ(step->name, "gateways/vpn");
  const Explanation one = explain(offices(), "web", "tcp://172.16.5.9:443");
  EXPECT_THAT(one.equal_ways, IsEmpty());
  EXPECT_FALSE(one.depends_on_ports());
}

TEST(EqualConnections, GiveWayToALongerPrefixOfOne) {
  const lab::Lab lab = offices(
      "{onPremises: {west: {localNetworkAddressSpace: [192.168.10.0/24, 192.168.10.0/28, "
      "172.16.5.0/24]}}}");
  for (uint16_t port = 50000; port < 50010; ++port) {
    EXPECT_EQ(explain_from(lab, Sender{.site = "web"}, port, "tcp://192.168.10.5:443").host,
              "west-ledger");
  }
}

lab::LearnedRoutes learned(uint32_t east, uint32_t west) {
  return {{"vpn",
           {{"east", {{prefix("192.168.77.0/24"), east}}},
            {"west", {{prefix("192.168.77.0/24"), west}}}}}};
}

TEST(EqualConnections, HavePathsOfEqualLengthByBgp) {
  const auto networks = [](const lab::LearnedRoutes& all) {
    Names names;
    for (const lab::GatewayRoute& each : lab::routes_of(offices(), "vpn", all)) {
      if (each.prefix == prefix("192.168.77.0/24")) names.push_back(each.on_premises);
    }
    return names;
  };
  EXPECT_THAT(networks(learned(2, 2)), ElementsAre("east", "west"));
  EXPECT_THAT(networks(learned(2, 3)), ElementsAre("east"));
  EXPECT_THAT(networks(learned(3, 2)), ElementsAre("west"));
  lab::LearnedRoutes over = learned(1, 1);
  over["vpn"]["west"].clear();
  EXPECT_THAT(networks(over), ElementsAre("east")) << "a session that has withdrawn it";
}

TEST(EqualConnections, AreNotEqualWhereOneIsStatic) {
  const auto routes =
      lab::routes_of(offices(), "vpn", {{"vpn", {{"east", {{prefix("172.16.5.0/24"), 1}}}}}});
  const auto found = std::find_if(routes.begin(), routes.end(), [](const auto& each) {
    return each.prefix == prefix("172.16.5.0/24");
  });
  ASSERT_NE(found, routes.end());
  EXPECT_EQ(found->on_premises, "west");
}

// What has begun on-premises is answered as any other flow goes, and the offices are not one.
TEST(EqualConnections, MayAnswerTheOtherNetwork) {
  std::map<Verdict, size_t> answers;
  for (uint16_t port = 50000; port < 50020; ++port) {
    const Explanation found =
        explain_from(offices(), Sender{.host = "east-ledger"}, port, "tcp://10.0.2.4:443");
    EXPECT_EQ(found.verdict, Verdict::kAllow);
    EXPECT_TRUE(found.depends_on_ports());
    ++answers[found.reply->verdict];
    if (found.reply->verdict != Verdict::kAllow) {
      EXPECT_THAT(found.reply->reason, HasSubstr("brings the answer to west, by the flow's hash"));
    }
  }
  EXPECT_THAT(answers, SizeIs(2));
}

TEST(TwoGateways, PreferExpressRouteForEqualPrefixes) {
  EXPECT_THAT(rows(both(), {"spoke", "apps"}),
              ElementsAre("Active 172.16.5.0/24 gateways/vpn 192.168.10.2",
                          "Active 192.168.10.0/24 gateways/circuit 192.168.10.1",
                          "Invalid 192.168.10.0/24 gateways/vpn 192.168.10.1",
                          "Invalid 192.168.10.0/24 gateways/vpn 192.168.10.2"));
  for (const char* const site : {"web", "far"}) {
    const Explanation found = explain(both(), site, "tcp://192.168.10.5:443");
    EXPECT_EQ(found.host, "east-ledger");
    EXPECT_EQ(found.decided_by.name, "gateways/circuit");
    EXPECT_EQ(found.reply->verdict, Verdict::kAllow);
    EXPECT_FALSE(found.depends_on_ports());
    EXPECT_EQ(explain(both(), site, "tcp://172.16.5.9:443").decided_by.name, "gateways/vpn");
  }
}

TEST(TwoGateways, GiveWayToTheLongerPrefixFirst) {
  const lab::Lab lab =
      both("{onPremises: {west: {localNetworkAddressSpace: [192.168.10.0/28, 172.16.5.0/24]}}}");
  EXPECT_EQ(explain(lab, "far", "tcp://192.168.10.5:443").host, "west-ledger");
}

TEST(TwoGateways, HaveAnAddressEach) {
  const auto addresses = [](const lab::Lab& lab) {
    Names all;
    for (const auto& [name, gateway] : lab.virtual_network_gateways) {
      all.push_back(lab::address_of(lab, gateway)->to_string());
    }
    return all;
  };
  EXPECT_THAT(addresses(offices()), ElementsAre("10.0.255.4"));
  EXPECT_THAT(addresses(both()), ElementsAre("10.0.255.5", "10.0.255.4"));
  EXPECT_THAT(addresses(both("{virtualNetworkGateways: {circuit: {bgpSettings: "
                             "{asn: 65515, bgpPeeringAddress: 10.0.255.4}}}}")),
              ElementsAre("10.0.255.4", "10.0.255.5"));
  EXPECT_THAT(addresses(both("{virtualNetworkGateways: {vpn: {bgpSettings: "
                             "{asn: 65515, bgpPeeringAddress: 10.0.255.9}}}}")),
              ElementsAre("10.0.255.4", "10.0.255.9"));
}

TEST(TwoGateways, AreNoNextHopOfUserRoutes) {
  const Explanation found = explain(both(R"({routeTables: {t: {routes: {
      r: {addressPrefix: 172.16.5.0/25, nextHopType: VirtualNetworkGateway}}}}})"),
                                    "web", "tcp://172.16.5.9:443");
  EXPECT_EQ(found.verdict, Verdict::kDrop);
  EXPECT_THAT(found.steps.back().reason, HasSubstr("where VPN and ExpressRoute stand together"));
}

TEST(TwoGateways, AreInTheTagTogether) {
  for (const char* const vnet : {"hub", "spoke"}) {
    const AddressSet tag = on_premises_of(both(), vnet);
    EXPECT_TRUE(tag.contains(ip("192.168.10.5").bits));
    EXPECT_TRUE(tag.contains(ip("172.16.5.9").bits));
  }
}

// The network on-premises prefers ExpressRoute, too, and its answers to what came by VPN go by
// that.
TEST(TwoGateways, BringAnswersByEither) {
  const lab::Lab lab = both(
      "{onPremises: {east: {localNetworkAddressSpace: [192.168.10.0/24], "
      "advertisedPrefixes: [192.168.20.0/24]}, "
      "west: {localNetworkAddressSpace: [172.16.5.0/24]}}, hosts: {"
      "west-ledger: {ipAddress: 172.16.5.10}, "
      "other: {onPremises: east, ipAddress: 192.168.20.5, listen: [tcp/443]}}}");
  const Explanation found = explain(lab, "far", "tcp://192.168.20.5:443");
  EXPECT_EQ(found.decided_by.name, "gateways/vpn");
  EXPECT_EQ(found.reply->verdict, Verdict::kAllow);
  EXPECT_THAT(found.reply->steps.front().name, HasSubstr("gateways/circuit"));
}

TEST(TwoGateways, AnswerForPrivateEndpoints) {
  for (const char* const host : {"east-ledger", "lathe"}) {
    const Explanation found =
        explain_from(both(), Sender{.host = host}, 50000, "tcp://10.0.3.4:443");
    EXPECT_EQ(found.verdict, Verdict::kAllow) << host;
    ASSERT_TRUE(found.reply) << host;
    EXPECT_EQ(found.reply->verdict, Verdict::kAllow) << host;
  }
}

}  // namespace
}  // namespace egress::policy::test
