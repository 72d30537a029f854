// SPDX-License-Identifier: MIT
// The lab forwards whatever becomes of its daemon: flows that begin before it is killed go on while
// it is dead, while it starts, and while it makes its first pass.

#include <gtest/gtest.h>

#include <csignal>

#include "tests/crash/contract_flows.hpp"

namespace egress::crash {
namespace {

using testing_support::TcpStream;
using testing_support::UdpFlow;

constexpr int kCrashes = 5;

// By what joins the apps to their network.
class FlowsThroughCrashes : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(contract_lab_on(GetParam())));
  }

  // `carries()` tells how much has come over so far; more has to come at every stage.
  template <typename Carries>
  void crash_again_and_again(Carries carries) {
    const auto more_comes = [&] {
      const uint64_t before = carries();
      return testing_support::eventually([&] { return carries() > before + 1000; });
    };
    for (int crash = 0; crash < kCrashes; ++crash) {
      ASSERT_TRUE(more_comes());
      ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
      EXPECT_TRUE(more_comes()) << "with the daemon dead";
      ASSERT_TRUE(machine_.start());
      EXPECT_TRUE(machine_.comes_in_sync());
      EXPECT_TRUE(more_comes()) << "with the daemon back";
    }
  }

  testing_support::Machine machine_{};
};

TEST_P(FlowsThroughCrashes, AUdpFlowLosesNoPacket) {
  const uint64_t dropped_before = testing_support::dropped_by_queues();
  UdpFlow flow(to_website(9000));
  crash_again_and_again([&] { return flow.received(); });
  flow.stop();
  EXPECT_LE(flow.received(), flow.sent());
  EXPECT_GE(flow.received() + testing_support::dropped_by_queues() - dropped_before, flow.sent());
}

TEST_P(FlowsThroughCrashes, AConnectionGoesOnByteForByte) {
  TcpStream near(to_sql(9000));
  TcpStream far(to_website(9000));
  crash_again_and_again([&] { return std::min(near.received(), far.received()); });
  near.stop();
  far.stop();
  EXPECT_EQ(near.received(), near.sent());
  EXPECT_EQ(far.received(), far.sent());
}

INSTANTIATE_TEST_SUITE_P(Interfaces, FlowsThroughCrashes, testing::Values("veth", "tun"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace egress::crash
