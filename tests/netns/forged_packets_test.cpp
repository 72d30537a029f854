// SPDX-License-Identifier: MIT

// What nobody may send: apps and machines write packets byte by byte, and nothing arrives that is
// not theirs. Every attempt is followed by a packet that does arrive, so that no test passes
// because the path is dead or a packet still under way.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <map>

#include "compile/names.hpp"
#include "reconcile/pass.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/netns/raw_packets.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/both_interfaces.hpp"
#include "tests/support/flow_cache.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      closed: {addressPrefix: 10.1.2.0/24, networkSecurityGroup: nothing-enters}
      open: {addressPrefix: 10.1.4.0/24}
networkSecurityGroups:
  nothing-enters:
    securityRules:
      deny: {priority: 100, direction: Inbound, access: Deny, protocol: "*",
             sourceAddressPrefix: "*", sourcePortRange: "*",
             destinationAddressPrefix: "*", destinationPortRange: "*"}
serverFarms: {plan: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, outboundVnetRouting: {applicationTraffic: true}}
  neighbour: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, outboundVnetRouting: {applicationTraffic: true}}
  bare: {serverFarm: plan}
hosts:
  vault: {subnet: spoke/closed, ipAddress: 10.1.2.4, listen: [tcp/443]}
  open: {subnet: spoke/open, ipAddress: 10.1.4.4, listen: [udp/53, tcp/443]}
  other: {subnet: spoke/open, ipAddress: 10.1.4.5}
  public: {subnet: spoke/open, ipAddress: 10.1.4.6, masquerade: 20.61.0.10}
  site: {internet: true, ipAddress: 203.0.113.80, listen: [udp/53]}
)";

struct Attempt {
  std::string what{};
  Bytes packet{};
};

class ForgedPackets : public LinuxFixture, public ByInterface {
 protected:
  void SetUp() override {
    LinuxFixture::SetUp();
    stay_on_one_processor();
    const lab::Lab lab = on(GetParam(), lab_from(kLab));
    desired_ = compiled(lab, has_flow_cache());
    const auto report = reconcile::run(kernel(), desired_);
    ASSERT_TRUE(report.in_sync());
    for (const auto& [name, host] : lab.hosts) watchers_.emplace_back("eg-host-" + name);
  }

  // Packets that one processor sends overtake each other nowhere.
  static void stay_on_one_processor() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(::sched_getcpu()), &one);
    EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  }

  Ipv4Address address_of(const std::string& netns, const std::string& link) const {
    for (const state::Address& each : desired_.at(netns)->addresses) {
      if (each.link.starts_with(link)) return each.address;
    }
    ADD_FAILURE() << netns << " has no " << link;
    return {};
  }

  std::string link_of(const std::string& netns, const std::string& head) const {
    for (const auto& [name, link] : desired_.at(netns)->links) {
      if (name.starts_with(head)) return name;
    }
    ADD_FAILURE() << netns << " has no " << head;
    return {};
  }

  RawSender sender(const std::string& netns, const std::string& head) const {
    return {netns, link_of(netns, head)};
  }

  // What arrived of the attempts, each as "WHAT at NAMESPACE from SOURCE". `control` must arrive.
  std::vector<std::string> arrivals(const RawSender& from, const std::vector<Attempt>& attempts,
                                    const Bytes& control) {
    std::map<uint16_t, std::string> sent;
    for (const Attempt& attempt : attempts) {
      sent[++last_id_] = attempt.what;
      from.send(numbered(attempt.packet, last_id_));
    }
    const uint16_t last = ++last_id_;
    from.send(numbered(control, last));
    bool control_came = false;
    std::vector<std::string> arrived;
    EXPECT_TRUE(eventually([&] {
      for (const RawWatcher& watcher : watchers_) {
        while (const auto seen = watcher.next()) {
          control_came = control_came || seen->id == last;
          const auto attempt = sent.find(seen->id);
          if (attempt == sent.end()) continue;
          arrived.push_back(fmt::format("{} at {} from {}", attempt->second, seen->netns,
                                        seen->source.to_string()));
        }
      }
      return control_came;
    })) << "the control did not arrive";
    return arrived;
  }

  // A UDP flow from a namespace to open:53 that has been answered, with its port.
  uint16_t answered_flow(const std::string& netns) {
    const UniqueFd fd = socket_in(netns, SOCK_DGRAM | SOCK_NONBLOCK);
    const sockaddr_in there = socket_address(kOpen, 53);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
    EXPECT_TRUE(eventually([&] {
      char answer = 0;
      (void)::send(fd.get(), "?", 1, 0);
      return ::recv(fd.get(), &answer, 1, 0) > 0;
    }));
    sockaddr_in here{};
    socklen_t size = sizeof here;
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
    return ntohs(here.sin_port);
  }

  void nothing_has_drifted() {
    const auto drift = state::diff(desired_, observe());
    for (const state::Op& op : drift.value()) ADD_FAILURE() << to_text(op);
  }

  const Ipv4Address kOpen = ip("10.1.4.4");
  const Ipv4Address kOther = ip("10.1.4.5");
  const Ipv4Address kPublic = ip("10.1.4.6");
  const Ipv4Address kVault = ip("10.1.2.4");
  const Ipv4Address kSite = ip("203.0.113.80");
  const Ipv4Address kLease = ip("10.1.1.4");
  state::KernelState desired_{};
  std::vector<RawWatcher> watchers_{};
  uint16_t last_id_ = 0;
};

