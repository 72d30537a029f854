// SPDX-License-Identifier: MIT
#include "policy/narrowing.hpp"

#include <fmt/format.h>

#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Direction;
using testing::IsNull;
using testing::NotNull;

constexpr auto kIn = Direction::kInbound;
constexpr auto kOut = Direction::kOutbound;

// Two networks that are peers, each with a machine; a list in each.
lab::Lab peers() {
  return lab_from(R"(
virtualNetworks:
  a:
    addressPrefixes: [10.1.0.0/16]
    subnets: {one: {addressPrefix: 10.1.1.0/24, networkSecurityGroup: a}}
    virtualNetworkPeerings: {b: {allowForwardedTraffic: true}}
  b:
    addressPrefixes: [10.2.0.0/16]
    subnets: {two: {addressPrefix: 10.2.1.0/24, networkSecurityGroup: b, routeTable: table}}
    virtualNetworkPeerings: {a: {allowForwardedTraffic: true}}
networkSecurityGroups: {a: {}, b: {}, own: {}}
routeTables: {table: {}}
hosts:
  m: {subnet: a/one, ipAddress: 10.1.1.4}
  n: {subnet: b/two, ipAddress: 10.2.1.4}
)");
}

const RuleText kWeb{.protocol = "Tcp", .destination_ports = "80"};

std::shared_ptr<const Network> between(const lab::Lab& from, const lab::Lab& to) {
  const auto before = network_of(from);
  return narrowed(*before, *network_of(to, before.get()));
}

// Whether a list lets TCP to such a port through, with what is in front of it.
bool passes(const std::shared_ptr<const Gate>& gate, uint16_t port) {
  if (gate == nullptr) return true;
  const bool allowed =
      gate->decide(
              {.source = ip("10.1.1.4"), .destination = ip("10.2.1.4"), .destination_port = port})
          .rule.access == Access::kAllow;
  return allowed && passes(gate->before, port);
}

const Network::Subnet& subnet_of(const Network& network, const std::string& name) {
  for (const Network::Subnet& each : network.subnets) {
    if (each.name == name) return each;
  }
  throw std::out_of_range(name);
}

TEST(Narrowing, IsNotNeededWhereAllGetsStricterOrAllGetsLooser) {
  const lab::Lab open = peers();
  lab::Lab shut = open;
  deny(shut, "a/web", 100, kOut, kWeb);
  deny(shut, "b/web", 100, kIn, kWeb);
  EXPECT_THAT(between(open, shut), IsNull());
  EXPECT_THAT(between(shut, open), IsNull());
  EXPECT_THAT(between(open, open), IsNull());
}

TEST(Narrowing, IsNotNeededWhereOneListTurnsAlone) {
  lab::Lab from = peers();
  lab::Lab to = from;
  deny(from, "a/web", 100, kOut, kWeb);
  deny(to, "a/ssh", 100, kOut, {.destination_ports = "22"});
  EXPECT_THAT(between(from, to), IsNull());
}

TEST(Narrowing, KeepsTheListThatGetsLooserWhereAnotherGetsStricter) {
  lab::Lab from = peers();
  lab::Lab to = from;
  deny(from, "a/web", 100, kOut, kWeb);
  deny(to, "b/web", 100, kIn, kWeb);
  const auto before = network_of(from);
  const auto after = network_of(to, before.get());
  const auto way = narrowed(*before, *after);
  ASSERT_THAT(way, NotNull());
  EXPECT_EQ(subnet_of(*way, "a/one").outbound, subnet_of(*before, "a/one").outbound);
  EXPECT_EQ(subnet_of(*way, "b/two").inbound, subnet_of(*after, "b/two").inbound);
  EXPECT_EQ(subnet_of(*way, "b/two").outbound, subnet_of(*after, "b/two").outbound);
}

TEST(Narrowing, AsksBothListsWhereOneTurnsBothWays) {
  lab::Lab from = peers();
  lab::Lab to = from;
  deny(from, "a/web", 100, kOut, kWeb);
  deny(to, "a/ssh", 100, kOut, {.destination_ports = "22"});
  deny(to, "b/web", 100, kIn, kWeb);
  const auto way = between(from, to);
  ASSERT_THAT(way, NotNull());
  const auto& gate = subnet_of(*way, "a/one").outbound;
  ASSERT_THAT(gate->before, NotNull());
  EXPECT_FALSE(passes(gate, 80));
  EXPECT_FALSE(passes(gate, 22));
  EXPECT_TRUE(passes(gate, 443));
}

TEST(Narrowing, KeepsAListThatIsTakenOff) {
  lab::Lab from = peers();
  lab::Lab to = from;
  from.hosts.at("m").network_security_group = "own";
  deny(to, "b/web", 100, kIn, kWeb);
  subnet(to, "a/one").network_security_group.reset();
  const auto before = network_of(from);
  const auto way = narrowed(*before, *network_of(to, before.get()));
  ASSERT_THAT(way, NotNull());
  EXPECT_EQ(subnet_of(*way, "a/one").outbound, subnet_of(*before, "a/one").outbound);
  EXPECT_EQ(subnet_of(*way, "a/one").inbound, subnet_of(*before, "a/one").inbound);
  EXPECT_THAT(way->interfaces.front().outbound, NotNull());
  EXPECT_THAT(way->interfaces.front().inbound, NotNull());
}

