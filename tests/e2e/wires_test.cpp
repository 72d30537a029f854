// SPDX-License-Identifier: MIT
// Plans with interface: tun, their wires as users see them, and what makes these slow or lossy.

#include "tests/e2e/wires.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>

#include "tests/e2e/watching.hpp"
#include "tests/support/udp_socket.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Wires, ShowTheirVerdictsInWatch) {
  start_with(tun_lab());
  const auto call = [&] { machine_.exec("web", {"bash", "-c", "</dev/tcp/10.1.2.4/443"}); };
  // It may begin in the middle of a call.
  const std::string line =
      first_line(machine_, {"web/0", "--packets", "-o", "json"}, R"("flags":"S")", call);
  const json packet = json::parse(line, nullptr, false);
  ASSERT_TRUE(packet.is_object()) << line;
  EXPECT_EQ(packet["wire"], "plan/0 spoke/integration");
  EXPECT_EQ(packet["direction"], "out");
  EXPECT_EQ(packet["fate"], "passed");
  EXPECT_EQ(packet["protocol"], "tcp");
  const json seen = first_wire();
  EXPECT_EQ(seen["carrying"], true);
  EXPECT_GE(seen["out"]["packets"].get<int>(), 1);
  EXPECT_EQ(machine_.ctl({"status"}).status, 0) << machine_.ctl({"status"}).out;
}

TEST_F(Wires, AreHeldAndStepped) {
  start_with(tun_lab());
  EXPECT_EQ(wire({"plan/0", "--step", "1"}).status, 1) << "it is not held";
  const UdpSocket app("eg-app-web-0");
  UdpSocket sql("eg-host-sql", kPort);
  const auto send = [&](const std::string& text) { app.send(text, ip("10.1.2.4"), kPort); };
  send("free");
  EXPECT_EQ(sql.receive(), "free");
  impose({"plan/0", "--hold"});
  EXPECT_EQ(first_wire()["held"], true);
  for (const char* text : {"one", "two", "three"}) send(text);
  EXPECT_TRUE(sql.empty());
  EXPECT_THAT(wire({"plan/0", "--step", "1"}).out, HasSubstr("out 1"));
  EXPECT_EQ(sql.receive(), "one");
  EXPECT_TRUE(sql.empty());
  impose({"plan/0", "--clear"});
  EXPECT_EQ(sql.receive(), "two");
  EXPECT_EQ(sql.receive(), "three");
}

TEST_F(Wires, KeepWhatIsImposedInANewDaemonUntilItIsCleared) {
  start_with(tun_lab());
  impose({"plan", "--loss", "100%"});
  const UdpSocket app("eg-app-web-0");
  UdpSocket sql("eg-host-sql", kPort);
  app.send("lost", ip("10.1.2.4"), kPort);
  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  app.send("lost, too", ip("10.1.2.4"), kPort);
  ASSERT_TRUE(machine_.start());
  EXPECT_EQ(first_wire()["impairment"]["loss"], "100%");
  EXPECT_THAT(machine_.ctl({"explain", "web", "udp://10.1.2.4:7001", "--verify"}).out,
              HasSubstr("the wire of plan/0 is impaired"));
  app.send("still lost", ip("10.1.2.4"), kPort);
  ASSERT_TRUE(machine_.apply(tun_lab() + "\n"));
  app.send("lost behind an apply", ip("10.1.2.4"), kPort);
  impose({"plan", "--clear"});
  app.send("back", ip("10.1.2.4"), kPort);
  EXPECT_EQ(sql.receive(), "back");
  EXPECT_TRUE(first_wire()["impairment"].is_null());
}

TEST_F(Wires, EndWhatIsImposedWithoutTheDaemon) {
  start_with(tun_lab());
  const auto begin = std::chrono::steady_clock::now();
  impose({"plan", "--loss", "100%", "--for", "3s"});
  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  const UdpSocket app("eg-app-web-0");
  const UdpSocket sql("eg-host-sql", kPort);
  ASSERT_TRUE(eventually([&] {
    app.send("when", ip("10.1.2.4"), kPort);
    return !sql.empty();
  }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(first_wire()["impairment"].is_null());
  EXPECT_TRUE(machine_.comes_in_sync());
}

TEST_F(Wires, GoBackToWhatTheLabSays) {
  start_with(replaced(contract_lab(), "sku: P1v3",
                      "sku: P1v3, interface: tun, impairment: {latency: 5ms}"));
  EXPECT_EQ(first_wire()["impairment"]["latency"], "5ms");
  impose({"plan/0", "--latency", "7ms", "--for", "5s"});
  EXPECT_EQ(first_wire()["impairment"]["latency"], "7ms");
  EXPECT_TRUE(eventually([&] { return first_wire()["impairment"]["latency"] == "5ms"; }));
  EXPECT_THAT(wire({}).out, AllOf(HasSubstr("plan/0 spoke/integration"), HasSubstr("latency 5ms"),
                                  HasSubstr("plan/1 spoke/integration")));
  EXPECT_THAT(wire({"PLAN/1"}).out,
              AllOf(HasSubstr("plan/1 spoke/integration"), Not(HasSubstr("plan/0"))));
}

TEST_F(Wires, OfAVethPlanAreRefused) {
  start_with(contract_lab());
  EXPECT_THAT(wire({}).out, HasSubstr("no wires"));
  EXPECT_EQ(wire({"plan"}).status, 3);
  const Outcome refused = wire({"plan", "--loss", "1%"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("needs-tun"), HasSubstr("needs interface: tun")));
  EXPECT_EQ(wire({"nobody", "--loss", "1%"}).status, 3);
  for (const Command& usage :
       {Command{"plan", "--loss", "much"}, Command{"--loss", "1%"},
        Command{"plan", "--clear", "--hold"}, Command{"plan", "--for", "1s"},
        Command{"plan", "--step", "0"}, Command{"plan", "--jitter", "1ms"}}) {
    EXPECT_EQ(wire(usage).status, 2) << usage.back();
  }
}

TEST_F(Wires, ChangeTheirKindUnderALab) {
  start_with(contract_lab());
  UdpSocket app("eg-app-web-0");
  UdpSocket sql("eg-host-sql", kPort);
  const auto both_ways = [&](const std::string& text) {
    app.send(text, ip("10.1.2.4"), kPort);
    EXPECT_EQ(sql.receive(), text);
    sql.answer("answer to " + text);
    EXPECT_EQ(app.receive(), "answer to " + text);
    return sql.peer();
  };
  const Ipv4Address before = both_ways("by veth");
  for (const std::string& lab : {tun_lab(), contract_lab(), tun_lab()}) {
    ASSERT_TRUE(machine_.apply(lab));
    EXPECT_EQ(both_ways("on"), before) << "the lease stays, and so does the flow";
  }
  EXPECT_EQ(machine_.ctl({"status"}).status, 0) << machine_.ctl({"status"}).out;
}

}  // namespace
}  // namespace egress::e2e
