// SPDX-License-Identifier: MIT
// Real speakers of networks on-premises: what a gateway learns from them replaces what the lab says
// that they advertise, for as long as a session is up.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/e2e/router.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Prefixes = std::set<std::string>;

constexpr const char* kNetns = "eg-onprem-headquarters";
constexpr const char* kGateway = "eg-gateway-vpn";
constexpr const char* kPrinter = "tcp://192.168.77.9:631";
constexpr const char* kBird = "/usr/sbin/bird";  // as gateways run it
constexpr uint16_t kPort = 7000;

constexpr const char* kLab = R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      GatewaySubnet: {addressPrefix: 10.0.255.0/27}
      apps: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      machines: {addressPrefix: 10.0.2.0/24}
virtualNetworkGateways:
  vpn:
    virtualNetwork: hub
    bgpSettings: {asn: 65515, bgpPeeringAddress: 10.0.255.30}
    connections: {headquarters: {enableBgp: true}, factory: {}}
onPremises:
  headquarters:
    localNetworkAddressSpace: [192.168.10.0/24]
    bgpSettings: {asn: 65010, bgpPeeringAddress: 192.168.10.1}
    advertisedPrefixes: [192.168.0.0/16]
  factory: {localNetworkAddressSpace: [172.16.5.0/24]}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: hub/apps}}
hosts:
  client: {subnet: hub/machines, ipAddress: 10.0.2.4}
  server: {subnet: hub/machines, ipAddress: 10.0.2.5}
  ledger: {onPremises: headquarters, ipAddress: 192.168.10.5, listen: [tcp/443]}
  printer: {onPremises: headquarters, ipAddress: 192.168.77.9, listen: [tcp/631]}
)";

class Headquarters : public Router {
 public:
  explicit Headquarters(const std::string& routes)
      : Router({kNetns, "192.168.10.1", 65010, "10.0.255.30"}, routes) {}
};

class Bgp : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(kLab));
  }

  // Active rows that come from the gateway, but for static ones.
  Prefixes learned() const {
    Prefixes found;
    const json listed = machine_.ctl_json({"effective-routes", "web"});
    for (const json& row : listed.value("routes", json::array())) {
      const std::string prefix = row["addressPrefix"][0];
      if (row["source"] == "VirtualNetworkGateway" && row["state"] == "Active" &&
          prefix != "192.168.10.0/24" && prefix != "172.16.5.0/24") {
        found.insert(prefix);
      }
    }
    return found;
  }
  bool comes_to(const Prefixes& prefixes) const {
    return eventually([&] { return learned() == prefixes; });
  }
  // Evaluator and kernel say the same, which is whether the packet arrives.
  bool verified(const std::string& url, bool arrives) const {
    const std::string agreed = arrives ? "The kernel agrees: the packet arrived"
                                       : "The kernel agrees: the packet did not arrive";
    return eventually([&] {
      return machine_.ctl({"explain", "web", url, "--verify"}).out.find(agreed) !=
             std::string::npos;
    });
  }
  json connection() const {
    const json status = machine_.ctl_json({"status"});
    for (const json& each : status["gateways"][0]["connections"]) {
      if (each["onPremises"] == "headquarters") return each;
    }
    return {};
  }
  bool is_connected(bool wanted) const {
    return eventually(
        [&] { return connection()["session"] == (wanted ? "Connected" : "Connecting"); });
  }

  Machine machine_{};
};

TEST_F(Bgp, WhatARouterAnnouncesReplacesWhatTheLabSaysWhileItsSessionIsUp) {
  EXPECT_EQ(learned(), Prefixes{"192.168.0.0/16"});
  EXPECT_TRUE(verified(kPrinter, true));
  EXPECT_TRUE(is_connected(false)) << machine_.ctl({"status"}).out << machine_.log();

  Headquarters router(route("192.168.77.0/24") + route("10.0.0.0/16"));
  EXPECT_TRUE(comes_to({"192.168.77.0/24"}))
      << machine_.log() << router.asked("show protocols all");
  EXPECT_TRUE(is_connected(true));
  EXPECT_EQ(connection()["learned"], 1);
  EXPECT_TRUE(verified(kPrinter, true));
  EXPECT_THAT(machine_.ctl({"status"}).out, HasSubstr("Connected"));
  EXPECT_THAT(router.asked("show route protocol azure"), HasSubstr("10.0.0.0/16"));

  router.tell(route("192.168.78.0/24"));
  EXPECT_TRUE(comes_to({"192.168.78.0/24"}));
  EXPECT_TRUE(verified(kPrinter, false));

  router.tell("");
  EXPECT_TRUE(comes_to({})) << "a session that says nothing replaces, too";
  EXPECT_TRUE(is_connected(true));
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.ctl({"status"}).out;

  router.end();
  EXPECT_TRUE(comes_to({"192.168.0.0/16"}));
  EXPECT_TRUE(is_connected(false));
  EXPECT_TRUE(verified(kPrinter, true));
  EXPECT_THAT(machine_.log(), ::testing::Not(HasSubstr("drift")));
}

TEST_F(Bgp, AThousandPrefixesAreLearnedAndWithdrawnTogether) {
  std::string routes;
  Prefixes prefixes;
  for (int number = 0; number < 1000; ++number) {
    const std::string prefix = fmt::format("172.{}.{}.0/24", 24 + number / 256, number % 256);
    routes += route(prefix);
    prefixes.insert(prefix);
  }
  Headquarters router(routes);
  EXPECT_TRUE(comes_to(prefixes)) << machine_.log();
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.ctl({"status"}).out;
  const std::string tables = run({"ip", "-n", "eg-vnet-hub", "route", "show", "table", "all"}).out;
  EXPECT_THAT(tables, HasSubstr("172.24.7.0/24"));
  router.tell("");
  EXPECT_TRUE(comes_to({}));
  EXPECT_TRUE(machine_.comes_in_sync());
}

