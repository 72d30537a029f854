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

}  // namespace
}  // namespace egress::compile