std::vector<Attempt> without_a_flow(const Ends& ends) {
  const Ports ports{5555, 443};
  const auto tcp = [&](uint8_t flags, const Bytes& payload = {}) {
    return tcp_packet(ends, ports, flags, payload);
  };
  constexpr size_t kTcpChecksum = 16;
  constexpr size_t kUdpLength = 5;
  constexpr size_t kUdpChecksum = 6;
  const Bytes udp = udp_packet(ends, {5555, 53});
  return {{"RST", tcp(TH_RST)},
          {"RST+ACK", tcp(TH_RST | TH_ACK)},
          {"RST with a payload", tcp(TH_RST, Bytes(1000, 's'))},
          {"SYN+ACK", tcp(TH_SYN | TH_ACK)},
          {"FIN", tcp(TH_FIN)},
          {"FIN+ACK", tcp(TH_FIN | TH_ACK)},
          {"no flags", tcp(0)},
          {"FIN+PSH+URG", tcp(TH_FIN | TH_PUSH | TH_URG)},
          {"SYN+RST", tcp(TH_SYN | TH_RST)},
          {"SYN+FIN", tcp(TH_SYN | TH_FIN)},
          {"SYN with a wrong checksum", with_byte_changed(tcp(TH_SYN), kTcpChecksum)},
          {"UDP with a wrong checksum", with_byte_changed(udp, kUdpChecksum)},
          {"UDP with a wrong length", with_byte_changed(udp, kUdpLength)},
          {"half a UDP header", ip_packet(ends, kUdp, {1, 2, 3, 4})},
          {"a first fragment alone", ip_packet(ends, kUdp, Bytes(16, 1), IP_MF)},
          {"a later fragment alone", ip_packet(ends, kUdp, Bytes(16, 1), 5)},
          {"an echo reply", icmp_packet(ends, 0, 0, {1})},
          {"a router advertisement", icmp_packet(ends, 9, 0, {1})},
          {"an unknown ICMP type", icmp_packet(ends, 255, 0, {1})}};
}

// ICMP errors to `to` that quote a packet which `to` is said to have sent.
std::vector<Attempt> errors(const Ends& ends, const Bytes& quoted) {
  constexpr uint32_t kSmallMtu = 552;
  return {{"fragmentation needed", icmp_packet(ends, 3, 4, quoted, kSmallMtu)},
          {"host unreachable", icmp_packet(ends, 3, 1, quoted)},
          {"port unreachable", icmp_packet(ends, 3, 3, quoted)},
          {"source quench", icmp_packet(ends, 4, 0, quoted)},
          {"redirect", icmp_packet(ends, 5, 1, quoted)},
          {"time exceeded", icmp_packet(ends, 11, 0, quoted)},
          {"parameter problem", icmp_packet(ends, 12, 0, quoted)}};
}

TEST_P(ForgedPackets, AnAppSendsUnderNoAddressButItsOwn) {
  const RawSender vnet = sender("eg-app-web-0", "vnet0");
  const Ipv4Address own = address_of("eg-app-web-0", "vnet0");
  const Ipv4Address neighbour = address_of("eg-app-neighbour-0", "vnet0");
  const uint16_t port = answered_flow("eg-app-neighbour-0");
  std::vector<Attempt> attempts = {
      {"UDP in the neighbour's flow", udp_packet({neighbour, kOpen}, {port, 53})}};
  for (const Ipv4Address source :
       {neighbour, kLease, kOther, kOpen, kSite, kAzurePlatform, ip("169.254.254.1"),
        ip("169.254.255.1"), address_of("eg-app-web-0", "eth0"), ip("0.0.0.0"), ip("127.0.0.1"),
        ip("224.0.0.5"), ip("255.255.255.255"), address_of("eg-worker-plan-0", "direct0")}) {
    const std::string as = " as " + source.to_string();
    attempts.push_back({"UDP" + as, udp_packet({source, kOpen}, {5555, 53})});
    attempts.push_back({"SYN" + as, tcp_packet({source, kOpen}, {5555, 443}, TH_SYN)});
    attempts.push_back({"ACK" + as, tcp_packet({source, kOpen}, {5556, 443}, TH_ACK)});
    attempts.push_back({"RST" + as, tcp_packet({source, kOpen}, {5557, 443}, TH_RST)});
    attempts.push_back({"echo" + as, icmp_packet({source, kOpen}, 8, 0, {1})});
  }
  EXPECT_THAT(arrivals(vnet, attempts, udp_packet({own, kOpen}, {5555, 53})), IsEmpty());
  nothing_has_drifted();
}

