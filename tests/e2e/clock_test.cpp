// SPDX-License-Identifier: MIT
// The lab's clock, and what it does to flows that are idle while it is moved on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/machine.hpp"
#include "tests/support/udp_socket.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr uint16_t kPort = 7000;
constexpr uint16_t kOtherPort = 7001;

// The list of the integration's subnet denies what comes to this port.
std::string denying(const std::string& lab) {
  return replaced(replaced(lab, "access: Deny, protocol: Tcp", "access: Deny, protocol: Udp"),
                  "destinationPortRange: \"1433\"",
                  "destinationPortRange: \"" + std::to_string(kPort) + "\"");
}

class LabClock : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  // How many flows that has ended.
  int advance(const std::string& duration) const {
    const Outcome advanced = machine_.ctl({"clock", "advance", duration, "-o", "json"});
    EXPECT_EQ(advanced.status, 0) << advanced.err << machine_.log();
    return json::parse(advanced.out).value("endedFlows", -1);
  }
  int offset() const { return machine_.ctl_json({"clock"}).value("offset", -1); }

  Machine machine_{};
};

TEST_F(LabClock, EndsTheTranslationOfAFlowThatWasIdleForSoLong) {
  ASSERT_TRUE(machine_.apply(
      replaced(contract_lab(), "applicationTraffic: true", "applicationTraffic: false")));
  UdpSocket app("eg-app-web-0");
  UdpSocket website("eg-host-website", kPort);
  app.send("hello", ip("93.184.216.34"), kPort);
  EXPECT_EQ(website.receive(), "hello");
  EXPECT_THAT(website.peer(), AnyOf(ip("20.50.1.4"), ip("20.50.1.5")));
  EXPECT_EQ(advance("1s"), 0);
  website.answer("not idle for long");
  EXPECT_EQ(app.receive(), "not idle for long");

  EXPECT_GE(advance("1h"), 1);
  website.answer("too late");
  app.send("hello again", ip("93.184.216.34"), kPort);
  EXPECT_EQ(website.receive(), "hello again");
  website.answer("in time");
  EXPECT_EQ(app.receive(), "in time") << "what came too late has no way to the app any more";
}

TEST_F(LabClock, EndsTheFlowRecordByWhichAnIdleFlowOutlivesARule) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  const UdpSocket app("eg-app-web-0");
  UdpSocket sql("eg-host-sql", kPort);
  UdpSocket other("eg-host-sql", kOtherPort);
  const auto send = [&](const std::string& text, uint16_t port) {
    app.send(text, ip("10.1.2.4"), port);
  };
  send("before the rule", kPort);
  EXPECT_EQ(sql.receive(), "before the rule");
  ASSERT_TRUE(machine_.apply(denying(contract_lab())));
  send("known", kPort);
  EXPECT_EQ(sql.receive(), "known");

  EXPECT_GE(advance("1h"), 1);
  send("denied", kPort);
  send("allowed", kOtherPort);
  EXPECT_EQ(other.receive(), "allowed");
  EXPECT_TRUE(sql.empty()) << sql.receive();
}

TEST_F(LabClock, LeavesAFlowRecordTheTimeOutOfItsNetwork) {
  const std::string lab = replaced(contract_lab(), "  spoke:\n    address",
                                   "  spoke:\n    flowTimeoutInMinutes: 4\n    address");
  ASSERT_TRUE(machine_.apply(lab));
  const UdpSocket app("eg-app-web-0");
  UdpSocket sql("eg-host-sql", kPort);
  UdpSocket other("eg-host-sql", kOtherPort);
  app.send("before the rule", ip("10.1.2.4"), kPort);
  EXPECT_EQ(sql.receive(), "before the rule");
  ASSERT_TRUE(machine_.apply(denying(lab)));
  advance("3m");
  app.send("known", ip("10.1.2.4"), kPort);
  EXPECT_EQ(sql.receive(), "known");
  advance("4m");
  app.send("denied", ip("10.1.2.4"), kPort);
  app.send("allowed", ip("10.1.2.4"), kOtherPort);
  EXPECT_EQ(other.receive(), "allowed");
  EXPECT_TRUE(sql.empty()) << sql.receive();
}

TEST_F(LabClock, GoesOnInTheNextDaemonAndIsTheMachinesAgainAfterDown) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  EXPECT_EQ(offset(), 0);
  advance("4m");
  advance("1h30m");
  EXPECT_EQ(offset(), 94 * 60);
  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  ASSERT_TRUE(machine_.start());
  EXPECT_EQ(offset(), 94 * 60);
  EXPECT_THAT(machine_.ctl({"status"}).out, HasSubstr("1h34m ahead"));
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(offset(), 0);
}

TEST_F(LabClock, IsNotMovedWithoutALabNorBeyondItsLimit) {
  const Outcome without = machine_.ctl({"clock", "advance", "4m"});
  EXPECT_EQ(without.status, 1);
  EXPECT_THAT(without.err, HasSubstr("no lab is in force"));
  EXPECT_THAT(without.err, HasSubstr("egressctl apply FILE"));
  ASSERT_TRUE(machine_.apply(contract_lab()));
  advance("364d");
  const Outcome beyond = machine_.ctl({"clock", "advance", "2d"});
  EXPECT_EQ(beyond.status, 1);
  EXPECT_THAT(beyond.err, HasSubstr("31536000 s are the most"));
  EXPECT_EQ(offset(), 364 * 86400);
}

}  // namespace
}  // namespace egress::e2e
