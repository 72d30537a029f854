// SPDX-License-Identifier: MIT
// What `egressctl watch` shows of what apps do, by links of either kind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>
#include <string>
#include <utility>

#include "tests/e2e/watching.hpp"
#include "tests/support/udp_socket.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;

constexpr uint16_t kDenied = 7000;
constexpr uint16_t kAllowed = 7001;

// One of its rules denies UDP to port 7000.
std::string lab_with(const std::string& interface) {
  std::string lab = replaced(contract_lab(), "sku: P1v3", "sku: P1v3, interface: " + interface);
  lab = replaced(lab, "access: Deny, protocol: Tcp", "access: Deny, protocol: Udp");
  return replaced(lab, "destinationPortRange: \"1433\"", "destinationPortRange: \"7000\"");
}

class Watch : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(lab_with(GetParam())));
  }
  // A flow of its own each time.
  static void send(const char* netns, uint16_t port) {
    UdpSocket(netns).send("hello", ip("10.1.2.4"), port);
  }

  Machine machine_{};
};

TEST_P(Watch, ShowsFlowsAsAppsBeginThem) {
  EXPECT_THAT(first_line(machine_, {"web/1"}, ":7001", [] { send("eg-app-web-1", kAllowed); }),
              HasSubstr(" web/1 udp 10.1.2.4:7001 allowed by "));
  EXPECT_THAT(first_line(machine_, {}, "DENIED", [] { send("eg-app-web-0", kDenied); }),
              HasSubstr(" web/0 udp 10.1.2.4:7000 DENIED by nsg-integration/deny-sql  "
                        "virtualNetwork as 10.1.1."));
}

TEST_P(Watch, TellsWhatARuleHasDropped) {
  const json drop =
      json::parse(first_line(machine_, {"--denied", "-o", "json"}, "\"drop\".*\"web/0\"",
                             [] { send("eg-app-web-0", kDenied); }));
  EXPECT_EQ(drop["rule"], "nsg-integration/deny-sql");
  EXPECT_EQ(drop["direction"], "Outbound");
  EXPECT_EQ(drop["where"], "spoke/integration");
  EXPECT_EQ(drop["app"], "web/0");
  EXPECT_EQ(drop["port"], kDenied);
}

TEST_P(Watch, ShowsOneAppsFlowsAlone) {
  const std::string line = first_line(machine_, {"web/1", "--denied"}, "DENIED", [] {
    send("eg-app-web-0", kDenied);
    send("eg-app-web-1", kAllowed);
    send("eg-app-web-1", kDenied);
  });
  EXPECT_THAT(line, HasSubstr(" web/1 udp 10.1.2.4:7000 DENIED"));
}

TEST_P(Watch, SeesInstancesThatComeLater) {
  EXPECT_EQ(machine_.ctl({"watch", "web/2"}).status, 3);
  bool applied = false;
  const auto provoke = [&] {
    if (!std::exchange(applied, true)) {
      EXPECT_TRUE(machine_.apply(replaced(lab_with(GetParam()), "capacity: 2", "capacity: 3")));
    }
    send("eg-app-web-2", kAllowed);
  };
  EXPECT_THAT(first_line(machine_, {}, "web/2", provoke),
              HasSubstr(" web/2 udp 10.1.2.4:7001 allowed"));
}

// A hub's firewall is on the way to the data of the contract's lab.
TEST_P(Watch, TellsWhatAFirewallHasDropped) {
  const std::string rules =
      "enableIPForwarding: true, networkRules: {web: {priority: 100, action: Allow, ipProtocols: "
      "[TCP], sourceAddresses: ['*'], destinationAddresses: ['*'], destinationPorts: ['443']}}";
  ASSERT_TRUE(machine_.apply(replaced(lab_with(GetParam()), "enableIPForwarding: true", rules)));
  const json drop =
      json::parse(first_line(machine_, {"--denied", "-o", "json"}, "\"drop\".*\"web/0\"", [] {
        UdpSocket("eg-app-web-0").send("hello", ip("93.184.216.34"), kAllowed);
      }));
  EXPECT_EQ(drop["rule"], "firewall/DenyAll");
  EXPECT_EQ(drop["direction"], nullptr);
  EXPECT_EQ(drop["where"], "hub/firewall");
  EXPECT_EQ(drop["app"], "web/0");
}

INSTANTIATE_TEST_SUITE_P(By, Watch, ::testing::Values("veth", "tun"),
                         [](const auto& kind) { return std::string(kind.param); });

// What it does before it asks the daemon for anything.
bool catches_interrupts(pid_t pid) {
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("SigCgt:", 0) != 0) continue;
    return (std::stoull(line.substr(7), nullptr, 16) >> (SIGINT - 1) & 1U) != 0;
  }
  return false;
}

class WatchCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(contract_lab()));
  }
  Machine machine_{};
};

TEST_F(WatchCommand, EndsWhenItsTimeIsOver) {
  EXPECT_EQ(machine_.ctl({"watch", "--for", "1s"}).status, 0);
}

TEST_F(WatchCommand, EndsInGoodOrderWhenItIsInterrupted) {
  Background watch(machine_.ctl_command({"watch", "web/0"}), "");
  ASSERT_TRUE(eventually([&] { return catches_interrupts(watch.pid()); }));
  EXPECT_EQ(watch.end(SIGINT), 0);
}

TEST_F(WatchCommand, SaysWhatItCannotWatch) {
  const Outcome nobody = machine_.ctl({"watch", "wbe"});
  EXPECT_EQ(nobody.status, 3);
  EXPECT_THAT(nobody.err, HasSubstr("web"));
  const Outcome packets = machine_.ctl({"watch", "web", "--packets"});
  EXPECT_EQ(packets.status, 3);
  EXPECT_THAT(packets.err, HasSubstr("needs interface: tun"));
  EXPECT_EQ(machine_.ctl({"watch", "--for", "soon"}).status, 2);
}

TEST_F(WatchCommand, FailsWhenTheDaemonGoes) {
  Background watch(machine_.ctl_command({"watch"}), "");
  ASSERT_TRUE(eventually([&] { return catches_interrupts(watch.pid()); }));
  // It asks as soon as it does, and has begun when one that asks behind it has.
  EXPECT_EQ(machine_.ctl({"watch", "--for", "1s"}).status, 0);
  machine_.stop(SIGKILL);
  EXPECT_EQ(watch.wait(), 3);
}

}  // namespace
}  // namespace egress::e2e