TEST_P(ForgedPackets, AnAppSendsNothingThatBelongsToNoFlow) {
  const RawSender vnet = sender("eg-app-web-0", "vnet0");
  const Ipv4Address own = address_of("eg-app-web-0", "vnet0");
  for (const Ipv4Address to : {kOpen, kVault, kSite}) {
    EXPECT_THAT(arrivals(vnet, without_a_flow({own, to}), udp_packet({own, kOpen}, {5555, 53})),
                IsEmpty())
        << to.to_string();
  }
}

TEST_P(ForgedPackets, AnAppReportsNoErrorsOfOthersFlows) {
  const RawSender vnet = sender("eg-app-web-0", "vnet0");
  const Ipv4Address own = address_of("eg-app-web-0", "vnet0");
  const Ipv4Address neighbour = address_of("eg-app-neighbour-0", "vnet0");
  const uint16_t port = answered_flow("eg-app-neighbour-0");
  const Bytes control = udp_packet({own, kOpen}, {5555, 53});
  for (const Bytes& quoted :
       {udp_packet({kOpen, neighbour}, {53, port}), udp_packet({kOpen, kLease}, {53, port}),
        udp_packet({kOpen, own}, {53, port}), tcp_packet({kOpen, kOther}, {443, 9}, TH_ACK),
        icmp_packet({kOpen, kOther}, 0, 0, {1})}) {
    EXPECT_THAT(arrivals(vnet, errors({own, kOpen}, quoted), control), IsEmpty());
    EXPECT_THAT(arrivals(vnet, errors({kOther, kOpen}, quoted), control), IsEmpty());
  }
}

TEST_P(ForgedPackets, AnAppForgesNothingOnTheDirectPath) {
  const RawSender direct = sender("eg-app-bare-0", "eth0");
  const Ipv4Address own = address_of("eg-app-bare-0", "eth0");
  const Bytes control = udp_packet({own, kSite}, {5555, 53});
  std::vector<Attempt> attempts = without_a_flow({own, kSite});
  for (const Ipv4Address source :
       {kOther, ip("20.50.1.4"), ip("8.8.8.8"), address_of("eg-worker-plan-0", "direct0")}) {
    for (const Attempt& each : without_a_flow({source, kSite})) attempts.push_back(each);
    attempts.push_back({"UDP", udp_packet({source, kSite}, {5555, 53})});
    attempts.push_back({"ACK", tcp_packet({source, kSite}, {5555, 443}, TH_ACK)});
  }
  for (const Attempt& each : errors({own, kSite}, udp_packet({kSite, kOther}, {53, 9}))) {
    attempts.push_back(each);
  }
  EXPECT_THAT(arrivals(direct, attempts, control), IsEmpty());
}

TEST_P(ForgedPackets, WhatIsTheAppsOwnArrivesUnderItsLease) {
  const RawSender vnet = sender("eg-app-web-0", "vnet0");
  const Ipv4Address own = address_of("eg-app-web-0", "vnet0");
  const uint16_t port = answered_flow("eg-app-web-0");
  const Ends ends{own, kOpen};
  const Bytes long_datagram = udp_packet(ends, {5556, 53}, Bytes(24, 'x'));
  const Bytes all(long_datagram.begin() + 20, long_datagram.end());
  const Bytes first(all.begin(), all.begin() + 16);
  const Bytes second(all.begin() + 16, all.end());
  std::vector<Attempt> attempts = {
      {"UDP", udp_packet(ends, {5555, 53})},
      {"SYN", tcp_packet(ends, {5555, 443}, TH_SYN)},
      {"ACK of a flow that has been forgotten", tcp_packet(ends, {5557, 443}, TH_ACK)},
      {"echo", icmp_packet(ends, 8, 0, {1})},
      {"an error of its own flow", icmp_packet(ends, 3, 3, udp_packet({kOpen, own}, {53, port}))}};
  std::vector<std::string> expected;
  for (const Attempt& each : attempts) {
    expected.push_back(each.what + " at eg-host-open from 10.1.1.4");
  }
  EXPECT_THAT(arrivals(vnet, attempts, udp_packet(ends, {5558, 53})),
              testing::ElementsAreArray(expected));
  const uint16_t id = ++last_id_;
  vnet.send(numbered(ip_packet(ends, kUdp, first, IP_MF), id));
  vnet.send(numbered(ip_packet(ends, kUdp, second, 2), id));
  EXPECT_TRUE(eventually([&] {
    for (const RawWatcher& watcher : watchers_) {
      while (const auto seen = watcher.next()) {
        if (seen->id == id) return true;
      }
    }
    return false;
  })) << "fragments in order did not arrive";
  nothing_has_drifted();
}

