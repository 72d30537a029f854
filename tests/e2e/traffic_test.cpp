// SPDX-License-Identifier: MIT
// Programs in emulated apps, and what the far ends of their connections see.

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
using ::testing::StartsWith;

// Denied packets vanish, so a denied connection is only seen by giving up on it.
constexpr const char* kGiveUpSeconds = "2";

class Traffic : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  void apply(const std::string& text) const { ASSERT_TRUE(machine_.apply(text)); }
  // The answer of the host at the other end of `url` (http) as the app gets it.
  json ask(const std::string& app, const std::string& url) const {
    const Outcome asked = machine_.exec(app, {"curl", "-sS", "--max-time", "10", url});
    const json answer = json::parse(asked.out, nullptr, false);
    EXPECT_TRUE(answer.is_object()) << asked.out << asked.err;
    return answer.is_object() ? answer : json::object();
  }
  // The first line of a TCP port, or the first datagram of a UDP port.
  json line(const std::string& app, const std::string& target) const {
    const Outcome asked = machine_.exec(app, {"sh", "-c", "echo | socat -t3 - " + target});
    const json answer = json::parse(asked.out.substr(0, asked.out.find('\n')), nullptr, false);
    EXPECT_TRUE(answer.is_object()) << asked.out << asked.err;
    return answer.is_object() ? answer : json::object();
  }
  bool connects(const std::string& app, const std::string& address, const std::string& port) const {
    const std::string connection = "exec 3<>/dev/tcp/" + address + "/" + port;
    return machine_.exec(app, {"timeout", kGiveUpSeconds, "bash", "-c", connection}).status == 0;
  }
  std::string verdict(const std::string& app, const std::string& url) const {
    return machine_.ctl_json({"explain", app, url}).value("verdict", "none");
  }

  Machine machine_{};
};

TEST_F(Traffic, LeavesThroughTheFirewallWithApplicationRoutingOn) {
  apply(contract_lab());
  const json answer = ask("web", "http://93.184.216.34/");
  EXPECT_EQ(answer.value("host", ""), "website");
  EXPECT_THAT(answer.value("peer", ""), StartsWith("20.61.0.10:"));
  EXPECT_EQ(answer.value("local", ""), "93.184.216.34:80");
  const json explained = machine_.ctl_json({"explain", "web", "tcp://93.184.216.34:80"});
  EXPECT_EQ(explained.value("path", ""), "virtualNetwork");
  EXPECT_EQ(explained.value("source", ""), "20.61.0.10");
  EXPECT_EQ(explained["nextHop"], json({{"type", "VirtualAppliance"}, {"ipAddress", "10.0.1.4"}}));
}

TEST_F(Traffic, LeavesDirectlyWithApplicationRoutingOff) {
  apply(replaced(contract_lab(), "applicationTraffic: true", "applicationTraffic: false"));
  for (const std::string app : {"web", "web/1"}) {
    const json explained = machine_.ctl_json({"explain", app, "tcp://93.184.216.34:80"});
    EXPECT_EQ(explained.value("path", ""), "direct");
    const std::string peer = ask(app, "http://93.184.216.34/").value("peer", "");
    EXPECT_THAT(peer, AnyOf(StartsWith("20.50.1.4:"), StartsWith("20.50.1.5:")));
    EXPECT_EQ(peer.substr(0, peer.find(':')), explained.value("source", ""));
  }
}

TEST_F(Traffic, CarriesUdpAndTcpWithTheSourceThatExplainNames) {
  apply(contract_lab());
  EXPECT_THAT(line("web", "UDP:93.184.216.34:9999").value("peer", ""), StartsWith("20.61.0.10:"));
  EXPECT_THAT(line("web", "TCP:93.184.216.34:443").value("peer", ""), StartsWith("20.61.0.10:"));
  const json sql = line("web", "TCP:10.1.2.4:443");
  EXPECT_EQ(sql.value("host", ""), "sql");
  const json explained = machine_.ctl_json({"explain", "web", "tcp://10.1.2.4:443"});
  EXPECT_THAT(sql.value("peer", ""), StartsWith(explained.value("source", "none") + ":"));
}

TEST_F(Traffic, DeniedPacketsVanish) {
  apply(contract_lab());
  EXPECT_TRUE(connects("web", "10.1.2.4", "443"));
  EXPECT_FALSE(connects("web", "10.1.2.4", "1433"));
  EXPECT_EQ(verdict("web", "tcp://10.1.2.4:1433"), "Deny");
}

TEST_F(Traffic, AClosedPortRefusesAtOnce) {
  apply(contract_lab());
  const Outcome asked =
      machine_.exec("web", {"curl", "-sS", "--max-time", "60", "http://10.1.2.4:444/"});
  constexpr int kCurlCannotConnect = 7;
  EXPECT_EQ(asked.status, kCurlCannotConnect) << asked.err;
}

