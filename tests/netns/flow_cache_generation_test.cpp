// SPDX-License-Identifier: MIT

// What was learned counts until something is changed, and no longer than a second: a pass's changes
// are in force for the very next packet of a flow that goes fast, others' within that second.

#include <bpf/bpf.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "kernel/flow_cache/programs.hpp"
#include "kernel/netlink.hpp"
#include "kernel/netns_scope.hpp"
#include "kernel/rtnl/filter_codec.hpp"
#include "tests/netns/flow_cache_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using kernel::FlowCachePrograms;
using std::chrono::steady_clock;

constexpr state::MacAddress kNobodysMac{{2, 0, 0, 0, 0, 0x99}};

class FlowCacheGeneration : public FlowCacheFixture {
 protected:
  void SetUp() override {
    FlowCacheFixture::SetUp();
    if (IsSkipped()) return;
    server_.emplace("eg-server", kPort);
    client_.emplace("eg-client", kClientPort);
  }
  void one_way() {
    client_->send("x", kServer, kPort);
    EXPECT_EQ(server_->receive(), "x");
  }
  void know_the_flow() {
    warm_up([this] { one_way(); }, kRouters);
  }
  // Another flow's datagram comes behind it, whose way is the same as far as it goes.
  void expect_the_next_to_be_lost(const std::function<void()>& before_another) {
    client_->send("lost", kServer, kPort);
    before_another();
    client_->send("behind it", kServer, kPort);
    EXPECT_EQ(server_->receive(), "behind it");
  }
  static state::KernelState denying(const std::string& expression) {
    state::KernelState state = topology();
    state::NftTable table = *std::as_const(state["eg-first"])->firewall->table;
    table.chains["denial"] = {.hook = state::NftHook{"filter", "forward", 0},
                              .rules = {{expression, "a list"}}};
    state["eg-first"]->firewall = state::make_firewall(std::move(table));
    return state;
  }
  static state::KernelState blackholed() {
    state::KernelState state = topology();
    const state::Route nowhere{.destination = prefix("10.9.4.2/32"),
                               .kind = state::RouteKind::kBlackhole};
    state["eg-second"]->routes[state::key_of(nowhere)] = nowhere;
    return state;
  }
  static state::KernelState with_neighbour(const state::MacAddress& mac) {
    state::KernelState state = topology();
    state["eg-second"]->neighbours.insert({"server", ip("10.9.4.2"), mac});
    return state;
  }
  // The state's ops alone, as a pass applies them.
  void reach(const state::KernelState& desired) {
    const state::ChangeSet ops = state::diff(desired, observe()).value();
    EXPECT_FALSE(ops.empty());
    for (const state::Op& op : ops) EXPECT_OK(kernel().apply(op));
  }

  std::optional<UdpSocket> server_{};
  std::optional<UdpSocket> client_{};
};

TEST_F(FlowCacheGeneration, APassIsInForceForTheVeryNextPacket) {
  for (const state::KernelState& other :
       {denying("udp dport 7000 drop"), blackholed(), with_neighbour(kNobodysMac)}) {
    observe();
    for (int i = 0; i < 10 && !HasFailure(); ++i) {
      know_the_flow();
      reach(other);
      expect_the_next_to_be_lost([this] { reach(topology()); });
    }
  }
}

// Of what is done to tracking, too.
TEST_F(FlowCacheGeneration, AFlowThatIsEndedIsNotKnownAnyMore) {
  know_the_flow();
  const auto table = kernel().flows("eg-first");
  ASSERT_TRUE(table.ok());
  const auto flows = (*table)->list();
  ASSERT_TRUE(flows.ok());
  EXPECT_EQ(fast_while([&] {
              EXPECT_OK((*table)->remove(*flows));
              one_way();
            }),
            0U);
}

class FlowCacheUntold : public FlowCacheGeneration,
                        public testing::WithParamInterface<const char*> {};

