// SPDX-License-Identifier: MIT
// Flows that a gateway spreads over several connections: packets go where the evaluator says, and
// routers that speak BGP decide among whom.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/router.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Names = std::vector<std::string>;

constexpr uint16_t kFirstPort = 42000;

class EqualWays : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  // By which connection the flow goes; the kernel agrees where `verified`.
  std::string way_of(const std::string& site, const std::string& url, uint16_t port,
                     bool verified = true) const {
    std::vector<std::string> words{"explain", site, url, "--source-port", std::to_string(port)};
    if (verified) words.emplace_back("--verify");
    const json explained = machine_.ctl_json(words);
    if (verified) {
      EXPECT_EQ(explained.value("observed", json::object()).value("agrees", false), true)
          << explained.dump(1);
    }
    const json ways = explained.value("equalWays", json::array());
    return ways.empty() ? std::string() : ways[0]["connection"].get<std::string>();
  }

  Machine machine_{};
};

TEST_F(EqualWays, TakeEachFlowAsTheEvaluatorSays) {
  const Outcome applied = machine_.ctl({"apply", std::string(LABS) + "/equal-ways.yaml"});
  ASSERT_EQ(applied.status, 0) << applied.err;
  for (const char* const site : {"in-hub", "in-spoke"}) {
    for (const char* const url : {"tcp://192.168.10.5:443", "udp://192.168.10.5:514"}) {
      std::map<std::string, int> flows;
      for (uint16_t port = kFirstPort; port < kFirstPort + 24; ++port) {
        const std::string way = way_of(site, url, port);
        EXPECT_EQ(way_of(site, url, port), way) << "once more";
        ++flows[way];
      }
      EXPECT_THAT(flows, SizeIs(3)) << site << " " << url;
    }
  }
}

// A datagram of which but the first part has ports goes by its flow's way, too.
TEST_F(EqualWays, TakeDatagramsAsAWhole) {
  const Outcome applied = machine_.ctl({"apply", std::string(LABS) + "/equal-ways.yaml"});
  ASSERT_EQ(applied.status, 0) << applied.err;
  constexpr uint16_t kPort = 7000;
  const Names offices{"east", "west", "branch"};
  std::vector<UniqueFd> receivers;
  const sockaddr_in there = socket_address(ip("192.168.10.5"), kPort);
  for (const std::string& office : offices) {
    receivers.push_back(socket_in("eg-host-ledger-" + office, SOCK_DGRAM));
    ASSERT_EQ(
        bind(receivers.back().get(), reinterpret_cast<const sockaddr*>(&there), sizeof(there)), 0);
  }
  const std::string large(5000, 'x');
  for (uint16_t port = kFirstPort; port < kFirstPort + 12; ++port) {
    const UniqueFd sender = socket_in("eg-app-in-hub-0", SOCK_DGRAM);
    const sockaddr_in here = socket_address({}, port);
    ASSERT_EQ(bind(sender.get(), reinterpret_cast<const sockaddr*>(&here), sizeof(here)), 0);
    ASSERT_EQ(sendto(sender.get(), large.data(), large.size(), 0,
                     reinterpret_cast<const sockaddr*>(&there), sizeof(there)),
              static_cast<ssize_t>(large.size()));
    std::vector<pollfd> polled;
    for (const UniqueFd& each : receivers) polled.push_back({each.get(), POLLIN, 0});
    ASSERT_EQ(poll(polled.data(), polled.size(), 20000), 1) << port;
    std::string received(large.size() + 1, ' ');
    for (size_t i = 0; i < polled.size(); ++i) {
      if ((polled[i].revents & POLLIN) == 0) continue;
      EXPECT_EQ(recv(polled[i].fd, received.data(), received.size(), 0),
                static_cast<ssize_t>(large.size()));
      EXPECT_EQ(way_of("in-hub", fmt::format("udp://192.168.10.5:{}", kPort), port, false),
                offices[i]);
    }
  }
}