TEST(Narrowing, IsNeededWhereARouteChangesToo) {
  lab::Lab from = peers();
  lab::Lab to = from;
  deny(from, "a/web", 100, kOut, kWeb);
  route(to, "table/nowhere", "10.1.0.0/16", "None");
  EXPECT_THAT(between(from, to), NotNull());
  EXPECT_THAT(between(to, from), IsNull()) << "lists come before routes";
}

TEST(Narrowing, HoldsBackAPeeringsForwardedTraffic) {
  lab::Lab from = peers();
  lab::Lab to = from;
  peering(from, "a", "b").allow_forwarded_traffic = false;
  deny(to, "b/web", 100, kIn, kWeb);
  const auto way = between(from, to);
  ASSERT_THAT(way, NotNull());
  const Network::Vnet& a = way->vnets.at(0);
  EXPECT_FALSE(a.accepts_forwarded_from.at(1));
  EXPECT_TRUE(a.own_of_peers.at(1) == address_set({prefix("10.2.0.0/16")}));
  EXPECT_TRUE(way->vnets.at(1).accepts_forwarded_from.at(0));
  deny(from, "b/web", 100, kIn, kWeb);
  EXPECT_THAT(between(to, from), IsNull()) << "what gets stricter does so at once";
}

TEST(Narrowing, KnowsHowARuleTurnsThatMatchesMoreOrLess) {
  lab::Lab lab = peers();
  const auto list = [&](Access access, const RuleText& text) {
    lab.network_security_groups["a"].security_rules["rule"] = make_rule(100, kOut, access, text);
    return subnet_of(*network_of(lab), "a/one").outbound->rules;
  };
  const RuleText small{.protocol = "Tcp", .destination = "10.2.1.0/24", .destination_ports = "80"};
  RuleText large = small;
  large.destination = "10.2.0.0/16";
  RuleText other = small;
  other.destination = "10.3.0.0/16";
  RuleText any = small;
  any.protocol = "*";
  const Turn looser{.looser = true};
  const Turn stricter{.stricter = true};
  const Turn both{.stricter = true, .looser = true};
  const auto allow_small = list(Access::kAllow, small);
  const auto deny_small = list(Access::kDeny, small);
  EXPECT_EQ(turn(allow_small, allow_small), Turn());
  EXPECT_EQ(turn(allow_small, deny_small), stricter);
  EXPECT_EQ(turn(deny_small, allow_small), looser);
  EXPECT_EQ(turn(allow_small, list(Access::kAllow, large)), looser);
  EXPECT_EQ(turn(list(Access::kAllow, any), allow_small), stricter);
  EXPECT_EQ(turn(deny_small, list(Access::kDeny, large)), stricter);
  EXPECT_EQ(turn(list(Access::kDeny, any), deny_small), looser);
  EXPECT_EQ(turn(allow_small, list(Access::kAllow, other)), both);
}

// Lists of a few rules over a few ports, so that they hide each other.
class RandomLists {
 public:
  std::shared_ptr<const Gate> next() {
    lab::Lab lab = lab_;
    auto& rules = lab.network_security_groups["a"].security_rules;
    for (int i = 0; i < 4; ++i) {
      if (draw(3) == 0) continue;
      const int first = 1 + draw(6);
      const std::string ports = fmt::format("{}-{}", first, first + draw(4));
      rules[fmt::format("rule{}", i)] =
          make_rule(100 + i * 10 + draw(2) * 5, kOut, draw(2) == 0 ? Access::kAllow : Access::kDeny,
                    {.protocol = "Tcp", .destination_ports = ports});
    }
    return subnet_of(*network_of(lab), "a/one").outbound;
  }

 private:
  int draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  std::mt19937 random_{42};
  const lab::Lab lab_ = peers();
};

TEST(Narrowing, NeverTakesALooserListForAStricterOne) {
  RandomLists lists;
  int stricter = 0;
  int looser = 0;
  for (int i = 0; i < 500; ++i) {
    const auto from = lists.next();
    const auto to = lists.next();
    const Turn found = turn(from->rules, to->rules);
    for (uint16_t port = 0; port < 12; ++port) {
      const bool before = passes(from, port);
      const bool after = passes(to, port);
      EXPECT_TRUE(found.looser || before || !after);
      EXPECT_TRUE(found.stricter || after || !before);
    }
    stricter += found.looser ? 0 : 1;
    looser += found.stricter ? 0 : 1;
  }
  EXPECT_GT(stricter, 5);
  EXPECT_GT(looser, 5);
}

}  // namespace
}  // namespace egress::policy::test