TEST_P(FlowCacheUntold, AChangeIsInForceWithinASecond) {
  know_the_flow();
  struct Sent {
    std::string text{};
    steady_clock::time_point at{};
  };
  std::vector<Sent> sent;
  by_hand(GetParam());
  const auto changed = steady_clock::now();
  uint64_t arrived = 0;
  while (steady_clock::now() - changed < std::chrono::milliseconds(2500)) {
    sent.push_back({std::to_string(sent.size()), steady_clock::now()});
    client_->send(sent.back().text, kServer, kPort);
    ::poll(nullptr, 0, 5);
  }
  while (!server_->empty()) {
    const std::string text = server_->receive();
    const Sent& that = sent.at(std::stoul(text));
    EXPECT_LT(that.at - changed, std::chrono::milliseconds(1100)) << text;
    ++arrived;
  }
  EXPECT_LT(arrived, sent.size());
}

INSTANTIATE_TEST_SUITE_P(
    ByHand, FlowCacheUntold,
    testing::Values("ip -n eg-second route add blackhole 10.9.4.2/32",
                    "ip -n eg-second neigh replace 10.9.4.2 lladdr 02:00:00:00:00:99 dev server",
                    "ip netns exec eg-first nft 'add chain ip egressd other "
                    "{ type filter hook forward priority 0; policy drop; }'",
                    "ip -n eg-first route change 10.9.4.0/24 via 10.9.2.77"));

// Whose other end has another index then, and the far host another MAC.
TEST_F(FlowCacheGeneration, ALinkThatIsMadeAnewCarriesTheNextPacket) {
  for (const char* link : {"-n eg-server link del eth0", "-n eg-first link del dev up"}) {
    observe();
    know_the_flow();
    by_hand(std::string("ip ") + link);
    client_->send("lost", kServer, kPort);
    converge(topology());
    one_way();
    know_the_flow();
  }
}

TEST_F(FlowCacheGeneration, WhatOthersChangedIsInForceAsSoonAsItIsSeen) {
  observe();
  know_the_flow();
  by_hand("ip -n eg-second route add blackhole 10.9.4.2/32");
  observe();
  expect_the_next_to_be_lost([] { by_hand("ip -n eg-second route del blackhole 10.9.4.2/32"); });
}

TEST_F(FlowCacheGeneration, SuspendedNothingGoesFast) {
  know_the_flow();
  kernel().suspend_flow_cache(true);
  EXPECT_EQ(fast_while([this] {
              for (int i = 0; i < 100; ++i) one_way();
            }),
            0U);
  reach(denying("udp dport 7001 drop"));
  EXPECT_EQ(fast_while([this] {
              for (int i = 0; i < 100; ++i) one_way();
            }),
            0U);
  kernel().suspend_flow_cache(false);
  know_the_flow();
}

TEST_F(FlowCacheGeneration, ADaemonThatStartsTakesOverWhatGoesFast) {
  know_the_flow();
  const uint64_t before = fast();
  restart();
  EXPECT_EQ(fast(), 0U);
  EXPECT_EQ(observe("eg-first").links, topology().at("eg-first")->links);
  EXPECT_GE(fast(), before);
  know_the_flow();
  for (int i = 0; i < 10 && !HasFailure(); ++i) {
    restart();
    observe();
    know_the_flow();
    reach(denying("udp dport 7000 drop"));
    expect_the_next_to_be_lost([this] { reach(topology()); });
  }
}

// The one before has ended in the middle of a change.
TEST_F(FlowCacheGeneration, ADaemonThatStartsGoesOnWhereAnotherStoppedHalfway) {
  know_the_flow();
  kernel().suspend_flow_cache(true);
  restart();
  observe();
  know_the_flow();
}

