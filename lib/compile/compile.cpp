// SPDX-License-Identifier: MIT
#include "compile/compile.hpp"

#include <algorithm>
#include <utility>

#include "compile/data_path.hpp"
#include "compile/flow_cache.hpp"
#include "compile/held_ports.hpp"
#include "compile/wires.hpp"
#include "policy/narrowing.hpp"
#include "policy/network_rules.hpp"

namespace egress::compile {
namespace {

using VnetSet = std::set<policy::Index>;

VnetSet all_vnets(const policy::Network& network) {
  VnetSet all;
  for (policy::Index i = 0; i < network.vnets.size(); ++i) all.insert(all.end(), i);
  return all;
}

// What is declared but for what security lists say. They are in the gates of subnets and machines,
// and may keep an appliance from the addresses of the names in its rules.
bool same_but_for_lists(const policy::Situation& a, const policy::Situation& b) {
  policy::Situation other = a;
  other.lab.network_security_groups = b.lab.network_security_groups;
  return other == b;
}

// Of networks that are the same but for lists. A list that has not changed is shared by both.
VnetSet with_changed_lists(const policy::Network& a, const policy::Network& b) {
  VnetSet changed;
  for (size_t i = 0; i < a.subnets.size(); ++i) {
    const policy::Network::Subnet& one = a.subnets[i];
    const policy::Network::Subnet& other = b.subnets[i];
    if (one.outbound != other.outbound || one.inbound != other.inbound ||
        one.platform != other.platform || one.endpoints_inbound != other.endpoints_inbound) {
      changed.insert(one.vnet);
    }
  }
  for (size_t i = 0; i < a.interfaces.size(); ++i) {
    const policy::Interface& one = a.interfaces[i];
    const policy::Interface& other = b.interfaces[i];
    if (one.outbound != other.outbound || one.inbound != other.inbound ||
        one.platform != other.platform) {
      changed.insert(one.vnet);
    }
  }
  return changed;
}

// Lists decide which servers answer an appliance, and so what its rules' names stand for.
std::vector<std::string> appliances_with_names(const policy::Network& network,
                                               const Options& options) {
  std::vector<std::string> appliances;
  for (const policy::Interface& machine : network.interfaces) {
    if (machine.network_rules == nullptr || !policy::names_destinations(*machine.host)) continue;
    appliances.push_back(host_netns(options.prefix, machine.name));
  }
  return appliances;
}

// The firewalls of virtual networks and appliances are all that lists go into, and what wires know
// of the lab.
Result<state::KernelState> with_lists_of(const policy::Network& network, const Options& options,
                                         const Compiled& previous) {
  state::KernelState state = previous.state;
  const VnetSet changed = with_changed_lists(network, previous.network);
  const std::vector<std::string> appliances = appliances_with_names(network, options);
  attach_network_of_wires(state, network, options.prefix);
  if (changed.empty() && appliances.empty()) return state;
  ASSIGN_OR_RETURN(Fabric fabric, make_fabric(network, options));
  RETURN_IF_ERROR(add_virtual_networks(fabric, changed));
  const auto take_over = [&](const std::string& netns) {
    const state::Firewall& firewall = *fabric.netns(netns).firewall;
    if (*std::as_const(state.at(netns))->firewall != firewall) state.at(netns)->firewall = firewall;
  };
  for (const policy::Index vnet : changed) {
    take_over(vnet_netns(options.prefix, network.vnets[vnet].name));
  }
  std::for_each(appliances.begin(), appliances.end(), take_over);
  return state;
}

// Of networks that are the same but for their gates.
VnetSet with_changed_gates(const policy::Network& a, const policy::Network& b) {
  VnetSet changed = with_changed_lists(a, b);
  for (policy::Index i = 0; i < a.vnets.size(); ++i) {
    const policy::Network::Vnet& one = a.vnets[i];
    const policy::Network::Vnet& other = b.vnets[i];
    if (one.accepts_forwarded_from != other.accepts_forwarded_from ||
        one.own_of_peers != other.own_of_peers) {
      changed.insert(i);
    }
  }
  for (size_t i = 0; i < a.interfaces.size(); ++i) {
    const policy::Interface& one = a.interfaces[i];
    if (one.endpoint == nullptr) continue;
    if (one.endpoint->status != b.interfaces[i].endpoint->status) changed.insert(one.vnet);
  }
  return changed;
}

}  // namespace

Result<state::Firewalls> meanwhile(const policy::Network& from, const Compiled& to,
                                   const Options& options) {
  state::Firewalls firewalls;
  const std::shared_ptr<const policy::Network> narrowed = policy::narrowed(from, to.network);
  if (narrowed == nullptr) return firewalls;
  const VnetSet changed = with_changed_gates(*narrowed, to.network);
  ASSIGN_OR_RETURN(Fabric fabric, make_fabric(*narrowed, options));
  RETURN_IF_ERROR(add_virtual_networks(fabric, changed));
  const auto take = [&](const std::string& netns) {
    const state::Firewall& firewall = *fabric.netns(netns).firewall;
    if (firewall != *to.state.at(netns)->firewall) firewalls.emplace(netns, firewall);
  };
  for (const policy::Index vnet : changed) {
    take(vnet_netns(options.prefix, narrowed->vnets[vnet].name));
  }
  for (size_t i = 0; i < narrowed->interfaces.size(); ++i) {
    const policy::Interface& machine = narrowed->interfaces[i];
    if (machine.network_rules == to.network.interfaces[i].network_rules) continue;
    take(host_netns(options.prefix, machine.name));
  }
  return firewalls;
}

Result<state::KernelState> compile(const policy::Network& network, const Options& options,
                                   const std::optional<Compiled>& previous) {
  if (previous && same_but_for_lists(network.situation, previous->network.situation)) {
    return with_lists_of(network, options, *previous);
  }
  ASSIGN_OR_RETURN(Fabric fabric, make_fabric(network, options));
  // From the outside in: each part names the ports that those behind it join.
  add_internet(fabric);
  RETURN_IF_ERROR(add_virtual_networks(fabric, all_vnets(network)));
  add_gateways(fabric);
  add_ways(fabric);
  RETURN_IF_ERROR(add_workers(fabric));
  add_fronts(fabric);
  add_platform_processes(fabric);
  add_wires(fabric);
  track_liberally(fabric.state);
  if (options.flow_cache) add_flow_cache(fabric.state);
  return std::move(fabric.state);
}

state::KernelState at_clock(state::KernelState state, const Options& options) {
  const auto stamp = state.find(stamp_netns(options.prefix));
  if (stamp == state.end()) return state;
  state::NftTable table = *std::as_const(stamp->second)->firewall->table;
  hold_ports(table, options.clock_offset);
  stamp->second->firewall = state::make_firewall(std::move(table));
  return state;
}

}  // namespace egress::compile