TEST_F(Traffic, AnIntegrationCannotBeConnectedTo) {
  apply(contract_lab());
  for (const char* netns : {"eg-host-sql", "eg-host-firewall"}) {
    const Outcome asked =
        run({"ip", "netns", "exec", netns, "curl", "-sS", "--max-time", "60", "http://10.1.1.4/"});
    constexpr int kCurlCannotConnect = 7;
    EXPECT_EQ(asked.status, kCurlCannotConnect) << netns << ": " << asked.err;
  }
}

TEST_F(Traffic, AppsOfOnePlanDoNotReachEachOther) {
  apply(replaced(contract_lab(), "  web:\n",
                 "  api: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}\n  web:\n"));
  const std::string addresses =
      machine_.exec("api", {"sh", "-c", "ip -4 -o addr show | awk '{print $4}'"}).out;
  EXPECT_THAT(addresses, HasSubstr("169.254."));
  const Background server({"bash", "-c",
                           "ip -n eg-app-api-0 link set lo up; echo up; exec ip netns exec "
                           "eg-app-api-0 socat TCP-LISTEN:8080,fork,reuseaddr EXEC:true"},
                          "up");
  ASSERT_TRUE(eventually([] {
    return run({"ip", "netns", "exec", "eg-app-api-0", "ss", "-Hltn"}).out.find(":8080") !=
           std::string::npos;
  }));
  const std::string reach = R"(
    for address in $(ip netns exec eg-app-api-0 ip -4 -o addr show |
                     awk '{sub("/.*", "", $4); print $4}' | grep -v ^127); do
      if ip netns exec eg-app-web-0 timeout 1 bash -c "exec 3<>/dev/tcp/$address/8080" 2>&-; then
        echo reached $address
      fi
    done
    ip netns exec eg-app-api-0 bash -c "exec 3<>/dev/tcp/127.0.0.1/8080" && echo listens)";
  EXPECT_EQ(run_script(reach).out, "listens\n");
}

TEST_F(Traffic, EstablishedConnectionsOutliveARuleThatDeniesNewOnes) {
  apply(contract_lab());
  Background session(machine_.ctl_command({"exec", "web", "--", "bash", "-c",
                                           "exec 3<>/dev/tcp/10.1.2.4/443; read -r line <&3; "
                                           "echo open; read -r word; echo $word >&3; "
                                           "read -r answer <&3; echo $answer"}),
                     "open");
  ASSERT_TRUE(session.ready());
  apply(
      replaced(contract_lab(), "destinationPortRange: \"1433\"", "destinationPortRange: \"443\""));
  EXPECT_FALSE(connects("web", "10.1.2.4", "443"));
  session.say("still-here\n");
  EXPECT_TRUE(session.says("still-here"));
  EXPECT_EQ(session.wait(), 0);
}

TEST_F(Traffic, StatusCountsThePortsThatAnInstanceHoldsOfAppServicesTranslation) {
  apply(replaced(contract_lab(), "applicationTraffic: true", "applicationTraffic: false"));
  UdpSocket website("eg-host-website", 7000);
  for (int i = 0; i < 3; ++i) {
    UdpSocket("eg-app-web-1").send("hello", ip("93.184.216.34"), 7000);
    EXPECT_EQ(website.receive(), "hello");
  }
  const json expected{{"instance", "plan/1"},
                      {"address", website.peer().to_string()},
                      {"destination", "93.184.216.34"},
                      {"port", 7000},
                      {"protocol", "udp"},
                      {"used", 3}};
  EXPECT_EQ(machine_.ctl_json({"status"})["snat"], json::array({expected}));
}

TEST_F(Traffic, VerifySendsThePacketThatWasExplained) {
  apply(contract_lab());
  EXPECT_EQ(verdict("web", "udp://10.1.2.4:514"), "Allow");
  const json verified = machine_.ctl_json({"explain", "web", "udp://10.1.2.4:514", "--verify"});
  EXPECT_TRUE(verified.contains("observed")) << verified;
  EXPECT_EQ(machine_.ctl({"explain", "web", "udp://10.1.2.4:514", "--verify"}).status, 0);
}

TEST_F(Traffic, VerifyShowsTheDecisionForThePortThatItSendsFrom) {
  apply(replaced(contract_lab(), "sourcePortRange: \"*\"", "sourcePortRange: 32768-49999"));
  const Command ask = {"explain", "web", "tcp://10.1.2.4:1433", "--verify"};
  const json assumed = machine_.ctl_json(ask);
  EXPECT_EQ(assumed.value("verdict", ""), "Allow");
  EXPECT_EQ(assumed["observed"].value("arrived", false), true);
  EXPECT_GE(assumed["observed"].value("sourcePort", 0), 50000);
  Command told = ask;
  told.insert(told.end(), {"--source-port", "40000"});
  const json denied = machine_.ctl_json(told);
  EXPECT_EQ(denied.value("verdict", ""), "Deny");
  EXPECT_EQ(denied["observed"].value("arrived", true), false);
  EXPECT_EQ(denied["observed"].value("sourcePort", 0), 40000);
  EXPECT_EQ(denied["observed"].value("agrees", false), true);
}

}  // namespace
}  // namespace egress::e2e