TEST_P(ForgedPackets, AMachineSendsUnderNoAddressButItsOwn) {
  const RawSender eth = sender("eg-host-other", "eth0");
  std::vector<Attempt> attempts;
  for (const Ipv4Address source :
       {kVault, kPublic, kLease, kSite, kAzurePlatform, ip("10.1.4.77"), ip("20.61.0.10")}) {
    for (const Ipv4Address to : {kOpen, kSite, kVault}) {
      const std::string as = fmt::format(" as {} to {}", source.to_string(), to.to_string());
      attempts.push_back({"UDP" + as, udp_packet({source, to}, {5555, 53})});
      attempts.push_back({"SYN" + as, tcp_packet({source, to}, {5555, 443}, TH_SYN)});
      attempts.push_back({"RST" + as, tcp_packet({source, to}, {5556, 443}, TH_RST)});
      attempts.push_back({"echo" + as, icmp_packet({source, to}, 8, 0, {1})});
    }
  }
  EXPECT_THAT(arrivals(eth, attempts, udp_packet({kOther, kOpen}, {5555, 53})), IsEmpty());
  nothing_has_drifted();
}

TEST_P(ForgedPackets, AMachineReportsNoErrorsOfOthersFlows) {
  const uint16_t port = answered_flow("eg-app-web-0");
  const RawSender eth = sender("eg-host-other", "eth0");
  const Bytes control = udp_packet({kOther, kOpen}, {5555, 53});
  for (const Bytes& quoted :
       {udp_packet({kOpen, kLease}, {53, port}), udp_packet({kOpen, kOther}, {53, 9}),
        tcp_packet({kOpen, kOther}, {443, 9}, TH_ACK), icmp_packet({kOpen, kSite}, 0, 0, {1})}) {
    EXPECT_THAT(arrivals(eth, errors({kOther, kOpen}, quoted), control), IsEmpty());
  }
  const uint16_t own = answered_flow("eg-host-other");
  const Attempt legal{"an error of its own flow",
                      icmp_packet({kOther, kOpen}, 3, 3, udp_packet({kOpen, kOther}, {53, own}))};
  EXPECT_THAT(arrivals(eth, {legal}, control),
              ElementsAre("an error of its own flow at eg-host-open from 10.1.4.5"));
}

TEST_P(ForgedPackets, AResetOpensNoListAndCarriesNothing) {
  const RawSender eth = sender("eg-host-other", "eth0");
  std::vector<Attempt> attempts;
  for (const uint8_t flags : {uint8_t{TH_RST}, uint8_t{TH_RST | TH_ACK}}) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}}) {
      attempts.push_back({fmt::format("RST of {} bytes", size),
                          tcp_packet({kOther, kVault}, {5555, 443}, flags, Bytes(size, 's'))});
    }
  }
  EXPECT_THAT(arrivals(eth, attempts, udp_packet({kOther, kOpen}, {5555, 53})), IsEmpty());
}

// So that it finds its way when it crosses the network once more.
TEST_P(ForgedPackets, AResetThatAnswersIsRememberedWithoutADrift) {
  constexpr uint16_t kClosed = 444;
  const UniqueFd fd = socket_in("eg-app-web-0", SOCK_STREAM);
  const sockaddr_in there = socket_address(kOpen, kClosed);
  EXPECT_NE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
  EXPECT_EQ(errno, ECONNREFUSED);
  const Outcome remembered =
      run_script("ip netns exec eg-vnet-spoke nft list set ip egressd resets");
  EXPECT_THAT(remembered.out, testing::HasSubstr("10.1.4.4 . 444 . 10.1.1.4 . "));
  nothing_has_drifted();
}

TEST_P(ForgedPackets, NothingReachesTheInternetUntranslated) {
  const RawSender eth = sender("eg-host-public", "eth0");
  EXPECT_THAT(
      arrivals(eth, without_a_flow({kPublic, kSite}), udp_packet({kPublic, kSite}, {5555, 53})),
      IsEmpty());
  const Attempt own{"UDP", udp_packet({kPublic, kSite}, {5556, 53})};
  EXPECT_THAT(arrivals(eth, {own}, udp_packet({kPublic, kSite}, {5557, 53})),
              ElementsAre("UDP at eg-host-site from 20.61.0.10"));
}

INSTANTIATE_TEST_SUITE_P(Interfaces, ForgedPackets, both_interfaces(), interface_name);

}  // namespace
}  // namespace egress::kernel_tests
