// SPDX-License-Identifier: MIT
// Theory of operation. What an appliance forwards leaves by the link by which it came, so that one
// chain sees all of it. A stateful one takes from connection tracking what belongs to a flow whose
// first packet it had: answers pass whatever its rules say, and of TCP nothing but a SYN begins a
// flow, although connection tracking alone would take up one in its middle (`tcp_loose`). A rule
// list is a gate as subnets have it (gate.cpp).
#include <fmt/format.h>

#include "compile/data_path.hpp"

namespace egress::compile {
namespace {

using state::NftField;

// What leaves for public destinations carries the appliance's own address (contract "Decided" 6).
void add_translation(state::NftTable& table, Ipv4Address address) {
  std::vector<state::NftElement> privates;
  for (const Ipv4Prefix& prefix : kRfc1918) privates.push_back({{prefix}});
  table.maps["private"] = make_map({.key = {NftField::kDaddr}, .interval = true}, privates);
  const std::string own = address.to_string();
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {
          {fmt::format("ip saddr != {} ip daddr != @private snat to {}", own, own), "masquerade"}}};
}

void add_forwarding(Fabric& fabric, state::NftTable& table, const policy::Interface& firewall) {
  state::NftChain& chain = table.chains["forwarding"];
  chain.hook = state::NftHook{"filter", "forward", 0};
  chain.rules = {{"ct state established,related accept", "answers"},
                 {"ct state invalid counter drop", "of no flow"},
                 {"tcp flags & (syn | ack) != syn counter drop", "not seen to begin"}};
  if (!firewall.network_rules) return;
  chain.rules.push_back(
      {"goto " + entry(*firewall.network_rules, kNetworkRulesChain), "its network rules"});
  add_gate(fabric, table, *firewall.network_rules, {.chain = kNetworkRulesChain});
}

}  // namespace

state::Firewall appliance_firewall(Fabric& fabric, const policy::Interface& host) {
  state::NftTable table;
  if (host.masquerades) add_translation(table, host.address);
  if (host.stateful() || host.network_rules) add_forwarding(fabric, table, host);
  table.chains["replies"] = silence();
  return state::make_firewall(std::move(table));
}

}  // namespace egress::compile
