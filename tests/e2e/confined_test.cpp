// SPDX-License-Identifier: MIT
// A lab's whole life under a daemon that has no more than the systemd unit leaves it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;

// Debian's Python, for which Debian has the library.
Command wrapper() {
  return {"/usr/bin/python3", CONFINED, UNIT};
}

class Confined : public ::testing::TestWithParam<std::string> {
 protected:
  testing::AssertionResult start() { return machine_.start(wrapper()); }

  static std::string lab() {
    return replaced(contract_lab(), "{sku: P1v3, capacity: 2}",
                    "{sku: P1v3, capacity: 2, interface: " + GetParam() + "}");
  }

  Machine machine_{};
};

TEST_P(Confined, ADaemonWithoutMoreThanItsUnitLeavesItLivesThroughALabsLife) {
  ASSERT_TRUE(start()) << machine_.log();
  ASSERT_TRUE(machine_.apply(lab()));
  EXPECT_EQ(machine_.exec("web/0", {"curl", "-sS", "http://93.184.216.34/"}).status, 0);
  const Outcome tested = machine_.ctl({"test", machine_.file("lab.yaml", lab())});
  EXPECT_EQ(tested.status, 0) << tested.out;
  EXPECT_EQ(machine_.ctl({"scale", "plan", "--capacity", "3"}).status, 0);
  EXPECT_EQ(machine_.ctl({"restart", "web"}).status, 0);
  EXPECT_EQ(machine_.ctl({"explain", "web", "tcp://93.184.216.34:80", "--verify"}).status, 0);
  machine_.stop(SIGKILL);
  by_hand("ip netns del eg-app-web-0; ip netns exec eg-vnet-spoke nft flush ruleset");
  ASSERT_TRUE(start()) << machine_.log();
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.log();
  EXPECT_EQ(machine_.ctl({"apply", machine_.file("lab.yaml", lab())}).status, 0);
  EXPECT_EQ(machine_.exec("web/1", {"curl", "-sS", "http://93.184.216.34/"}).status, 0);
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(run({"ip", "netns", "list"}).out, "");
  EXPECT_EQ(machine_.stop(), 0) << machine_.log();
}

INSTANTIATE_TEST_SUITE_P(Interface, Confined, ::testing::Values("veth", "tun"));

TEST(ConfinedProgram, ItReallyIsWithoutTheRest) {
  Command command = wrapper();
  command.insert(command.end(), {"sh", "-c", "grep CapBnd /proc/self/status; umask"});
  const Outcome told = run(command);
  EXPECT_THAT(told.out, HasSubstr("CapBnd:\t0000000000a03400\n")) << told.err;
  EXPECT_THAT(told.out, HasSubstr("0077"));
  for (const Command& forbidden :
       {Command{"unshare", "--mount", "true"}, Command{"dmesg"},
        Command{"/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET6)"}}) {
    Command refused = wrapper();
    refused.insert(refused.end(), forbidden.begin(), forbidden.end());
    EXPECT_EQ(run(refused).status, 128 + SIGSYS) << forbidden.front();
  }
}

}  // namespace
}  // namespace egress::e2e