// Nobody else's packets are lost, and the daemon answers meanwhile.
TEST_F(Bgp, FlapsDisturbNobodyElse) {
  UdpFlow packets({"eg-host-client", "eg-host-server", ip("10.0.2.5"), kPort});
  TcpStream stream({"eg-app-web-0", "eg-host-ledger", ip("192.168.10.5"), kPort});
  ASSERT_TRUE(eventually([&] { return packets.received() > 100 && stream.received() > 100; }));
  Headquarters router(route("192.168.77.0/24"));
  ASSERT_TRUE(comes_to({"192.168.77.0/24"}));
  const auto flap = run_script(
      fmt::format("for i in $(seq 40); do birdc -s {0} disable announced >/dev/null; sleep 0.05; "
                  "birdc -s {0} enable announced >/dev/null; sleep 0.05; done",
                  router.control()));
  EXPECT_EQ(flap.status, 0) << flap.err;
  EXPECT_EQ(machine_.ctl({"clock"}).status, 0);
  EXPECT_TRUE(comes_to({"192.168.77.0/24"}));
  const uint64_t dropped = dropped_by_queues();
  const uint64_t streamed = stream.received();
  EXPECT_TRUE(eventually([&] { return stream.received() > streamed; }));
  packets.stop();
  stream.stop();
  EXPECT_LE(packets.sent() - packets.received(), dropped);
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.ctl({"status"}).out;
}

TEST_F(Bgp, OutlivesTheDaemonAndGoesWithTheLab) {
  Headquarters router(route("192.168.77.0/24"));
  ASSERT_TRUE(comes_to({"192.168.77.0/24"}));
  const auto bird = [] { return processes_with(kBird); };
  const auto before = bird();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(machine_.stop(), 0);
  ASSERT_TRUE(machine_.start());
  EXPECT_EQ(learned(), Prefixes{"192.168.77.0/24"}) << "from the first moment on";
  EXPECT_EQ(bird(), before);
  EXPECT_TRUE(is_connected(true));
  // A route that somebody adds beside those is the speaker's to judge, and one elsewhere is ours.
  by_hand(fmt::format("ip -n {} route add 203.0.113.0/24 dev eth0", kGateway));
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(learned(), Prefixes{"192.168.77.0/24"});
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_THAT(bird(), IsEmpty());
}

// What a gateway tells changes with its network, and no session ends for that.
TEST_F(Bgp, ANewPrefixOfTheNetworkIsToldInTheSessionsThatAreUp) {
  Headquarters router(route("192.168.77.0/24"));
  ASSERT_TRUE(comes_to({"192.168.77.0/24"}));
  const auto since = [&] {
    const std::string line = router.asked("show protocols azure");
    return line.substr(line.rfind("azure"));
  };
  const auto bird = processes_with(kBird);
  const std::string before = since();
  EXPECT_THAT(before, HasSubstr("Established"));
  ASSERT_EQ(
      machine_.ctl({"set", "virtualNetworks.hub.addressPrefixes", "[10.0.0.0/16, 10.9.0.0/16]"})
          .status,
      0);
  EXPECT_TRUE(eventually([&] {
    return router.asked("show route protocol azure").find("10.9.0.0/16") != std::string::npos;
  }));
  EXPECT_EQ(processes_with(kBird), bird);
  EXPECT_EQ(since(), before) << "the time since when it is up, too";
  EXPECT_EQ(learned(), Prefixes{"192.168.77.0/24"});
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.ctl({"status"}).out;
}

TEST_F(Bgp, ASpeakerThatIsKilledComesBackAndLearnsAgain) {
  Headquarters router(route("192.168.77.0/24"));
  ASSERT_TRUE(comes_to({"192.168.77.0/24"}));
  const auto bird = processes_with(kBird);
  ASSERT_EQ(bird.size(), 1U);
  ASSERT_EQ(::kill(bird.front(), SIGKILL), 0);
  EXPECT_TRUE(eventually([&] {
    const auto now = processes_with(kBird);
    return now.size() == 1 && now != bird;
  }));
  EXPECT_TRUE(is_connected(true));
  EXPECT_TRUE(comes_to({"192.168.77.0/24"}));
}

// FRR's bgpd alone, without what would give its routes to a kernel.
TEST_F(Bgp, AnotherSpeakerIsUnderstoodToo) {
  by_hand("mount -t tmpfs none /var/tmp");  // where it writes, whatever it is told
  const Folder folder;
  folder.write("bgpd.conf", R"(
router bgp 65010
 bgp router-id 192.168.10.1
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.0.255.30 remote-as 65515
 neighbor 10.0.255.30 ebgp-multihop
 neighbor 10.0.255.30 timers connect 1
 neighbor 10.0.255.30 update-source 192.168.10.1
 address-family ipv4 unicast
  network 192.168.77.0/24
 exit-address-family
)");
  Background bgpd({"ip", "netns", "exec", kNetns, "/usr/lib/frr/bgpd", "--no_zebra", "-f",
                   folder / "bgpd.conf", "-i", folder / "bgpd.pid", "--vty_socket", folder / "",
                   "-P", "0", "--skip_runas", "--log", "stdout"},
                  "");
  EXPECT_TRUE(comes_to({"192.168.77.0/24"})) << machine_.log();
  EXPECT_TRUE(verified(kPrinter, true));
  bgpd.end(SIGTERM);
  EXPECT_TRUE(comes_to({"192.168.0.0/16"}));
}

}  // namespace
}  // namespace egress::e2e
