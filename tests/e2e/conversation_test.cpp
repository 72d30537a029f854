// SPDX-License-Identifier: MIT
// Commands beside one another and beside people who trace: who waits, who goes, what stays.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;

class Conversation : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  // Takes a while to make.
  std::string large_lab() const {
    std::string text = "outboundIpAddresses: [20.50.1.4]\nserverFarms:\n";
    for (int plan = 0; plan < 4; ++plan) text += fmt::format("  p{}: {{capacity: 20}}\n", plan);
    text += "sites:\n";
    for (int plan = 0; plan < 4; ++plan)
      text += fmt::format("  s{0}: {{serverFarm: p{0}}}\n", plan);
    return machine_.file("large.yaml", text);
  }
  bool is_at_work() const { return machine_.ctl_json({"status"})["operation"].is_object(); }

  Machine machine_{};
};

TEST_F(Conversation, AnOperationWaitsForAnotherWhenItIsToldTo) {
  Background applying(machine_.ctl_command({"apply", large_lab()}), "");
  ASSERT_TRUE(eventually([&] { return is_at_work(); }));
  const Outcome waited = machine_.ctl({"down", "--wait"});
  EXPECT_EQ(waited.status, 0) << waited.err;
  EXPECT_THAT(waited.err, HasSubstr("egressctl: waits: another operation is in progress: apply"));
  EXPECT_EQ(applying.wait(), 0);
  EXPECT_TRUE(machine_.ctl_json({"status"})["lab"].is_null());
}

TEST_F(Conversation, CtrlCLeavesAnOperationToTheDaemonAndSaysSo) {
  Background applying(machine_.ctl_command({"apply", large_lab()}), "");
  ASSERT_TRUE(eventually([&] { return is_at_work(); }));
  EXPECT_EQ(applying.end(SIGINT), 130);
  EXPECT_THAT(read_file(applying.errors_file()),
              HasSubstr("error[cancelled]: the daemon goes on with it"));
  EXPECT_TRUE(eventually([&] { return machine_.ctl({"status"}).status == 0; }));
  EXPECT_EQ(machine_.ctl_json({"status"})["apps"].size(), 80U);
}

TEST_F(Conversation, AHoldLetsPeopleTracePackets) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  EXPECT_EQ(machine_.ctl({"hold", "--for", "1h"}).out, "repairs are held for 1h\n");
  by_hand(
      "ip netns exec eg-vnet-spoke nft add table ip trace\n"
      "ip netns exec eg-vnet-spoke nft add chain ip trace every "
      "'{ type filter hook prerouting priority -400; }'\n"
      "ip netns exec eg-vnet-spoke nft add rule ip trace every counter meta nftrace set 1\n");
  const nlohmann::json held = machine_.ctl_json({"status"});
  EXPECT_FALSE(held["inSync"].get<bool>());
  EXPECT_NE(held["drift"], nlohmann::json::array());
  EXPECT_NE(machine_.ctl({"explain", "web", "tcp://10.1.2.4:443", "--verify"}).status, 4);
  const Outcome counted =
      run({"ip", "netns", "exec", "eg-vnet-spoke", "nft", "list", "table", "ip", "trace"});
  EXPECT_THAT(counted.out, testing::Not(HasSubstr("counter packets 0 ")));
  EXPECT_EQ(machine_.ctl({"release"}).status, 0);
  EXPECT_TRUE(eventually([&] { return machine_.ctl({"status"}).status == 0; }));
  EXPECT_NE(
      run({"ip", "netns", "exec", "eg-vnet-spoke", "nft", "list", "table", "ip", "trace"}).status,
      0);
}

TEST_F(Conversation, StatusIsWatchedUntilCtrlC) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  Background watching(machine_.ctl_command({"status", "--watch"}), "state      in sync");
  ASSERT_TRUE(watching.ready());
  EXPECT_EQ(watching.end(SIGINT), 0);
}

TEST_F(Conversation, HealthAndMetricsAnswerToAnyHttpClient) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  const auto ask = [&](const std::string& path) {
    return run({"curl", "--silent", "--fail", "--unix-socket", machine_.socket(),
                "http://egressd" + path});
  };
  EXPECT_EQ(ask("/v1/health").out, "{\"status\":\"ok\",\"problems\":[]}");
  EXPECT_THAT(ask("/v1/metrics").out, HasSubstr("\negressd_in_sync 1\n"));
}

}  // namespace
}  // namespace egress::e2e