constexpr const char* kLab = R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      GatewaySubnet: {addressPrefix: 10.0.255.0/27}
      apps: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms]}
virtualNetworkGateways:
  vpn:
    virtualNetwork: hub
    bgpSettings: {asn: 65515, bgpPeeringAddress: 10.0.255.30}
    connections: {east: {enableBgp: true}, west: {enableBgp: true}, north: {enableBgp: true}}
  circuit:
    virtualNetwork: hub
    gatewayType: ExpressRoute
    connections: {east: {enableBgp: true}}
onPremises:
  east:
    localNetworkAddressSpace: [192.168.11.0/24]
    bgpSettings: {asn: 65011, bgpPeeringAddress: 192.168.11.1}
    advertisedPrefixes: [192.168.76.0/23]
  north:
    localNetworkAddressSpace: [192.168.12.0/24]
    bgpSettings: {asn: 65012, bgpPeeringAddress: 192.168.12.1}
    advertisedPrefixes: [192.168.76.0/23]
  west:
    localNetworkAddressSpace: [192.168.13.0/24]
    bgpSettings: {asn: 65013, bgpPeeringAddress: 192.168.13.1}
    advertisedPrefixes: [192.168.76.0/23]
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: hub/apps}}
hosts:
  printer-east: {onPremises: east, ipAddress: 192.168.77.9, listen: [tcp/631]}
  printer-west: {onPremises: west, ipAddress: 192.168.77.9, listen: [tcp/631]}
  printer-north: {onPremises: north, ipAddress: 192.168.77.9, listen: [tcp/631]}
)";

constexpr const char* kPrinter = "tcp://192.168.77.9:631";
constexpr const char* kTalk = "tcp://192.168.77.9:7001";

// A TCP connection by kTalk from an app's port to a machine, which is asked whether it still
// carries.
class Conversation {
 public:
  Conversation(uint16_t port, const std::string& machine)
      : listener_(listener_at({.to = machine, .address = ip("192.168.77.9"), .port = 7001})),
        near_(socket_in("eg-app-web-0", SOCK_STREAM)) {
    const sockaddr_in here = socket_address({}, port);
    const sockaddr_in there = socket_address(ip("192.168.77.9"), 7001);
    EXPECT_EQ(bind(near_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof(here)), 0);
    if (connect(near_.get(), reinterpret_cast<const sockaddr*>(&there), sizeof(there)) == 0) {
      far_ = UniqueFd(accept(listener_.get(), nullptr, nullptr));
    }
  }

  // A word there and one back.
  bool carries() const { return passes(near_, far_) && passes(far_, near_); }

 private:
  static bool passes(const UniqueFd& from, const UniqueFd& to) {
    if (!to.valid() || send(from.get(), "w", 1, MSG_NOSIGNAL) != 1) return false;
    pollfd polled{to.get(), POLLIN, 0};
    char word = 0;
    return poll(&polled, 1, 20000) == 1 && recv(to.get(), &word, 1, 0) == 1 && word == 'w';
  }

  UniqueFd listener_;
  UniqueFd near_;
  UniqueFd far_{};
};

constexpr const char* kPrefix = "192.168.77.0/24";

// Where no session is up, what is declared counts, which is a shorter prefix.
class EqualSessions : public EqualWays {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(EqualWays::SetUp());
    ASSERT_TRUE(machine_.apply(kLab));
  }

  static RouterPlace place(const std::string& name, int number) {
    return {"eg-onprem-" + name, fmt::format("192.168.{}.1", number), 65000 + number,
            "10.0.255.30"};
  }

  // "Active 192.168.11.1"
  Names rows() const {
    Names found;
    const json listed = machine_.ctl_json({"effective-routes", "web"});
    for (const json& row : listed.value("routes", json::array())) {
      if (row["addressPrefix"][0] != kPrefix || row["source"] != "VirtualNetworkGateway") continue;
      found.push_back(fmt::format("{} {}", row["state"].get<std::string>(),
                                  row["nextHopIpAddress"][0].get<std::string>()));
    }
    return found;
  }
  bool rows_become(const Names& wanted) const {
    return eventually([&] { return rows() == wanted; });
  }
  // By source port.
  Names ways() const {
    Names found;
    for (uint16_t port = kFirstPort; port < kFirstPort + 16; ++port) {
      found.push_back(way_of("web", kPrinter, port));
    }
    return found;
  }
};

