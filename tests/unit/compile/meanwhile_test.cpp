// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <string>

#include "compile/compile.hpp"
#include "tests/support/network_of.hpp"

namespace egress::compile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing_support::lab_from;
using testing_support::network_of;

constexpr auto kIn = lab::Direction::kInbound;
constexpr auto kOut = lab::Direction::kOutbound;

// Peers with a machine each and a list each, and one that has nothing to do with them.
lab::Lab peers() {
  return lab_from(R"(
virtualNetworks:
  a:
    addressPrefixes: [10.1.0.0/16]
    subnets: {one: {addressPrefix: 10.1.1.0/24, networkSecurityGroup: a}}
    virtualNetworkPeerings: {b: {}}
  b:
    addressPrefixes: [10.2.0.0/16]
    subnets: {two: {addressPrefix: 10.2.1.0/24, networkSecurityGroup: b}}
    virtualNetworkPeerings: {a: {}}
  c: {addressPrefixes: [10.3.0.0/16], subnets: {three: {addressPrefix: 10.3.1.0/24}}}
networkSecurityGroups: {a: {}, b: {}, own: {}}
hosts:
  m: {subnet: a/one, ipAddress: 10.1.1.4}
  n: {subnet: b/two, ipAddress: 10.2.1.4}
)");
}

void deny(lab::Lab& lab, const char* group, lab::Direction direction, uint16_t port) {
  lab.network_security_groups[group].security_rules["to-" + std::to_string(port)] = {
      .priority = 100 + port,
      .direction = direction,
      .access = lab::Access::kDeny,
      .source = {.any = true},
      .destination = {.any = true},
      .source_ports = PortSet::all(),
      .destination_ports = PortSet({{port, port}})};
}

state::Firewalls between(const lab::Lab& from, const lab::Lab& to) {
  const auto before = network_of(from);
  const auto network = network_of(to, before.get());
  return meanwhile(*before, {*network, compile(*network).value()}).value();
}

std::string text_of(const state::Firewalls& firewalls, const std::string& netns) {
  return state::to_text(*firewalls.at(netns).table);
}

TEST(CompileMeanwhile, HasNothingWhereNothingIsToBeHeldBack) {
  const lab::Lab open = peers();
  lab::Lab shut = open;
  deny(shut, "a", kOut, 80);
  deny(shut, "b", kIn, 80);
  EXPECT_THAT(between(open, shut), IsEmpty());
  EXPECT_THAT(between(shut, open), IsEmpty());
}

TEST(CompileMeanwhile, IsTheFirewallOfBeforeWhereAListOnlyGetsLooser) {
  lab::Lab from = peers();
  lab::Lab to = from;
  deny(from, "a", kOut, 80);
  deny(to, "b", kIn, 80);
  const state::Firewalls firewalls = between(from, to);
  ASSERT_THAT(firewalls, ElementsAre(Key("eg-vnet-a")));
  const auto before = compile(*network_of(from)).value();
  EXPECT_EQ(firewalls.at("eg-vnet-a"), *before.at("eg-vnet-a")->firewall);
}

TEST(CompileMeanwhile, HasTheListOfBeforeInFrontOfOneThatTurnsBothWays) {
  lab::Lab from = peers();
  lab::Lab to = from;
  deny(from, "a", kOut, 80);
  deny(to, "a", kOut, 22);
  deny(from, "b", kIn, 22);
  deny(to, "b", kIn, 80);
  const state::Firewalls firewalls = between(from, to);
  ASSERT_THAT(firewalls, ElementsAre(Key("eg-vnet-a"), Key("eg-vnet-b")));
  const auto& chains = firewalls.at("eg-vnet-a").table->chains;
  EXPECT_EQ(chains.at("from/one").rules.back().expression, "goto was/out/one");
  EXPECT_EQ(chains.at("was/out/one/allow/AllowVnetOutBound").rules.front().expression,
            "counter goto out/one");
  EXPECT_THAT(chains.at("was/out/one/deny/to-80").rules.front().expression,
              HasSubstr("\"out/one/deny/to-80\""))
      << "who watches knows it by that";
  EXPECT_FALSE(chains.contains("out/one/deny/to-80"));
  EXPECT_TRUE(chains.contains("out/one/deny/to-22"));
  const auto& inbound = firewalls.at("eg-vnet-b").table->chains.at("to/two").rules;
  EXPECT_EQ(inbound.back().expression, "goto was/in/two");
}

