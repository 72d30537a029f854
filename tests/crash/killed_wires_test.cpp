// SPDX-License-Identifier: MIT
// Wires carry packets in a process of their own. When that is killed packets are lost until another
// one has its place, connections go on, and nothing is left over.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "base/number.hpp"
#include "tests/crash/contract_flows.hpp"

namespace egress::crash {
namespace {

using testing_support::eventually;
using testing_support::TcpStream;

constexpr int kKills = 5;

// 0 when there is none, or another one that is not to be.
pid_t wire_process() {
  std::string found = testing_support::run({"pgrep", "-x", "egress-wire"}).out;
  if (!found.empty()) found.pop_back();
  return parse_number<pid_t>(found).value_or(0);
}

// Of the process that carries: how many threads and open files it has.
std::string holdings() {
  return testing_support::run_script(
             "cd /proc/$(pgrep -x egress-wire) && ls task | wc -l && ls fd | wc -l")
      .out;
}

class KilledWires : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(contract_lab_on("tun")));
    ASSERT_TRUE(machine_.comes_in_sync());
    ASSERT_NE(wire_process(), 0);
  }

  void kill_wire() {
    const pid_t killed = wire_process();
    ASSERT_EQ(::kill(killed, SIGKILL), 0);
    ASSERT_TRUE(eventually([&] {
      const pid_t now = wire_process();
      return now != 0 && now != killed;
    })) << "nobody carries packets any more";
    EXPECT_TRUE(machine_.comes_in_sync());
  }

  testing_support::Machine machine_{};
};

TEST_F(KilledWires, AreReplacedWhileConnectionsGoOnByteForByte) {
  TcpStream near(to_sql(9000));
  TcpStream far(to_website(9000));
  for (int i = 0; i < kKills; ++i) {
    const uint64_t before = std::min(near.received(), far.received());
    ASSERT_TRUE(
        eventually([&] { return std::min(near.received(), far.received()) > before + 1000; }));
    kill_wire();
  }
  near.stop();
  far.stop();
  EXPECT_EQ(near.received(), near.sent());
  EXPECT_EQ(far.received(), far.sent());
}

TEST_F(KilledWires, LeaveTheMachineAsItWas) {
  const std::string before = testing_support::inventory();
  const std::string held = holdings();
  for (int i = 0; i < kKills; ++i) kill_wire();
  EXPECT_EQ(testing_support::inventory(), before);
  EXPECT_EQ(holdings(), held);
}

TEST_F(KilledWires, WithTheDaemonAreReplacedByTheNextDaemon) {
  TcpStream near(to_sql(9000));
  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  ASSERT_EQ(::kill(wire_process(), SIGKILL), 0);
  ASSERT_TRUE(eventually([] { return wire_process() == 0; }));
  const uint64_t before = near.received();
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_TRUE(eventually([&] { return near.received() > before + 1000; }));
  near.stop();
  EXPECT_EQ(near.received(), near.sent());
}

}  // namespace
}  // namespace egress::crash