TEST_F(EqualSessions, ShareWhatTheyTellAtEqualDistance) {
  Router east(place("east", 11), route(kPrefix));
  Router west(place("west", 13), route(kPrefix));
  ASSERT_TRUE(rows_become({"Active 192.168.11.1", "Active 192.168.13.1"})) << machine_.log();
  const Names both = ways();
  EXPECT_THAT(std::set<std::string>(both.begin(), both.end()), ElementsAre("east", "west"));

  Router north(place("north", 12), route(kPrefix));
  ASSERT_TRUE(rows_become({"Active 192.168.11.1", "Active 192.168.12.1", "Active 192.168.13.1"}));
  const Names all = ways();
  EXPECT_THAT(std::set<std::string>(all.begin(), all.end()), ElementsAre("east", "north", "west"));
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] != "north") EXPECT_EQ(all[i], both[i]) << "who comes moves no flow but its own";
  }

  uint16_t port = kFirstPort;
  while (way_of("web", kTalk, port, false) != "east") ++port;
  const Conversation open(port, "eg-host-printer-east");
  EXPECT_TRUE(open.carries());

  // What has been in one system more is no way any longer.
  north.tell(fmt::format("route {} blackhole {{ bgp_path.prepend(65099); }}; ", kPrefix));
  ASSERT_TRUE(rows_become({"Active 192.168.11.1", "Active 192.168.13.1"})) << machine_.log();
  EXPECT_EQ(ways(), both);
  north.tell(route(kPrefix));
  ASSERT_TRUE(rows_become({"Active 192.168.11.1", "Active 192.168.12.1", "Active 192.168.13.1"}))
      << machine_.log();
  EXPECT_EQ(ways(), all);

  // Nor is one whose session ends, and the flows of the others stay.
  west.end();
  ASSERT_TRUE(rows_become({"Active 192.168.11.1", "Active 192.168.12.1"}));
  const Names left = ways();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] != "west") EXPECT_EQ(left[i], all[i]) << "who goes moves no flow but its own";
  }
  EXPECT_TRUE(open.carries());
  north.tell("");
  ASSERT_TRUE(rows_become({"Active 192.168.11.1"}));
  EXPECT_EQ(way_of("web", kPrinter, kFirstPort), "") << "nothing to choose";
  EXPECT_TRUE(open.carries());
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.ctl({"status"}).out;
  EXPECT_THAT(machine_.log(), ::testing::Not(HasSubstr("drift")));
}

TEST_F(EqualSessions, GiveWayToExpressRoute) {
  Router east(place("east", 11), route(kPrefix));
  Router west(place("west", 13), route(kPrefix));
  ASSERT_TRUE(rows_become({"Active 192.168.11.1", "Active 192.168.13.1"})) << machine_.log();
  RouterPlace of_circuit = place("east", 11);
  of_circuit.gateway = "10.0.255.4";
  east.end();
  Router circuit(of_circuit, route(kPrefix));
  ASSERT_TRUE(rows_become({"Active 192.168.11.1", "Invalid 192.168.13.1"})) << machine_.log();
  const json explained = machine_.ctl_json({"explain", "web", kPrinter, "--verify"});
  EXPECT_EQ(explained["observed"]["agrees"], true) << explained.dump(1);
  EXPECT_EQ(explained["decidedBy"]["name"], "gateways/circuit");
  circuit.end();
  ASSERT_TRUE(rows_become({"Active 192.168.13.1"}));
}

}  // namespace
}  // namespace egress::e2e
