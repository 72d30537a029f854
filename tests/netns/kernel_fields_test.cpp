// SPDX-License-Identifier: MIT
// Every field of every object, written to the real kernel and read back: each alone and all.

#include <functional>
#include <memory>
#include <vector>

#include "tests/netns/linux_fixture.hpp"

namespace egress::kernel_tests {
namespace {

using state::Address;
using state::KernelState;
using state::Link;
using state::Neighbour;
using state::Route;
using state::RouteKind;
using state::Rule;

class KernelFields : public LinuxFixture {
 protected:
  KernelState two_joined() {
    KernelState state;
    state["eg-a"] = state["eg-b"] = plain_netns();
    join(state, "eg-a", "x0", "eg-b", "y0");
    return state;
  }

  // From `base` to each variant and back, then to all of them at once.
  template <typename Object>
  void expect_each_and_all(const KernelState& base,
                           const std::function<Object&(KernelState&)>& object,
                           const std::vector<std::function<void(Object&)>>& variants) {
    KernelState all = base;
    converge(base);
    for (const auto& vary : variants) {
      KernelState one = base;
      vary(object(one));
      vary(object(all));
      ASSERT_NE(one, base) << "a variant that varies nothing proves nothing";
      converge(one);
      EXPECT_EQ(observe(), one);
      converge(base);
      EXPECT_EQ(observe(), base);
    }
    converge(all);
    EXPECT_EQ(observe(), all);
    restart();
    EXPECT_EQ(observe(), all);
  }
};

TEST_F(KernelFields, OfALinkAreWrittenAndReadBack) {
  const auto x0 = [](KernelState& state) -> Link& { return state["eg-a"]->links["x0"]; };
  expect_each_and_all<Link>(
      two_joined(), x0,
      {[](Link& link) { link.mac.octets = {2, 1, 2, 3, 4, 5}; },
       [](Link& link) { link.mtu = 1400; }, [](Link& link) { link.up = false; },
       [](Link& link) { link.forwarding = true; }, [](Link& link) { link.rp_filter = 2; },
       [](Link& link) { link.arp_filter = false; }, [](Link& link) { link.arp = false; },
       [](Link& link) { link.ipv6 = true; }, [](Link& link) { link.alias = "web/0's way out"; }});
}

TEST_F(KernelFields, OfTheFarEndAreThoseOfTheFarEnd) {
  KernelState state = two_joined();
  Link& far = state["eg-b"]->links["y0"];
  far.mtu = 1280;
  far.forwarding = true;
  far.alias = "far";
  converge(state);
  EXPECT_EQ(observe(), state);
}

TEST_F(KernelFields, OfLoopbackAreItsStateAndMtu) {
  const auto lo = [](KernelState& state) -> Link& { return state["eg-a"]->links["lo"]; };
  expect_each_and_all<Link>(
      two_joined(), lo, {[](Link& link) { link.up = false; }, [](Link& link) { link.mtu = 1500; }});
}

// Below 1280 the kernel takes IPv6 off a link together with its IPv6 settings.
TEST_F(KernelFields, OfALinkTooNarrowForIpv6AreWrittenToo) {
  KernelState state = two_joined();
  state["eg-a"]->links["x0"].mtu = 1000;
  state["eg-b"]->links["y0"].mtu = 576;
  state["eg-b"]->links["y0"].forwarding = true;
  converge(state);
  EXPECT_EQ(observe(), state);
}

TEST_F(KernelFields, OfAnAddressAreWrittenAndReadBack) {
  KernelState base = two_joined();
  converge(base);
  for (const Address& address :
       {Address{"x0", ip("10.0.0.1"), 32}, Address{"x0", ip("10.0.0.1"), 24},
        Address{"x0", ip("240.0.0.7"), 32}, Address{"lo", ip("10.0.0.1"), 32}}) {
    KernelState state = base;
    state["eg-a"]->addresses = {address};
    converge(state);
    EXPECT_EQ(observe(), state);
  }
  KernelState all = base;
  all["eg-a"]->addresses = {
      {"x0", ip("10.0.0.1"), 32}, {"x0", ip("10.0.0.2"), 24}, {"lo", ip("10.0.0.3"), 32}};
  converge(all);
  EXPECT_EQ(observe(), all);
}

TEST_F(KernelFields, OfANeighbourAreWrittenAndReadBack) {
  KernelState base = two_joined();
  converge(base);
  for (const Neighbour& neighbour : {Neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 1}}},
                                     Neighbour{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 2}}},
                                     Neighbour{"x0", ip("10.0.0.8"), {{2, 0, 0, 0, 0, 1}}}}) {
    KernelState state = base;
    state["eg-a"]->neighbours = {neighbour};
    converge(state);
    EXPECT_EQ(observe(), state);
  }
}

TEST_F(KernelFields, OfARouteAreWrittenAndReadBack) {
  KernelState base = two_joined();
  base["eg-a"]->addresses = {{"x0", ip("10.0.0.1"), 24}, {"x0", ip("10.1.0.1"), 32}};
  const Route route{.table = 300,
                    .destination = prefix("172.16.0.0/12"),
                    .link = "x0",
                    .gateway = ip("10.0.0.9")};
  const state::RouteKey key = state::key_of(route);
  base["eg-a"]->routes[key] = route;
  const auto the_route = [&](KernelState& state) -> Route& { return state["eg-a"]->routes[key]; };
  expect_each_and_all<Route>(base, the_route,
                             {[](Route& other) { other.protocol = state::RouteProtocol::kBoot; },
                              [](Route& other) { other.gateway = ip("10.0.0.10"); },
                              [](Route& other) {
                                other.gateway = ip("192.0.2.1");
                                other.onlink = true;
                              },
                              [](Route& other) { other.source = ip("10.1.0.1"); },
                              [](Route& other) { other.mtu = 1400; }});
}