TEST_F(FlowCacheGeneration, ProgramsOfAnotherBuildAreSilencedAndReplaced) {
  const FlowCachePrograms others(FlowCachePrograms::Use::kLoad);
  for (const char* router : {"eg-first", "eg-second"}) {
    const std::string path = std::string("/run/netns/") + router;
    const UniqueFd place(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto scope = kernel::NetnsScope::enter(place.get());
    ASSERT_TRUE(scope.ok());
    const auto identity = kernel::netns_identity(path);
    ASSERT_TRUE(identity.ok());
    auto rtnl = kernel::NetlinkSocket::open(NETLINK_ROUTE);
    ASSERT_TRUE(rtnl.ok());
    for (const auto hook : {kernel::Hook::kIngress, kernel::Hook::kEgress}) {
      const auto what =
          std::string(router) == "eg-first" ? state::FlowCache::kTracked : state::FlowCache::kAll;
      const uint32_t number = hook == kernel::Hook::kIngress ? kernel::number_in_filters(*identity)
                                                             : kernel::class_of_flow_cache(what);
      EXPECT_OK(rtnl->request(kernel::flush_filters(hook)));
      EXPECT_OK(rtnl->request(
          kernel::set_filter(hook, others.fd(hook), "egressd-of-another-build", number)));
    }
  }
  const auto fast_of_others = [&] { return others.fast_packets().value(); };
  ASSERT_TRUE(eventually([&] {
    one_way();
    return fast_of_others() > 10;
  }));
  EXPECT_NE(observe(), topology());
  const uint64_t before = fast_of_others();
  for (int i = 0; i < 100; ++i) one_way();
  EXPECT_EQ(fast_of_others(), before);
  converge(topology());
  know_the_flow();
  EXPECT_EQ(fast_of_others(), before);
}

TEST_F(FlowCacheGeneration, WithoutProgramsALabLosesThoseThatItHas) {
  know_the_flow();
  restart(FlowCachePrograms::Use::kNone);
  EXPECT_TRUE(kernel().flow_cache().why_not.has_value());
  state::KernelState plain = topology();
  for (auto& [name, netns] : plain) {
    for (auto& [called, link] : netns->links) link.flow_cache = state::FlowCache::kNone;
  }
  EXPECT_NE(observe(), plain);
  EXPECT_GT(converge(plain), 0U);
  EXPECT_EQ(run_script("tc -n eg-first qdisc show; tc -n eg-second qdisc show").out.find("clsact"),
            std::string::npos);
  one_way();
  EXPECT_FALSE(kernel()
                   .apply({state::Phase::kLinkSettings, state::Verb::kChange, "eg-first",
                           state::LinkSettings{topology().at("eg-first")->links.at("up")}})
                   .ok());
  restart();
  converge(topology());
  know_the_flow();
}

// A program of somebody else's that has variables, as one has by libbpf.
TEST(FlowCacheOfOthers, IsNotWrittenTo) {
  const UniqueFd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "theirs.data", 4, 8, 1, nullptr));
  if (!map.valid()) GTEST_SKIP() << "without eBPF";
  const std::array<bpf_insn, 4> code{
      {{.code = BPF_LD | BPF_DW | BPF_IMM,
        .dst_reg = 1,
        .src_reg = BPF_PSEUDO_MAP_FD,
        .off = 0,
        .imm = map.get()},
       {},
       {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
       {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}}};
  const UniqueFd program(
      bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "theirs", "GPL", code.data(), code.size(), nullptr));
  ASSERT_TRUE(program.valid());
  bpf_prog_info info{};
  uint32_t size = sizeof(info);
  ASSERT_EQ(bpf_obj_get_info_by_fd(program.get(), &info, &size), 0);
  kernel::FlowCachePrograms programs(kernel::FlowCachePrograms::Use::kNone);
  for (const char* name : {"theirs", "egressd-theirs"}) {
    EXPECT_FALSE(programs.recognise({name, info.id}, {name, info.id}));
    const uint32_t only = 0;
    uint64_t value = 1;
    ASSERT_EQ(bpf_map_lookup_elem(map.get(), &only, &value), 0);
    EXPECT_EQ(value, 0U) << name;
  }
}

}  // namespace
}  // namespace egress::kernel_tests
