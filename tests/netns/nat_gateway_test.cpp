// SPDX-License-Identifier: MIT

// What a NAT gateway carries, through a whole lab: an app writes the packets of tens of thousands
// of flows byte by byte, to addresses of nobody, so that no answer ends them.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <set>

#include "kernel/netns_scope.hpp"
#include "lab/limits.hpp"
#include "policy/path_limits.hpp"
#include "tests/netns/connections.hpp"
#include "tests/netns/flow_fixture.hpp"
#include "tests/netns/raw_packets.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/flow_cache.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/udp_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using std::chrono::seconds;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
publicIPAddresses: {one: {ipAddress: 20.61.7.1}}
natGateways: {nat: {publicIpAddresses: [one]}}
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], natGateway: nat}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps,
              outboundVnetRouting: {applicationTraffic: true}}}
hosts: {api: {internet: true, ipAddress: 203.0.113.80}}
)";
constexpr uint16_t kPort = 7000;
constexpr size_t kPorts = lab::kPortsPerAddress;
constexpr size_t kPortsToDestination = policy::kNatPortsToDestination;
constexpr uint16_t kFirstPort = 1024;  // of what the gateway chooses from

using PacketOf = std::function<Bytes(const Ends&, const Ports&)>;
Bytes connecting(const Ends& ends, const Ports& ports) {
  return tcp_packet(ends, ports, TH_SYN);
}
Bytes datagram(const Ends& ends, const Ports& ports) {
  return udp_packet(ends, ports);
}

class NatGateway : public FlowFixture {
 protected:
  NatGateway() : FlowFixture("eg-nat-nat") {}

  void SetUp() override {
    LinuxFixture::SetUp();
    reach(desired_);
  }

  size_t tracked_of(uint8_t protocol) {
    const auto flows = tracked();
    return static_cast<size_t>(std::count_if(
        flows.begin(), flows.end(), [&](const auto& flow) { return flow.protocol == protocol; }));
  }

  Ipv4Address app_address() const {
    for (const state::Address& each : desired_.at("eg-app-web-0")->addresses) {
      if (each.link == app_link()) return each.address;
    }
    ADD_FAILURE() << "the app has no address";
    return {};
  }
  std::string app_link() const {
    for (const auto& [name, link] : desired_.at("eg-app-web-0")->links) {
      if (name.starts_with("vnet0")) return name;
    }
    return {};
  }

  // One flow of the app from each of these ports, which are the first that the gateway may choose.
  struct Flows {
    PacketOf packet_of{};
    Ipv4Address destination{};
    size_t ports = 0;
    uint16_t first_port = kFirstPort;
  };
  void send(const Flows& flows) const {
    const RawSender app("eg-app-web-0", app_link());
    for (size_t i = 0; i < flows.ports; ++i) {
      const auto port = static_cast<uint16_t>(flows.first_port + i);
      app.send(flows.packet_of({app_address(), flows.destination}, {port, kPort}));
    }
  }
  // All of them, sent as often as it takes: a busy machine loses packets between interfaces.
  void fill(uint8_t protocol, const std::vector<Flows>& all) {
    size_t expected = 0;
    for (const Flows& flows : all) expected += flows.ports;
    constexpr int kRounds = 20;
    for (int round = 0; round < kRounds && tracked_of(protocol) < expected; ++round) {
      for (const Flows& flows : all) send(flows);
    }
  }

  // What never is answered is held for 30 s, in which a slow machine does not write all of it.
  static void hold_half_open_flows(seconds time) {
    const UniqueFd place(::open("/run/netns/eg-nat-nat", O_RDONLY | O_CLOEXEC));
    const auto scope = kernel::NetnsScope::enter(place.get());
    ASSERT_TRUE(scope.ok());
    std::ofstream("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent") << time.count();
  }

  void expect_a_datagram_to_arrive() {
    const UdpSocket app("eg-app-web-0");
    UdpSocket server("eg-host-api", kPort);
    app.send("through", kApi, kPort);
    EXPECT_EQ(server.receive(), "through");
    EXPECT_EQ(server.peer(), ip("20.61.7.1"));
  }

