// SPDX-License-Identifier: MIT
// What others do in our namespaces is seen, and one pass undoes it.

#include <chrono>
#include <memory>
#include <vector>

#include "tests/netns/linux_fixture.hpp"
#include "tests/support/flow_cache.hpp"

namespace egress::kernel_tests {
namespace {

using state::KernelState;
using state::Route;
using state::Rule;

class KernelDrift : public LinuxFixture, public testing::WithParamInterface<std::string> {
 protected:
  KernelState lab() {
    KernelState state;
    state["eg-a"] = state["eg-b"] = plain_netns();
    join(state, "eg-a", "x0", "eg-b", "y0");
    state::NetnsState& a = state["eg-a"].change();
    a.addresses = {{"x0", ip("10.0.0.1"), 24}};
    a.neighbours = {{"x0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}}};
    add(a, {.table = 254, .link = "x0", .gateway = ip("10.0.0.9")});
    add(a, {.table = 100, .destination = prefix("10.2.0.0/16"), .link = "x0"});
    a.rules.insert({.priority = 1000, .table = 100, .fwmark = 1, .fwmask = 0xffffffff});
    a.rules.insert({.priority = 1000, .table = 100});
    if (testing_support::has_flow_cache()) {
      a.links.at("x0").flow_cache = state::FlowCache::kAll;
    }
    return state;
  }

  void see_and_undo() {
    const KernelState desired = lab();
    converge(desired);
    ASSERT_EQ(observe(), desired);
    by_hand(GetParam());
    EXPECT_NE(observe(), desired);
    EXPECT_GT(converge(desired), 0U);
    EXPECT_EQ(observe(), desired);
  }

 private:
  static void add(state::NetnsState& netns, const Route& route) {
    netns.routes[state::key_of(route)] = route;
  }
};

TEST_P(KernelDrift, IsSeenAndUndoneInOnePass) {
  see_and_undo();
}

INSTANTIATE_TEST_SUITE_P(
    ByHand, KernelDrift,
    testing::Values(
        "ip -n eg-a route del default", "ip -n eg-a route add 10.9.0.0/16 dev x0",
        "ip -n eg-a route replace default dev x0", "ip -n eg-a route flush table 100",
        "ip -n eg-a route add default via 10.0.0.9 metric 50",
        "ip -n eg-a route add 10.9.0.0/16 via 10.0.0.9 metric 50",
        "ip -n eg-a route add 10.2.0.0/16 dev x0 tos 0x10 table 100",
        "ip -n eg-a route replace default nexthop via 10.0.0.9 nexthop via 10.0.0.8",
        "ip -n eg-a route add prohibit 10.9.0.0/16",
        "ip -n eg-a route replace default via 10.0.0.9 proto dhcp",
        "ip -n eg-a route replace default via 10.0.0.9 advmss 1000",
        "ip -n eg-a rule add pref 1000 lookup 100 fwmark 1/0xff",
        "ip -n eg-a rule add pref 900 from 10.9.0.0/16 lookup 100",
        "ip -n eg-a rule add pref 1000 ipproto udp dport 53 lookup 100",
        "ip -n eg-a rule add pref 900 blackhole",
        "ip -n eg-a rule add pref 900 not fwmark 1 lookup 100",
        "ip -n eg-a rule add pref 900 lookup main suppress_prefixlength 0",
        "ip -n eg-a rule del pref 1000", "ip -n eg-a rule flush",
        "ip -n eg-a addr add 10.9.0.1/24 dev x0", "ip -n eg-a addr del 10.0.0.1/24 dev x0",
        "ip -n eg-a addr add 10.9.0.1 peer 10.9.0.2 dev x0",
        "ip -n eg-a addr add 10.9.0.1/32 dev lo",
        "ip -n eg-a neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev x0 nud permanent",
        "ip -n eg-a neigh replace 10.0.0.9 lladdr 02:00:00:00:00:07 dev x0 nud permanent",
        "ip -n eg-a neigh replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev x0 nud reachable",
        "ip -n eg-a neigh flush nud permanent dev x0", "ip -n eg-a link set x0 down",
        "ip -n eg-a link set x0 mtu 1400", "ip -n eg-a link set x0 alias mine",
        "ip -n eg-a link set x0 addrgenmode eui64",
        "ip -n eg-b link set y0 address 02:00:00:00:00:77", "ip -n eg-b link set y0 name y1",
        "ip -n eg-a link del x0", "ip -n eg-a link add s0 type veth peer name s1",
        "ip -n eg-a link add s0 type bridge",
        "ip -n eg-a link del x0; ip -n eg-a link add x0 type bridge",
        "ip link add s0 netns eg-a type veth peer name s1 netns eg-b",
        "ip link add s0 netns eg-a type veth peer name s1", "ip -n eg-a tuntap add t0 mode tun",
        "ip -n eg-a link set x0 arp off",
        "ip netns exec eg-a tc qdisc add dev x0 root pfifo limit 9",
        "ip -n eg-a addr change 10.0.0.1/24 dev x0 valid_lft 4000 preferred_lft 3000",
        "ip -n eg-a addr add 10.9.0.1/24 dev x0 valid_lft 4000 preferred_lft 3000",
        "ip -n eg-a addr add 10.0.0.3 peer 10.0.0.1/24 dev x0",
        "ip -n eg-a route del local 10.0.0.1 table local",
        "ip -n eg-a route del 10.0.0.0/24 dev x0", "ip -n eg-a route flush table main",
        "ip -n eg-a route flush table local", "ip -n eg-a link set lo down", "ip netns del eg-a",
        "umount -l /run/netns/eg-a", "ip netns del eg-a;" + make_marked("eg-a"),
        make_marked("eg-stray"), "ip netns exec eg-a sysctl -qw net.ipv4.conf.x0.forwarding=1",
        "ip netns exec eg-a sysctl -qw net.ipv4.conf.x0.rp_filter=1",
        "ip netns exec eg-a sysctl -qw net.ipv4.conf.all.rp_filter=1",
        "ip netns exec eg-a sysctl -qw net.ipv4.ip_forward=1"));

class KernelDriftOfFlowCache : public KernelDrift {};

TEST_P(KernelDriftOfFlowCache, IsSeenAndUndoneInOnePass) {
  if (!testing_support::has_flow_cache()) GTEST_SKIP() << "without flow cache";
  see_and_undo();
}

INSTANTIATE_TEST_SUITE_P(
    ByHand, KernelDriftOfFlowCache,
    testing::Values("tc -n eg-a qdisc del dev x0 clsact", "tc -n eg-a filter del block 1",
                    "tc -n eg-a filter del block 2",
                    "tc -n eg-a filter add block 1 pref 7 protocol ip bpf bytecode '1,6 0 0 0'",
                    "tc -n eg-a filter add block 2 pref 7 protocol all bpf bytecode '1,6 0 0 0'",
                    "tc -n eg-a qdisc del dev x0 clsact; tc -n eg-a qdisc add dev x0 clsact",
                    "tc -n eg-a qdisc del dev x0 clsact; tc -n eg-a qdisc add dev x0 ingress",
                    "tc -n eg-a qdisc del dev x0 clsact;"
                    "tc -n eg-a qdisc add dev x0 ingress_block 5 egress_block 6 clsact",
                    "tc -n eg-b qdisc add dev y0 clsact",
                    "tc -n eg-b qdisc add dev y0 ingress_block 1 egress_block 2 clsact"));

TEST_F(KernelDrift, WhatTheKernelDoesNotTellIsSeenWithinEightMinutes) {
  const auto now = std::make_shared<std::chrono::steady_clock::time_point>();
  restart({.monotonic = [now] { return *now; }});
  const KernelState desired = lab();
  converge(desired);
  ASSERT_EQ(observe(), desired);
  by_hand(
      "ip netns exec eg-a sysctl -qw net.ipv4.conf.x0.accept_local=1 "
      "net.ipv4.conf.x0.arp_filter=0 net.ipv6.conf.x0.disable_ipv6=0");
  *now += std::chrono::minutes(8);
  const state::Link x0 = observe().at("eg-a")->links.at("x0");
  EXPECT_TRUE(x0.accept_local);
  EXPECT_FALSE(x0.arp_filter);
  EXPECT_TRUE(x0.ipv6);
  converge(desired);
  EXPECT_EQ(observe(), desired);
}

TEST_F(KernelDrift, WhatHasNotChangedIsHeldOnceWithWhatIsExpected) {
  const auto desired = std::make_shared<const KernelState>(lab());
  kernel().expect(desired);
  converge(*desired);
  EXPECT_TRUE(observe().at("eg-a").shares_with(desired->at("eg-a")));
  by_hand("ip -n eg-a link set x0 mtu 1400");
  const KernelState changed = observe();
  EXPECT_FALSE(changed.at("eg-a").shares_with(desired->at("eg-a")));
  EXPECT_TRUE(changed.at("eg-b").shares_with(desired->at("eg-b")));
  EXPECT_EQ(desired->at("eg-a")->links.at("x0").mtu, 1500U);
}

// Two copies of one rule: iproute2 cannot make them, other programs have.
TEST_F(KernelDrift, ARuleOfAnotherProtocolIsADuplicateAndIsRemovedOnce) {
  const KernelState desired = lab();
  converge(desired);
  by_hand("ip -n eg-a rule add pref 1000 lookup 100 protocol 99");
  EXPECT_EQ(observe("eg-a").rules.count(Rule{.priority = 1000, .table = 100}), 2U);
  EXPECT_EQ(converge(desired), 1U);
  EXPECT_EQ(observe(), desired);
}

TEST_F(KernelDrift, ARuleWithoutAMarkIsRemovedFromBehindOneWithAMark) {
  KernelState desired = lab();
  converge(desired);
  auto& rules = desired["eg-a"]->rules;
  rules.erase(rules.find(Rule{.priority = 1000, .table = 100}));
  converge(desired);
  EXPECT_EQ(observe(), desired);
}

TEST_F(KernelDrift, ANeighbourThatTheKernelLearntIsNotOursAndGivesWay) {
  KernelState desired = lab();
  converge(desired);
  by_hand("ip -n eg-a neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev x0 nud reachable");
  EXPECT_EQ(observe(), desired);
  desired["eg-a"]->neighbours.insert({"x0", ip("10.0.0.7"), {{2, 0, 0, 0, 0, 8}}});
  converge(desired);
  EXPECT_EQ(observe(), desired);
}

}  // namespace
}  // namespace egress::kernel_tests
