// SPDX-License-Identifier: MIT
#include "compile/drop_names.hpp"

#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "compile/compile.hpp"
#include "compile/senders.hpp"
#include "state/nft_table.hpp"
#include "tests/support/network_of.hpp"

namespace egress::compile {
namespace {

using lab::Direction;
using lab::TrafficClass;

// `rule` stands in the list of `subnet`, of apps, and on both sides of one with a private endpoint,
// in a network that takes no forwarded packets from its peer and sends no mail.
lab::Lab lab_with(const std::string& rule = "deny-sql", const std::string& subnet = "apps") {
  const std::string text = R"(
outboundIpAddresses: [20.50.1.4]
subscriptions: {small: {quotaId: Free_2014-09-01}}
subscription: small
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {machines: {addressPrefix: 10.0.1.0/24}}
    virtualNetworkPeerings: {spoke: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      SUBNET: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], networkSecurityGroup: nsg}
      data: {addressPrefix: 10.1.2.0/24, networkSecurityGroup: nsg, privateEndpointNetworkPolicies: NetworkSecurityGroupEnabled}
    virtualNetworkPeerings: {hub: {}}
networkSecurityGroups:
  nsg:
    securityRules:
      RULE: {priority: 100, direction: Outbound, access: Deny, protocol: Tcp,
             sourceAddressPrefix: "*", sourcePortRange: "*",
             destinationAddressPrefix: 10.1.2.0/24, destinationPortRange: "1433"}
      deny-dns: {priority: 110, direction: Outbound, access: Deny, protocol: "*",
                 sourceAddressPrefix: "*", sourcePortRange: "*",
                 destinationAddressPrefix: AzurePlatformDNS, destinationPortRange: "*"}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/SUBNET}}
hosts: {sql: {subnet: spoke/data, ipAddress: 10.1.2.4, networkSecurityGroup: nsg}}
services: {vault: {type: Microsoft.KeyVault/vaults, ipAddress: 20.61.0.4, names: [shop.vault.azure.net]}}
privateEndpoints: {vault-endpoint: {subnet: spoke/data, privateLinkService: vault}}
)";
  return testing_support::lab_from(std::regex_replace(
      std::regex_replace(text, std::regex("RULE"), rule), std::regex("SUBNET"), subnet));
}

// The prefixes of all rules of a namespace that log.
std::set<std::string> prefixes_in(const state::NetnsState& netns) {
  const std::regex logged("log prefix \"([^\"]*)\"");
  std::set<std::string> all;
  for (const auto& [name, chain] : netns.firewall->table->chains) {
    for (const state::NftRule& rule : chain.rules) {
      std::smatch found;
      if (std::regex_search(rule.expression, found, logged)) all.insert(found[1]);
    }
  }
  return all;
}

std::set<std::string> keys_of(const std::map<std::string, DropName>& names) {
  std::set<std::string> keys;
  for (const auto& [prefix, name] : names) keys.insert(prefix);
  return keys;
}

TEST(DropNames, AreKnownOfEveryRuleThatLogsInANetworkAndOfNoOther) {
  for (const lab::Lab& lab : {lab_with(), lab_with(std::string(80, 'r'), std::string(80, 's'))}) {
    const auto network = testing_support::network_of(lab);
    const state::KernelState state = compile(*network).value();
    for (policy::Index vnet = 0; vnet < network->vnets.size(); ++vnet) {
      const std::string netns = "eg-vnet-" + network->vnets[vnet].name;
      EXPECT_EQ(keys_of(drop_names(*network, vnet)), prefixes_in(*state.at(netns))) << netns;
    }
  }
}

TEST(DropNames, SayTheRuleItsDirectionAndItsSubnet) {
  const auto network = testing_support::network_of(lab_with());
  const auto names = drop_names(*network, 1);
  EXPECT_EQ(names.at("out/apps/deny/deny-sql"),
            (DropName{"nsg/deny-sql", Direction::kOutbound, "spoke/apps"}));
  EXPECT_EQ(names.at("platform/apps/deny/deny-dns"),
            (DropName{"nsg/deny-dns", Direction::kOutbound, "spoke/apps"}));
  EXPECT_EQ(names.at("in/data/endpoints/deny/DenyAllInBound"),
            (DropName{"nsg/DenyAllInBound", Direction::kInbound, "spoke/data"}));
  EXPECT_EQ(names.at("out_nic/sql/deny/deny-sql"),
            (DropName{"nsg/deny-sql", Direction::kOutbound, "host/sql"}));
  EXPECT_EQ(names.at("in_nic/sql/deny/DenyAllInBound"),
            (DropName{"nsg/DenyAllInBound", Direction::kInbound, "host/sql"}));
  EXPECT_EQ(names.at("platform_nic/sql/deny/deny-dns"),
            (DropName{"nsg/deny-dns", Direction::kOutbound, "host/sql"}));
  EXPECT_EQ(names.at("spoke/hub allowForwardedTraffic"),
            (DropName{"spoke/hub allowForwardedTraffic", std::nullopt, "spoke"}));
  EXPECT_EQ(names.at("subscriptions/small"),
            (DropName{"subscriptions/small", std::nullopt, "spoke"}));
}

TEST(DropNames, OfARuleWhosePrefixIsCutAreStillItsOwn) {
  const std::string rule(80, 'r');
  const std::string subnet(80, 's');
  const std::string prefix = state::drop_prefix("out/" + subnet + "/deny/" + rule);
  EXPECT_EQ(prefix.size(), state::kNftLongestPrefix);
  const auto network = testing_support::network_of(lab_with(rule, subnet));
  EXPECT_EQ(drop_names(*network, 1).at(prefix),
            (DropName{"nsg/" + rule, Direction::kOutbound, "spoke/" + subnet}));
}

TEST(SendersOf, AWorkerAreItsAppsAndTheirLanesByTheirAddresses) {
  const lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets: {apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}}
serverFarms: {plan: {capacity: 2}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}
  job: {serverFarm: other}
)");
  const auto network = policy::analyse({.lab = lab,
                                        .leases = testing_support::leases_of(lab),
                                        .traffic = {{"web", {TrafficClass::kKeyVault}}}});
  const state::KernelState state = compile(*network).value();
  const auto senders = senders_of(*network, {"plan", 1}).value();
  const auto address_in = [&](const std::string& netns) {
    for (const state::Address& address : state.at(netns)->addresses) {
      if (address.link == "eth0") return address.address;
    }
    return Ipv4Address{};
  };
  std::map<Ipv4Address, SenderAt> wanted;
  const SenderAt app{{"web", 1, TrafficClass::kApplication, 0}};
  for (const state::Address& address : state.at("eg-app-web-1")->addresses) {
    if (address.link != "lo") wanted[address.address] = app;
  }
  wanted[address_in("eg-app-web-1-key-vault")] = {{"web", 1, TrafficClass::kKeyVault, 0}};
  wanted[address_in("eg-app-web-1-key-vault-public")] = {{"web", 1, TrafficClass::kKeyVault, 0},
                                                         true};
  EXPECT_EQ(wanted.size(), 4U);
  EXPECT_EQ(senders, wanted);
}

}  // namespace
}  // namespace egress::compile