  const Ipv4Address kApi = ip("203.0.113.80");
  const Ipv4Address kNobody = ip("203.0.113.200");
  const Ipv4Address kNobodyElse = ip("203.0.113.201");
  const state::KernelState desired_ = compiled(lab_from(kLab), has_flow_cache());
};

TEST_F(NatGateway, Carries64512FlowsUnderAnAddress) {
  constexpr seconds kHeld{600};
  const UniqueFd listener = listener_at({"", "eg-host-api", kApi, kPort});
  hold_half_open_flows(kHeld);
  fill(kTcp, {{connecting, kNobody, kPorts / 2}, {connecting, kNobodyElse, kPorts / 2}});
  EXPECT_EQ(tracked_of(kTcp), kPorts);
  EXPECT_EQ(Connections("eg-app-web-0", kApi, kPort, 1).outcome(), (Connections::Outcome{0, 1}));
  send({connecting, kApi, 1000});
  // Which counts each protocol by itself.
  expect_a_datagram_to_arrive();
  EXPECT_EQ(tracked_of(kTcp), kPorts);
  age(kHeld);
  EXPECT_EQ(Connections("eg-app-web-0", kApi, kPort, 1).outcome(), (Connections::Outcome{1, 0}));
}

TEST_F(NatGateway, Carries50000ToOneDestination) {
  fill(kUdp, {{datagram, kNobody, kPortsToDestination}});
  EXPECT_EQ(tracked_of(kUdp), kPortsToDestination);
  send({datagram, kNobody, 1000, static_cast<uint16_t>(kFirstPort + kPortsToDestination)});
  EXPECT_EQ(tracked_of(kUdp), kPortsToDestination);
  expect_a_datagram_to_arrive();
}

TEST_F(NatGateway, ResetsAnIdleFlow) {
  const UniqueFd listener = listener_at({"", "eg-host-api", kApi, kPort});
  const UniqueFd client = socket_in("eg-app-web-0", SOCK_STREAM);
  const sockaddr_in there = socket_address(kApi, kPort);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
  const UniqueFd far_end(::accept(listener.get(), nullptr, nullptr));
  char byte = 0;
  age(seconds(200));  // not for long enough
  EXPECT_EQ(::send(client.get(), "x", 1, 0), 1);
  EXPECT_EQ(::recv(far_end.get(), &byte, 1, 0), 1);

  age(seconds(240));
  EXPECT_EQ(::send(far_end.get(), "x", 1, 0), 1);
  EXPECT_EQ(::send(client.get(), "x", 1, 0), 1);
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(NatGateway, CarriesNoIcmp) {
  const RawSender app("eg-app-web-0", app_link());
  const RawWatcher api("eg-host-api");
  const Ends ends{app_address(), kApi};
  app.send(numbered(icmp_packet(ends, ICMP_ECHO, 0, {'x'}), 1));
  app.send(numbered(udp_packet(ends, {5000, kPort}), 2));
  std::optional<Seen> seen;
  ASSERT_TRUE(eventually([&] { return (seen = api.next()).has_value(); }));
  EXPECT_EQ(seen->id, 2);
  EXPECT_EQ(seen->source, ip("20.61.7.1"));
}

TEST_F(NatGateway, ShowsOneAddressForAFlowAndEachForSome) {
  reach(compiled(with(lab_from(kLab), "{natGateways: {nat: {publicIpPrefixes: [20.61.9.0/30]}}}"),
                 has_flow_cache()));
  UdpSocket server("eg-host-api", kPort);
  std::set<Ipv4Address> shown;
  constexpr int kFlows = 200;  // of which none shows an address by chance once in 10^19
  for (int i = 0; i < kFlows; ++i) {
    const UdpSocket app("eg-app-web-0");
    app.send("first", kApi, kPort);
    EXPECT_EQ(server.receive(), "first");
    const Ipv4Address address = server.peer();
    app.send("second", kApi, kPort);
    EXPECT_EQ(server.receive(), "second");
    EXPECT_EQ(server.peer(), address);
    shown.insert(address);
  }
  EXPECT_EQ(shown, (std::set{ip("20.61.7.1"), ip("20.61.9.0"), ip("20.61.9.1"), ip("20.61.9.2"),
                             ip("20.61.9.3")}));
}

}  // namespace
}  // namespace egress::kernel_tests
