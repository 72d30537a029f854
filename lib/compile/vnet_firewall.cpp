// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "compile/parts.hpp"
#include "compile/vnet.hpp"
#include "policy/effective_routes.hpp"

namespace egress::compile {
namespace {

// Connection tracking forgets a flow with the reset that answers its first packet, and such a reset
// may cross the VNet again by way of an NVA. A reset carries nothing and opens nothing.
constexpr const char* kForgottenReset = "ct state invalid tcp flags & (syn | rst) == rst accept";

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

// A peer's packets whose source is not the peer's own (azure-facts 6.2): a chain per peer that
// does not allow them.
void add_peer_checks(state::NftTable& table, const Fabric& fabric, const Vnet& vnet) {
  state::NftSet checks{.is_map = true, .type = "typeof iifname : verdict"};
  const auto& peerings = fabric.lab.virtual_networks.at(vnet.name).virtual_network_peerings;
  for (const PeerPort& port : vnet.peer_ports) {
    if (peerings.at(port.peer).allow_forwarded_traffic) continue;
    const std::string chain = "from/" + port.peer;
    const std::string set = chain + "/own";
    state::NftSet own{.type = "type ipv4_addr", .interval = true};
    for (const Ipv4Prefix& prefix : fabric.lab.virtual_networks.at(port.peer).address_prefixes) {
      own.elements.push_back(prefix.to_string());
    }
    std::sort(own.elements.begin(), own.elements.end());
    table.sets[set] = std::move(own);
    table.chains[chain] = {
        .rules = {commented(fmt::format("ip saddr != @{} counter drop", set),
                            fmt::format("{}/{} allowForwardedTraffic", vnet.name, port.peer))}};
    checks.elements.push_back(fmt::format("{} : jump {}", quoted(port.port), chain));
  }
  std::sort(checks.elements.begin(), checks.elements.end());
  table.sets["peer_checks"] = std::move(checks);
}

// Addresses of integrations, here and in connected peers: nothing may open a connection to them.
state::NftSet integration_set(const Fabric& fabric, const Vnet& vnet) {
  const auto peers = policy::connected_peers(fabric.lab, vnet.name);
  state::NftSet set{.type = "type ipv4_addr"};
  for (const auto& [integration, address] : fabric.addresses) {
    const std::string& home = integration.subnet.vnet;
    if (home == vnet.name || std::find(peers.begin(), peers.end(), home) != peers.end()) {
      set.elements.push_back(address.to_string());
    }
  }
  std::sort(set.elements.begin(), set.elements.end());
  return set;
}

void add_gates(state::NftTable& table, const Fabric& fabric, const Vnet& vnet) {
  state::NftSet out{.is_map = true, .type = "typeof iifname : verdict"};
  state::NftSet in{.is_map = true, .type = "typeof oifname : verdict"};
  std::map<std::pair<std::string, lab::Direction>, bool> known;
  for (const Endpoint& endpoint : vnet.endpoints) {
    for (const lab::Direction direction : {lab::Direction::kOutbound, lab::Direction::kInbound}) {
      const auto [gate, added] = known.try_emplace({endpoint.subnet, direction});
      if (added) {
        gate->second = add_gate(table, fabric.lab, {vnet.name, endpoint.subnet}, direction,
                                vnet.gates.at(endpoint.subnet));
      }
      if (!gate->second) continue;
      state::NftSet& map = direction == lab::Direction::kOutbound ? out : in;
      map.elements.push_back(fmt::format("{} : goto {}", quoted(endpoint.port),
                                         gate_chain(direction, endpoint.subnet)));
    }
  }
  std::sort(out.elements.begin(), out.elements.end());
  std::sort(in.elements.begin(), in.elements.end());
  table.sets["out_gates"] = std::move(out);
  table.sets["in_gates"] = std::move(in);
}

void add_steering(state::NftTable& table, const Fabric& fabric, const Vnet& vnet) {
  state::NftSet marks{.is_map = true, .type = "typeof iifname : meta mark"};
  for (const Endpoint& endpoint : vnet.endpoints) {
    const uint32_t mark = vnet.tables.at(table_key(fabric.lab, {vnet.name, endpoint.subnet}));
    marks.elements.push_back(fmt::format("{} : {}", quoted(endpoint.port), mark_text(mark)));
  }
  for (const PeerPort& port : vnet.peer_ports) {
    if (port.appliance.empty()) continue;
    const uint32_t mark = vnet.tables.at(transit_key(port.appliance));
    marks.elements.push_back(fmt::format("{} : {}", quoted(port.port), mark_text(mark)));
  }
  std::sort(marks.elements.begin(), marks.elements.end());
  table.sets["marks"] = std::move(marks);
  table.chains["steering"] = {
      .hook = state::NftHook{"filter", "prerouting", -140},
      .rules = {commented("meta mark set iifname map @marks", "subnet's route table")}};
}

// The exits to the Internet: by the stamp under an inside address, or with a public address of
// one's own.
void add_exits(state::NftTable& table, const Fabric& fabric, const Vnet& vnet) {
  state::NftSet inside{.is_map = true, .type = "type ipv4_addr : ipv4_addr"};
  for (const lab::Integration& integration : vnet.integrations) {
    inside.elements.push_back(fmt::format("{} : {}", fabric.addresses.at(integration).to_string(),
                                          fabric.inside_of(integration).to_string()));
  }
  state::NftSet publics{.is_map = true, .type = "type ipv4_addr : ipv4_addr"};
  state::NftSet sources{.type = "type ipv4_addr"};
  for (const auto& [name, host] : fabric.lab.hosts) {
    if (!host.subnet || host.subnet->vnet != vnet.name || !host.masquerade) continue;
    sources.elements.push_back(host.ip_address.to_string());
    publics.elements.push_back(
        fmt::format("{} : {}", host.ip_address.to_string(), host.masquerade->to_string()));
  }
  for (state::NftSet* set : {&inside, &publics, &sources}) {
    std::sort(set->elements.begin(), set->elements.end());
  }
  table.sets["inside"] = std::move(inside);
  table.sets["public"] = std::move(publics);
  table.sets["with_public"] = std::move(sources);
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {
          commented("oifname \"stamp0\" snat to ip saddr map @inside", "to App Service's own NAT"),
          commented("oifname \"inet0\" snat to ip saddr map @public", "public address")}};
}

}  // namespace

