// SPDX-License-Identifier: MIT

// A change of the lab costs no packet and lets none through: flows run while security lists and
// routes are replaced over and over, and what a list says holds for new connections as soon as its
// pass has ended. EGRESS_LIVE_SCALE multiplies the lists and the number of changes (1: a few
// seconds; 10: the 100 replacements and 1,000 route changes of the budget, with lists of the
// budget's size).

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "compile/names.hpp"
#include "reconcile/pass.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/netns/live_lab.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/both_interfaces.hpp"
#include "tests/support/flow_cache.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using lab::Access;

constexpr int kReplacements = 10;  // times the scale
constexpr int kRoutesPerReplacement = 10;
constexpr int kFlips = 20;

Endpoints to_sink(uint16_t port) {
  return {"eg-app-app-0", "eg-host-sink", ip("10.1.2.4"), port};
}

class LiveChange : public LinuxFixture, public ByInterface {
 protected:
  void SetUp() override {
    LinuxFixture::SetUp();
    reach(desired({}));
  }

  static state::KernelState desired(const LiveVariant& variant) {
    return compiled(on(GetParam(), live_lab(variant)), has_flow_cache());
  }

  void reach(const state::KernelState& state) {
    const auto report = reconcile::run(kernel(), state);
    ASSERT_TRUE(report.in_sync());
    changed_ += report.changed;
  }

  // Lists that share nothing, by new maps; one rule more, by elements; either also by a daemon that
  // has just started; and the route to and fro between them.
  void change_all_the_time() {
    changed_ = 0;
    for (int i = 1; i <= kReplacements * live_scale(); ++i) {
      if (i % 3 == 0) restart();
      const auto straight = desired({.group = i});
      const auto around = desired({.group = i, .by = "10.1.3.5"});
      reach(straight);
      for (int r = 0; r < kRoutesPerReplacement; ++r) reach(r % 2 == 0 ? around : straight);
      if (i % 4 == 0) restart();
      reach(desired({.group = i, .with_extra_rule = true}));
    }
    EXPECT_GE(changed_,
              static_cast<size_t>(kReplacements * live_scale() * (2 + kRoutesPerReplacement)));
  }

  // How many packets the flipping rule has denied.
  uint64_t flipping_hits() {
    const auto counters = kernel().counters("eg-vnet-vnet");
    EXPECT_TRUE(counters.ok());
    return counters->at(compile::rule_chain(compile::gate_chain(lab::Direction::kOutbound, "apps"),
                                            lab::Access::kDeny, "flipping"));
  }

  // What runs goes fast between changes, where there is a flow cache.
  void expect_to_have_gone_fast() {
    if (has_flow_cache()) EXPECT_GT(kernel().flow_cache().packets, 0U);
  }

  size_t changed_ = 0;
};

TEST_P(LiveChange, AFlowLosesNoPacketWhileListsAndRoutesAreReplaced) {
  const uint64_t dropped_before = dropped_by_queues();
  UdpFlow flow(to_sink(kOpenPort));
  change_all_the_time();
  flow.stop();
  EXPECT_GT(flow.sent(), 1000U);
  EXPECT_LE(flow.received(), flow.sent());
  EXPECT_GE(flow.received() + dropped_by_queues() - dropped_before, flow.sent());
  expect_to_have_gone_fast();
}

TEST_P(LiveChange, ADeniedFlowNeverGetsThroughWhileListsAndRoutesAreReplaced) {
  UdpFlow flow(to_sink(kDeniedPort));
  change_all_the_time();
  flow.stop();
  EXPECT_GT(flow.sent(), 1000U);
  EXPECT_EQ(flow.received(), 0U);
}

TEST_P(LiveChange, AConnectionGoesOnByteForByteWhileListsAndRoutesAreReplaced) {
  TcpStream stream(to_sink(kOpenPort));
  change_all_the_time();
  stream.stop();
  EXPECT_GT(stream.sent(), 10'000U);
  EXPECT_EQ(stream.received(), stream.sent());
  expect_to_have_gone_fast();
}

// A connection that was admitted goes on although the list now denies new ones.
TEST_P(LiveChange, AConnectionGoesOnByteForByteWhileItsOwnRuleFlips) {
  TcpStream stream(to_sink(kFlippingPort));
  for (int i = 0; i < kFlips; ++i) {
    reach(desired({.flipping = i % 2 == 0 ? Access::kDeny : Access::kAllow}));
    const uint64_t before = stream.received();
    EXPECT_TRUE(eventually([&] { return stream.received() > before; }));
  }
  stream.stop();
  EXPECT_EQ(stream.received(), stream.sent());
  expect_to_have_gone_fast();
}

// One attempt to connect, without waiting for what comes of it.
class Attempt {
 public:
  explicit Attempt(const Endpoints& ends) : fd_(socket_in(ends.from, SOCK_STREAM | SOCK_NONBLOCK)) {
    const sockaddr_in there = socket_address(ends.address, ends.port);
    const int begun = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there);
    EXPECT_TRUE(begun == 0 || errno == EINPROGRESS);
  }

  bool connected() const { return info().tcpi_state == kEstablished; }
  // Later SYNs could hide that the first was lost.
  bool was_repeated() const { return info().tcpi_total_retrans > 0; }

 private:
  static constexpr uint8_t kEstablished = 1;

  tcp_info info() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info;
  }

  UniqueFd fd_;
};

TEST_P(LiveChange, WhatAListSaysHoldsForTheVeryNextConnection) {
  const UniqueFd listener = listener_at(to_sink(kFlippingPort));
  for (int i = 0; i < kFlips; ++i) {
    SCOPED_TRACE(testing::Message() << "flip " << i);
    reach(desired({.flipping = Access::kDeny}));
    const uint64_t hits = flipping_hits();
    const Attempt denied(to_sink(kFlippingPort));
    EXPECT_TRUE(eventually([&] { return flipping_hits() > hits; }));
    EXPECT_FALSE(denied.connected());

    reach(desired({.flipping = Access::kAllow}));
    const Attempt allowed(to_sink(kFlippingPort));
    ASSERT_TRUE(eventually([&] { return allowed.connected(); }));
    EXPECT_FALSE(allowed.was_repeated());
    const UniqueFd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
}

INSTANTIATE_TEST_SUITE_P(Interfaces, LiveChange, both_interfaces(), interface_name);

}  // namespace
}  // namespace egress::kernel_tests
