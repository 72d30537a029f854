// SPDX-License-Identifier: MIT
// What speakers learn, as it comes into force.
#include "egressd/gateway_sessions.hpp"

#include <fmt/format.h>

#include "tests/support/values.hpp"
#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using testing_support::prefix;

constexpr const char* kGatewayLab = R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      GatewaySubnet: {addressPrefix: 10.0.255.0/27}
      apps: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms]}
virtualNetworkGateways: {vpn: {virtualNetwork: hub, connections: {office: {enableBgp: true}}}}
onPremises:
  office:
    bgpSettings: {asn: 65010, bgpPeeringAddress: 192.168.10.1}
    advertisedPrefixes: [192.168.0.0/16]
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: hub/apps}}
)";

class GatewaySessionsTest : public DaemonTest {
 protected:
  GatewaySessionsTest() { terms_.bird_installed = true; }
  void SetUp() override {
    start();
    ASSERT_EQ(apply(kGatewayLab)["failed"].size(), 0U);
    const std::string head = "kernel table ";
    const std::string text =
        kernel_.state().at("eg-gateway-vpn")->processes.at("bgp").files.at("bird.conf");
    table_ = static_cast<uint32_t>(std::stoul(text.substr(text.find(head) + head.size())));
  }
  void says(bool up, const std::vector<LearnedPrefix>& learned) {
    const std::string answer = fmt::format("1002-session{} BGP --- {} 14:40:42 Info\n0000 \n",
                                           table_, up ? "up" : "start");
    kernel_.let_speak({{"eg-gateway-vpn", {{{table_, learned}}, answer}}});
  }
  std::string routes() {
    std::string text;
    const Json effective = Json::parse(get("/v1/effective-routes?site=web").body);
    for (const Json& row : effective["routes"]) {
      if (row["source"] != "VirtualNetworkGateway") continue;
      text += row["addressPrefix"][0].get<std::string>() + " ";
    }
    return text;
  }
  bool routes_become(const std::string& wanted) {
    return testing_support::eventually([&] { return routes() == wanted; });
  }

  uint32_t table_ = 0;  // of the one session
};

TEST_F(GatewaySessionsTest, ReplaceWhatIsAdvertisedWhileTheyAreUp) {
  EXPECT_EQ(routes(), "192.168.0.0/16 ");
  says(true, {{prefix("172.16.1.0/24")}});
  EXPECT_TRUE(routes_become("172.16.1.0/24 "));
  EXPECT_TRUE(status_becomes([](const Json& status) {
    const Json& connection = status["gateways"][0]["connections"][0];
    return status["inSync"] == true && connection["session"] == "Connected" &&
           connection["learned"] == 1;
  }));
  EXPECT_TRUE(status()["lastRepair"].is_null()) << "nobody but us has changed anything";
  says(true, {});
  EXPECT_TRUE(routes_become(""));
  says(false, {});
  EXPECT_TRUE(routes_become("192.168.0.0/16 "));
}

TEST_F(GatewaySessionsTest, ThatComeUpAndSayNothingCountAfterAWhile) {
  says(true, {});
  EXPECT_TRUE(routes_become(""));
}

TEST_F(GatewaySessionsTest, AreAskedBeforeTheFirstPassOfTheNextDaemon) {
  says(true, {{prefix("172.16.1.0/24")}});
  ASSERT_TRUE(routes_become("172.16.1.0/24 "));
  stop();
  start();
  EXPECT_EQ(routes(), "172.16.1.0/24 ");
  EXPECT_TRUE(status_becomes([](const Json& status) { return status["inSync"] == true; }));
}

TEST_F(GatewaySessionsTest, DoNotStandInTheWayOfWhoAsksForSomething) {
  says(true, {{prefix("172.16.1.0/24")}});
  for (int number = 0; number < 20; ++number) {
    says(true, {{prefix(fmt::format("172.16.{}.0/24", number))}});
    const Reply reply = post("/v1/sites/web/restart");
    EXPECT_EQ(reply.status, 200) << reply.body;
  }
  EXPECT_TRUE(routes_become("172.16.19.0/24 "));
}

}  // namespace
}  // namespace egress::daemon