state::Firewall vnet_firewall(const Fabric& fabric, const Vnet& vnet) {
  state::NftTable table;
  add_peer_checks(table, fabric, vnet);
  add_gates(table, fabric, vnet);
  add_steering(table, fabric, vnet);
  add_exits(table, fabric, vnet);
  table.sets["integrations"] = integration_set(fabric, vnet);
  table.chains["refuse"] = refusal("integrations are outbound only");
  table.chains["outbound"] = {
      .hook = state::NftHook{"filter", "prerouting", -150},
      .rules = {commented("iifname vmap @peer_checks", "forwarded traffic of peers"),
                commented("ip daddr " + kAzurePlatform.to_string() + " counter drop", "platform"),
                commented("ct state established,related accept", "answers"),
                commented(kForgottenReset, "answers"),
                commented("ip daddr @integrations goto refuse", "integrations"),
                commented("iifname vmap @out_gates", "outbound security lists")}};
  table.chains["inbound"] = {
      .hook = state::NftHook{"filter", "forward", 0},
      .rules = {
          commented("ct state established,related accept", "answers"),
          commented(kForgottenReset, "answers"),
          commented("iifname { \"inet0\", \"stamp0\" } counter drop", "nothing new from outside"),
          commented("oifname \"inet0\" ip saddr != @with_public counter drop", "no public address"),
          commented("oifname vmap @in_gates", "inbound security lists")}};
  table.chains["replies"] = {
      .hook = state::NftHook{"filter", "output", 0, true},
      .rules = {commented("meta l4proto tcp accept", "refusals"),
                commented("icmp type destination-unreachable icmp code port-unreachable accept",
                          "refusals")}};
  return state::make_firewall(std::move(table));
}

}  // namespace egress::compile
