// SPDX-License-Identifier: MIT
#pragma once

// A wire between a worker and a network by hand, with the program that carries it as the daemon
// starts and attaches it. What the evaluator thinks is the lab's, what the kernel does a test's
// own.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kernel/netns_scope.hpp"
#include "kernel/tun/device.hpp"
#include "settings/situation_text.hpp"
#include "settings/wire_text.hpp"
#include "tests/support/attached_program.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/process.hpp"
#include "tests/support/udp_socket.hpp"
#include "tests/support/values.hpp"

namespace egress::wires::test {

using namespace testing_support;

inline constexpr const char* kWorkerLink = "integ0";
inline constexpr const char* kVnetLink = "w-plan-0-0";
inline constexpr uint16_t kDenied = 1433;  // by the lab's list
inline constexpr uint16_t kAllowed = 9000;

inline const Ipv4Address kHost = ip("10.1.2.4");

// The kernel denies what the lab does.
inline constexpr const char* kTopology = R"(
  for name in worker vnet host; do
    ip netns add $name
    for links in all default; do
      ip netns exec $name sysctl -qw net.ipv6.conf.$links.disable_ipv6=1
    done
    ip -n $name link set lo up
  done
  ip -n vnet link add h-host type veth peer name eth0 netns host
  ip -n vnet link set h-host up; ip -n vnet addr add 10.1.2.1/24 dev h-host
  ip -n host link set eth0 up; ip -n host addr add 10.1.2.4/24 dev eth0
  ip -n host route add default via 10.1.2.1
  ip netns exec vnet sysctl -qw net.ipv4.ip_forward=1
  ip netns exec vnet nft -f - <<'NFT'
    table ip t {
      counter denied {}
      chain gate { udp dport 1433 counter name denied drop; }
      chain forward { type filter hook forward priority 0; ct state established accept; jump gate; }
    }
NFT
)";
// Once the devices are there.
inline constexpr const char* kAddresses = R"(
  ip -n worker addr add 10.1.1.4/32 dev integ0; ip -n worker link set integ0 up
  ip -n worker route add default via 10.1.1.1 dev integ0 onlink
  ip -n vnet link set w-plan-0-0 up; ip -n vnet route add 10.1.1.4/32 dev w-plan-0-0
)";

inline constexpr const char* kLab = R"(
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg}
      data: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups:
  nsg: {securityRules: {deny-sql: {priority: 100, direction: Outbound, access: Deny,
    protocol: "*", sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
    destinationPortRange: "1433"}}}
serverFarms: {plan: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps,
        outboundVnetRouting: {allTraffic: true}}
hosts: {sql: {subnet: spoke/data, ipAddress: 10.1.2.4}}
)";

inline UniqueFd netns_of(const std::string& name) {
  UniqueFd netns(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(netns.valid()) << name;
  return netns;
}

inline void make_tun(const std::string& netns, const std::string& link, int index) {
  const UniqueFd place = netns_of(netns);
  EXPECT_OK(kernel::open_inside(place.get(), [&] { return kernel::create_tun(link, index); }));
}

class WireFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    by_hand(kTopology);
    make_tun("worker", kWorkerLink, 100);
    make_tun("vnet", kVnetLink, 101);
    by_hand(kAddresses);
    program_ = std::make_unique<AttachedProgram>(Command{EGRESS_WIRE_PROGRAM});
    ASSERT_TRUE(program_->ready()) << read_file(program_->process().errors_file());
  }

  static lab::Integration integration() { return {"plan", 0, {"spoke", "apps"}}; }
  static settings::WireEnd worker_end() {
    return {.wire = settings::wire_name(integration()),
            .in_worker = true,
            .link = kWorkerLink,
            .integration = integration()};
  }
  static settings::WireEnd vnet_end() {
    return {.wire = settings::wire_name(integration()),
            .link = kVnetLink,
            .integration = integration()};
  }

  Status attach_worker(const settings::WireEnd& end = worker_end()) {
    return program_->attach("worker", "wire-integ0", to_text(end));
  }
  Status attach_vnet() { return program_->attach("vnet", "wire-w-plan-0-0", to_text(vnet_end())); }
  void attach_ends() {
    EXPECT_OK(attach_worker());
    EXPECT_OK(attach_vnet());
  }
  void attach_network(const std::string& yaml = kLab) {
    policy::Situation situation{.lab = lab_from(yaml)};
    situation.leases = leases_of(situation.lab);
    EXPECT_EQ(situation.leases.at(integration()), ip("10.1.1.4"));
    const uint32_t before = report().generation;
    EXPECT_OK(program_->attach("host", settings::kNetworkAttachment, settings::to_text(situation)));
    EXPECT_TRUE(eventually([&] { return report().generation > before; }));
  }
  // From here on disagreements count.
  void settle() {
    EXPECT_TRUE(program_->ask(to_text(settings::WireQuestion(settings::Settled{}))).ok());
    EXPECT_TRUE(eventually([&] { return report().settled; }));
  }

  settings::WireReport report() {
    const auto text = program_->ask(to_text(settings::WireQuestion(settings::Report{})));
    EXPECT_TRUE(text.ok()) << text.error().to_string();
    auto report = settings::parse_wire_report(text.ok() ? *text : "");
    EXPECT_TRUE(report.ok());
    return report.ok() ? *std::move(report) : settings::WireReport{};
  }
  settings::OneWire wire() {
    const settings::WireReport all = report();
    EXPECT_EQ(all.wires.size(), 1U);
    return all.wires.empty() ? settings::OneWire{} : all.wires.front();
  }
  // What came of the flows once so many have been asked about.
  settings::FlowCounts flows(uint64_t asked) {
    EXPECT_TRUE(eventually([&] { return wire().flows.asked >= asked; }));
    return wire().flows;
  }

  // Packets that the kernel's own list has dropped.
  static int kernel_drops() {
    const Outcome listed = run_script(
        "ip netns exec vnet nft list counter ip t denied | sed -n 's/.*packets "
        "\\([0-9]*\\).*/\\1/p'");
    return listed.out.empty() ? -1 : std::stoi(listed.out);
  }
  static void change_list(const std::string& rules) {
    by_hand("ip netns exec vnet nft 'flush chain ip t gate" +
            (rules.empty() ? "" : "; add rule ip t gate " + rules) + "'");
  }

  std::unique_ptr<AttachedProgram> program_{};
};

}  // namespace egress::wires::test