TEST(CompileMeanwhile, LeavesTheChainsOfListsAsTheyWillBe) {
  lab::Lab from = peers();
  lab::Lab to = from;
  deny(from, "a", kOut, 80);
  deny(to, "a", kOut, 22);
  deny(to, "b", kIn, 80);
  const auto firewalls = between(from, to);
  const auto after = compile(*network_of(to)).value();
  const state::NftTable& table = *after.at("eg-vnet-a")->firewall->table;
  for (const auto& [name, chain] : table.chains) {
    if (name.starts_with("out/")) {
      EXPECT_EQ(firewalls.at("eg-vnet-a").table->chains.at(name), chain) << name;
    }
  }
}

TEST(CompileMeanwhile, KeepsTheListOfAMachineThatHasNoneAnyMore) {
  lab::Lab from = peers();
  lab::Lab to = from;
  from.hosts.at("m").network_security_group = "own";
  deny(from, "own", kOut, 80);
  deny(to, "own", kOut, 80);
  deny(to, "b", kIn, 80);
  const state::Firewalls firewalls = between(from, to);
  const auto& chains = firewalls.at("eg-vnet-a").table->chains;
  EXPECT_EQ(chains.at("nic/m").rules.back().expression, "goto out_nic/m");
  EXPECT_EQ(chains.at("out_nic/m/allow/AllowVnetOutBound").rules.front().expression,
            "counter goto out/one");
  EXPECT_FALSE(chains.contains("admitted_nic/m"));
}

TEST(CompileMeanwhile, HoldsBackThatAPrivateEndpointIsApproved) {
  lab::Lab from = testing_support::with(peers(), R"(
services: {store: {type: Microsoft.Storage/storageAccounts, ipAddress: 20.60.1.4}}
privateEndpoints: {pe: {subnet: b/two, ipAddress: 10.2.1.9, privateLinkService: store,
                        groupIds: [blob]}})");
  lab::Lab to = from;
  from.private_endpoints.at("pe").status = lab::EndpointStatus::kPending;
  deny(to, "a", kOut, 80);
  const state::Firewalls firewalls = between(from, to);
  ASSERT_THAT(firewalls, ElementsAre(Key("eg-vnet-b")));
  EXPECT_THAT(text_of(firewalls, "eg-vnet-b"), HasSubstr("not approved"));
  EXPECT_THAT(between(to, from), ElementsAre(Key("eg-vnet-a"))) << "it closes at once";
}

TEST(CompileMeanwhile, HoldsBackTheRulesOfAMachineThatIsAFirewall) {
  lab::Lab from = peers();
  lab::Lab to = from;
  for (lab::Lab* each : {&from, &to}) each->hosts.at("m").enable_ip_forwarding = true;
  lab::NetworkRule rule{.priority = 100, .action = lab::Access::kAllow};
  rule.ip_protocols = {lab::NetworkRuleProtocol::kTcp};
  rule.source_addresses.any = true;
  rule.destination_addresses.any = true;
  rule.destination_ports = PortSet({{443, 443}});
  from.hosts.at("m").network_rules["web"] = rule;
  rule.destination_ports = PortSet({{443, 444}});
  to.hosts.at("m").network_rules["web"] = rule;
  deny(to, "b", kIn, 80);
  const auto firewalls = between(from, to);
  ASSERT_THAT(firewalls, ElementsAre(Key("eg-host-m")));
  EXPECT_THAT(text_of(firewalls, "eg-host-m"), Not(HasSubstr("444")));
  to.hosts.at("m").network_rules.clear();
  EXPECT_THAT(text_of(between(from, to), "eg-host-m"), HasSubstr("network_rules/allow/web"));
}

}  // namespace
}  // namespace egress::compile