TEST_F(KernelFields, OfARouteWithoutAGatewayAreWrittenAndReadBack) {
  KernelState state = two_joined();
  auto& routes = state["eg-a"]->routes;
  for (const Route& route :
       {Route{.table = 254, .link = "x0"},
        Route{.table = 100, .destination = prefix("10.0.0.0/8"), .link = "x0"},
        Route{.table = 4294967294U, .destination = prefix("10.0.0.0/8"), .link = "x0"},
        Route{.table = 100, .destination = prefix("10.0.0.0/9"), .kind = RouteKind::kBlackhole},
        Route{.table = 100, .destination = prefix("10.0.0.0/10"), .kind = RouteKind::kThrow},
        Route{.table = 100, .destination = prefix("10.0.0.4/32"), .kind = RouteKind::kBlackhole},
        Route{.table = 255,
        .destination = prefix("10.0.0.0/8"),
        .kind = RouteKind::kLocal,
        .link = "lo"}}) {
    routes[state::key_of(route)] = route;
  }
  converge(state);
  EXPECT_EQ(observe(), state);
}

TEST_F(KernelFields, OfARuleAreWrittenAndReadBack) {
  KernelState base = two_joined();
  converge(base);
  const std::vector<Rule> rules = {
      {.priority = 100, .table = 300},
      {.priority = 0, .table = 300},
      {.priority = 4294967294U, .table = 300},
      {.priority = 100, .table = 70000},
      {.priority = 100, .table = 300, .fwmark = 7, .fwmask = 0xffffffff},
      {.priority = 100, .table = 300, .fwmark = 7, .fwmask = 0xff},
      {.priority = 100, .table = 300, .fwmark = 0, .fwmask = 0xff},
      {.priority = 100, .table = 300, .iif = "x0"},
      {.priority = 100, .table = 300, .fwmark = 7, .fwmask = 0xff, .iif = "not-there-yet"}};
  KernelState all = base;
  for (const Rule& rule : rules) {
    KernelState state = base;
    state["eg-a"]->rules.insert(rule);
    all["eg-a"]->rules.insert(rule);
    converge(state);
    EXPECT_EQ(observe(), state);
  }
  converge(all);
  EXPECT_EQ(observe(), all);
  converge(base);
  EXPECT_EQ(observe(), base);
}

TEST_F(KernelFields, OfTheLocalRuleMoveItBehindOthers) {
  KernelState state = two_joined();
  auto& rules = state["eg-a"]->rules;
  rules.erase(rules.find(Rule{.priority = 0, .table = 255}));
  rules.insert({.priority = 1500, .table = 255});
  rules.insert({.priority = 1000, .table = 101, .fwmark = 1, .fwmask = 0xffffffff});
  converge(state);
  EXPECT_EQ(observe(), state);
}

TEST_F(KernelFields, OfASettingAreWrittenAndReadBack) {
  KernelState state = two_joined();
  const auto set = [&](const std::string& name, const std::string& value) {
    state["eg-a"]->sysctls[name] = {name, value};
  };
  for (const char* value : {"1", "2", "0"}) {
    set("net.ipv4.conf.all.rp_filter", value);
    set("net.ipv4.ip_default_ttl", std::string("6") + value);
    set("net.ipv4.ip_local_port_range", std::string("2000") + value + " 60999");
    converge(state);
    EXPECT_EQ(observe(), state);
  }
}

// As one of a module that nothing has asked for yet.
TEST_F(KernelFields, OfASettingThatIsNotThereAreADifferenceAndNoMore) {
  const state::Sysctl setting{.name = "net.ipv4.not_there", .value = "1"};
  const KernelState joined = two_joined();
  converge(joined);
  KernelState state = joined;
  state["eg-a"]->sysctls[setting.name] = setting;
  kernel().expect(std::make_shared<const KernelState>(state));
  EXPECT_EQ(observe(), joined);
  const Status status = apply(state::Verb::kChange, "eg-a", setting);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().sys_errno, ENOENT);
}

TEST_F(KernelFields, ASettingOutsideNamespacesIsRefused) {
  converge(two_joined());
  for (const char* name : {"kernel.hostname", "net.ipv4/../../kernel.hostname", "net...x"}) {
    const Status status =
        apply(state::Verb::kChange, "eg-a", state::Sysctl{.name = name, .value = "x"});
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.error().code, Errc::kInvalid);
  }
}

TEST_F(KernelFields, ErrorsNameTheObjectAndCarryErrnoAndTheKernelsWords) {
  converge(two_joined());
  const Status status = apply(state::Verb::kAdd, "eg-a",
                              Route{.table = 100,
                                    .destination = prefix("172.16.0.0/16"),
                                    .link = "x0",
                                    .gateway = ip("192.0.2.1")});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().sys_errno, ENETUNREACH);
  EXPECT_EQ(status.error().kernel_text, "Nexthop has invalid gateway");
  EXPECT_THAT(status.error().message, testing::HasSubstr("172.16.0.0/16"));
  EXPECT_THAT(status.error().message, testing::HasSubstr("eg-a"));
}

}  // namespace
}  // namespace egress::kernel_tests
