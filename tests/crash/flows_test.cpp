// SPDX-License-Identifier: MIT
// The lab forwards whatever becomes of its daemon: flows that begin before it is killed go on while
// it is dead, while it starts, and while it makes its first pass.

#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/live_flows.hpp"
#include "tests/support/machine.hpp"

namespace egress::crash {
namespace {

using testing_support::Endpoints;
using testing_support::TcpStream;
using testing_support::UdpFlow;

constexpr int kCrashes = 5;

// Through the worker, the integration and the network's two gates, to a host in another subnet.
Endpoints to_sql(uint16_t port) {
  return {"eg-app-web-0", "eg-host-sql", Ipv4Address{0x0a010204U}, port};
}
// The long way: over the peering, the appliance that rewrites the source, and the Internet.
Endpoints to_website(uint16_t port) {
  return {"eg-app-web-1", "eg-host-website", Ipv4Address{0x5db8d822U}, port};
}

class FlowsThroughCrashes : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    const std::string lab = machine_.file("lab.yaml", testing_support::contract_lab());
    ASSERT_EQ(machine_.ctl({"apply", lab}).status, 0);
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

TEST_F(FlowsThroughCrashes, AUdpFlowLosesNoPacket) {
  const uint64_t dropped_before = testing_support::dropped_by_backlogs();
  UdpFlow flow(to_website(9000));
  crash_again_and_again([&] { return flow.received(); });
  flow.stop();
  EXPECT_LE(flow.received(), flow.sent());
  EXPECT_GE(flow.received() + testing_support::dropped_by_backlogs() - dropped_before, flow.sent());
}

TEST_F(FlowsThroughCrashes, AConnectionGoesOnByteForByte) {
  TcpStream near(to_sql(9000));
  TcpStream far(to_website(9000));
  crash_again_and_again([&] { return std::min(near.received(), far.received()); });
  near.stop();
  far.stop();
  EXPECT_EQ(near.received(), near.sent());
  EXPECT_EQ(far.received(), far.sent());
}

}  // namespace
}  // namespace egress::crash
