// SPDX-License-Identifier: MIT

// A change of the lab costs no packet and lets none through: a flow of small UDP packets runs while
// security lists and routes are replaced over and over. EGRESS_LIVE_SCALE multiplies the number of
// changes (1: a few seconds; 10: the 100 replacements and 1,000 route changes of the budget).

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "compile/compile.hpp"
#include "ipam/leases.hpp"
#include "kernel/netns.hpp"
#include "reconcile/pass.hpp"
#include "tests/netns/linux_fixture.hpp"

namespace egress::kernel_tests {
namespace {

constexpr int kReplacements = 10;
constexpr int kRouteChanges = 100;
constexpr uint16_t kOpenPort = 9000;
constexpr uint16_t kDeniedPort = 9001;

int scale() {
  const char* text = std::getenv("EGRESS_LIVE_SCALE");
  return text == nullptr ? 1 : std::max(1, std::atoi(text));
}

lab::SecurityRule rule(int priority, lab::Access access, lab::AddressMatch destination,
                       PortSet ports) {
  return {.priority = priority,
          .access = access,
          .protocol = lab::SecurityRuleProtocol::kUdp,
          .source = {.any = true},
          .destination = std::move(destination),
          .source_ports = PortSet::all(),
          .destination_ports = std::move(ports)};
}

// A security group of many rules with many prefixes each; `variant` changes what they say, but
// never for the two flows of the test.
lab::NetworkSecurityGroup group(int variant) {
  lab::NetworkSecurityGroup group;
  group.security_rules["open"] =
      rule(100, lab::Access::kAllow, {.any = true}, PortSet({{kOpenPort, kOpenPort}}));
  group.security_rules["denied"] =
      rule(4096, lab::Access::kDeny, {.any = true}, PortSet({{kDeniedPort, kDeniedPort}}));
  for (int r = 0; r < 300; ++r) {
    lab::AddressMatch match;
    for (int p = 0; p < 10; ++p) {
      const auto third = static_cast<uint32_t>((r * 10 + p + variant) % 4000);
      match.prefixes.push_back({{(172U << 24U) | (16U << 16U) | (third << 8U)}, 24});
    }
    const auto port = static_cast<uint16_t>(1000 + (r + variant) % 500);
    group.security_rules[fmt::format("rule{}", r)] =
        rule(101 + r, r % 2 == 0 ? lab::Access::kAllow : lab::Access::kDeny, match,
             PortSet({{port, static_cast<uint16_t>(port + 20)}}));
  }
  return group;
}

// Both appliances forward, and the flow's way leads over the one that `by` names.
lab::Lab live_lab(int variant, const char* by) {
  lab::Lab lab;
  lab.outbound_ip_addresses = {ip("20.50.1.4")};
  lab::VirtualNetwork vnet{.address_prefixes = {prefix("10.1.0.0/16")}};
  vnet.subnets["apps"] = {.address_prefixes = {prefix("10.1.1.0/26")},
                          .delegations = {"Microsoft.Web/serverFarms"},
                          .network_security_group = "nsg",
                          .route_table = "table"};
  vnet.subnets["appliances"] = {.address_prefixes = {prefix("10.1.3.0/24")}};
  vnet.subnets["data"] = {.address_prefixes = {prefix("10.1.2.0/24")}};
  lab.virtual_networks["vnet"] = vnet;
  lab.network_security_groups["nsg"] = group(variant);
  lab.route_tables["table"].routes["data"] = {.address_prefix = prefix("10.1.2.0/24"),
                                              .next_hop_type = lab::NextHopType::kVirtualAppliance,
                                              .next_hop_ip_address = ip(by)};
  lab.server_farms["plan"] = {};
  lab.sites["app"] = {.server_farm = "plan",
                      .virtual_network_subnet = {{"vnet", "apps"}},
                      .outbound_vnet_routing = {{.application_traffic = true}}};
  lab.hosts["nva1"] = {.subnet = {{"vnet", "appliances"}},
                       .ip_address = ip("10.1.3.4"),
                       .enable_ip_forwarding = true};
  lab.hosts["nva2"] = {.subnet = {{"vnet", "appliances"}},
                       .ip_address = ip("10.1.3.5"),
                       .enable_ip_forwarding = true};
  lab.hosts["sink"] = {.subnet = {{"vnet", "data"}}, .ip_address = ip("10.1.2.4")};
  return lab;
}

// Packets that a starved machine dropped between two interfaces, before any rule or route saw them:
// the second column of every CPU's line.
uint64_t dropped_by_backlogs() {
  std::ifstream file("/proc/net/softnet_stat");
  uint64_t dropped = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    uint64_t processed = 0;
    uint64_t lost = 0;
    fields >> std::hex >> processed >> lost;
    dropped += lost;
  }
  return dropped;
}

UniqueFd udp_socket_in(const std::string& netns) {
  const kernel::NetnsDirectory directory("eg", kRunDir);
  auto fd = directory.open(netns);
  EXPECT_TRUE(fd.ok());
  auto scope = kernel::NetnsScope::enter(fd->get());
  EXPECT_TRUE(scope.ok());
  return UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

sockaddr_in endpoint(const char* address, uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(ip(address).bits);
  return name;
}

// Sends about 10,000 packets a second to one port of the sink until told to stop.
class Flow {
 public:
  explicit Flow(uint16_t port) : receiver_(udp_socket_in("eg-host-sink")) {
    const int buffer = 64 << 20;
    ::setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    const sockaddr_in here = endpoint("10.1.2.4", port);
    EXPECT_EQ(::bind(receiver_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    sender_ = udp_socket_in("eg-app-app-0");
    EXPECT_EQ(::connect(sender_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    const timeval patience{.tv_sec = 0, .tv_usec = 300000};
    ::setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sending_ = std::thread([this] { send(); });
    receiving_ = std::thread([this] { receive(); });
  }

  // How many were sent and how many came.
  std::pair<uint64_t, uint64_t> stop() {
    stop_ = true;
    sending_.join();
    receiving_.join();
    return {sent_, received_};
  }

 private:
  void send() {
    while (!stop_) {
      for (int i = 0; i < 10; ++i) {
        if (::send(sender_.get(), "x", 1, 0) == 1) ++sent_;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  // Until nothing comes any more after the end.
  void receive() {
    char byte = 0;
    for (bool last = false; !last;) {
      last = stop_;
      while (::recv(receiver_.get(), &byte, 1, 0) == 1) ++received_;
    }
  }

  UniqueFd receiver_;
  UniqueFd sender_{};
  std::atomic<bool> stop_{false};
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
  std::thread sending_{};
  std::thread receiving_{};
};

class LiveChange : public LinuxFixture {
 protected:
  void apply_lab(const lab::Lab& lab) {
    const auto addresses = ipam::first_addresses(lab);
    ASSERT_TRUE(addresses.ok());
    const auto report = reconcile::run(kernel(), compile::compile(lab, *addresses, {}));
    ASSERT_TRUE(report.in_sync());
    changed_ += report.changed;
  }

  // Every replacement of the list, and the route to and fro between them.
  void change_all_the_time() {
    for (int i = 1; i <= kReplacements * scale(); ++i) {
      apply_lab(live_lab(i, "10.1.3.4"));
      for (int r = 0; r < kRouteChanges / kReplacements; ++r) {
        apply_lab(live_lab(i, r % 2 == 0 ? "10.1.3.5" : "10.1.3.4"));
      }
    }
  }

  size_t changed_ = 0;
};

TEST_F(LiveChange, AFlowLosesNoPacketWhileListsAndRoutesAreReplaced) {
  apply_lab(live_lab(0, "10.1.3.4"));
  const uint64_t dropped_before = dropped_by_backlogs();
  Flow flow(kOpenPort);
  changed_ = 0;
  change_all_the_time();
  const auto [sent, received] = flow.stop();
  EXPECT_GE(changed_, static_cast<size_t>(kReplacements + kRouteChanges));
  EXPECT_GT(sent, 1000U);
  EXPECT_LE(received, sent);
  EXPECT_GE(received + dropped_by_backlogs() - dropped_before, sent);
}

TEST_F(LiveChange, ADeniedFlowNeverGetsThroughWhileListsAndRoutesAreReplaced) {
  apply_lab(live_lab(0, "10.1.3.4"));
  Flow flow(kDeniedPort);
  change_all_the_time();
  const auto [sent, received] = flow.stop();
  EXPECT_GT(sent, 1000U);
  EXPECT_EQ(received, 0U);
}

}  // namespace
}  // namespace egress::kernel_tests
