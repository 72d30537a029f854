// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "compile/compile.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::compile {
namespace {

using testing::HasSubstr;
using testing::Not;

// The firewall of a machine that forwards and has these properties, too.
std::string firewall_with(const std::string& properties) {
  const lab::Lab lab = testing_support::lab_from(R"(
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {fw: {addressPrefix: 10.0.1.0/24}}
hosts:
  fw: {subnet: hub/fw, ipAddress: 10.0.1.4, enableIPForwarding: true)" +
                                                 properties + "}\n");
  const state::KernelState state = compile(*policy::analyse({.lab = lab}), {}).value();
  return state::to_text(*state.at("eg-host-fw")->firewall->table);
}

TEST(CompileAppliance, HasNoMemoryOfFlowsUnlessItIsStateful) {
  EXPECT_THAT(firewall_with(""), Not(HasSubstr("hook forward")));
  const std::string stateful = firewall_with(", stateful: true");
  EXPECT_THAT(stateful, HasSubstr("hook forward"));
  EXPECT_THAT(stateful, HasSubstr("ct state invalid counter drop"));
  EXPECT_THAT(stateful, HasSubstr("tcp flags & (syn | ack) != syn counter drop"));
  EXPECT_THAT(stateful, Not(HasSubstr("network_rules")));
}

TEST(CompileAppliance, HasAChainForEachNetworkRuleAndOneThatDeniesTheRest) {
  const std::string text = firewall_with(R"(, networkRules: {
    web: {priority: 100, action: Allow, ipProtocols: [TCP, UDP], sourceAddresses: [10.0.0.0/16],
          destinationAddresses: [93.184.216.4-93.184.216.9], destinationPorts: ["443"]}})");
  EXPECT_THAT(text, HasSubstr("network_rules/allow/web"));
  EXPECT_THAT(text, HasSubstr("network_rules/deny/DenyAll"));
  EXPECT_THAT(text, HasSubstr("\"fw/web\""));
  EXPECT_THAT(text, HasSubstr("\"fw/DenyAll\""));
  EXPECT_THAT(text, HasSubstr("93.184.216.4-93.184.216.9"));
  // Answers come first.
  EXPECT_LT(text.find("ct state established,related accept"), text.find("its network rules"));
}

// A list that keeps a firewall from its DNS server keeps it from the addresses of its rules.
TEST(CompileAppliance, FollowsAListThatKeepsItFromItsNameServer) {
  lab::Lab lab = testing_support::lab_from(R"(
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    dnsServers: [10.0.2.4]
    subnets:
      fw: {addressPrefix: 10.0.1.0/24, networkSecurityGroup: nsg}
      dns: {addressPrefix: 10.0.2.0/24}
networkSecurityGroups:
  nsg:
    securityRules:
      dns: {priority: 100, direction: Outbound, access: Allow, protocol: "*",
            sourceAddressPrefix: "*", sourcePortRange: "*",
            destinationAddressPrefix: 10.0.2.4, destinationPortRange: "53"}
hosts:
  resolver: {subnet: hub/dns, ipAddress: 10.0.2.4, dnsServer: {forwardTo: [168.63.129.16]}}
  pay: {internet: true, ipAddress: 203.0.113.80, names: [pay.example.com], listen: [tcp/443]}
  fw:
    subnet: hub/fw
    ipAddress: 10.0.1.4
    enableIPForwarding: true
    networkRules:
      pay: {priority: 100, action: Allow, ipProtocols: [TCP], sourceAddresses: ["*"],
            destinationFqdns: [pay.example.com], destinationPorts: ["443"]}
)");
  const auto network = policy::analyse({.lab = lab});
  const state::KernelState state = compile(*network).value();
  lab.network_security_groups.at("nsg").security_rules.at("dns").access = lab::Access::kDeny;
  const auto denied = policy::analyse({.lab = lab}, network.get());
  const state::KernelState after = compile(*denied, {}, Compiled{*network, state}).value();
  EXPECT_FALSE(after.at("eg-host-fw").shares_with(state.at("eg-host-fw")));
  EXPECT_EQ(to_text(after), to_text(compile(*denied).value()));
}

}  // namespace
}  // namespace egress::compile
