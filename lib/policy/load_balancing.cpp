// SPDX-License-Identifier: MIT
#include "policy/load_balancing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace egress::policy {
namespace {

using lab::Verdict;
using Frontend = Network::Frontend;

Index choose(const Frontend& frontend, const Frontend::Rule& rule, const Packet& packet) {
  if (rule.machines.empty()) return kNowhere;
  const auto count = static_cast<uint32_t>(rule.machines.size());
  return rule.machines[hash_of(frontend, rule).choose(packet, count)];
}

std::vector<std::string> names_of(const Network& network, const std::vector<Index>& machines) {
  std::vector<std::string> names;
  for (const Index each : machines) names.push_back(network.interfaces[each].name);
  return names;
}

// "fw1", or "fw1, by the flow's hash one of fw1, fw2"
std::string choice_text(const Network& network, const Frontend::Rule& rule, Index machine) {
  const std::string& name = network.interfaces[machine].name;
  if (rule.machines.size() == 1) return name;
  return fmt::format("{}, by the flow's hash one of {}", name,
                     fmt::join(names_of(network, rule.machines), ", "));
}

void remember(WalkState& state, const Frontend& frontend, const Frontend::Rule& rule,
              Index machine) {
  const bool by_ports = rule.declared->load_distribution == lab::LoadDistribution::kDefault &&
                        has_ports(state.packet.protocol) && rule.machines.size() > 1;
  state.explanation.balanced.push_back({.rule = decider_name(frontend, rule),
                                        .host = state.network.interfaces[machine].name,
                                        .hosts = names_of(state.network, rule.machines),
                                        .by_ports = by_ports});
}

// What the frontend makes of the packet, which goes on to the machine.
void rewrite(WalkState& state, Index index, const Frontend::Rule& rule, Index machine) {
  const Network& network = state.network;
  const Interface& interface = network.interfaces[index];
  const Frontend& frontend = network.frontends[interface.frontend];
  Packet& packet = state.packet;
  packet.destination = network.interfaces[machine].address;
  if (!rule.declared->for_all_ports()) {
    packet.destination_port = rule.declared->backend_port.value_or(rule.declared->frontend_port);
  }
  state.explanation.balanced.back().port = packet.destination_port;
  state.be_seen_as(packet.destination);
  state.trail.frontend = index;
  state.note({Stage::kLoadBalancer, network.subnets[interface.subnet].name,
              fmt::format("{}:{}", packet.destination.to_string(), packet.destination_port),
              decider_name(frontend, rule),
              fmt::format("Frontend {} gives it to {}.", frontend.address.to_string(),
                          choice_text(network, rule, machine))});
}

Verdict drop(WalkState& state, const Frontend& frontend, std::string name, std::string reason) {
  const Interface& interface = state.network.interfaces[frontend.interface];
  return state.stop(Verdict::kDrop,
                    {Stage::kLoadBalancer, state.network.subnets[interface.subnet].name, "Drop",
                     std::move(name), std::move(reason)});
}

}  // namespace

std::string decider_name(const Frontend& frontend) {
  return fmt::format("loadBalancers/{}/{}", frontend.balancer, frontend.name);
}

std::string decider_name(const Frontend& frontend, const Frontend::Rule& rule) {
  return fmt::format("loadBalancers/{}/{}", frontend.balancer, rule.name);
}

const Frontend::Rule* rule_for(const Frontend& frontend, const Packet& packet) {
  if (!has_ports(packet.protocol)) return nullptr;
  const auto takes = [&](const Frontend::Rule& rule) {
    if (rule.declared->for_all_ports()) return true;
    const bool tcp = rule.declared->protocol == lab::LoadBalancingProtocol::kTcp;
    return packet.protocol == number_of(tcp ? Protocol::kTcp : Protocol::kUdp) &&
           packet.destination_port == rule.declared->frontend_port;
  };
  const auto found = std::find_if(frontend.rules.begin(), frontend.rules.end(), takes);
  return found == frontend.rules.end() ? nullptr : &*found;
}

const Frontend::Rule* rule_for_all_ports(const Frontend& frontend) {
  const auto found =
      std::find_if(frontend.rules.begin(), frontend.rules.end(),
                   [](const Frontend::Rule& rule) { return rule.declared->for_all_ports(); });
  return found == frontend.rules.end() ? nullptr : &*found;
}

FlowHash hash_of(const Frontend& frontend, const Frontend::Rule& rule) {
  return {frontend.address.bits, rule.declared->load_distribution};
}

bool is_handed_over(const Network& network, Index target, const Packet& packet) {
  const Interface& hop = network.interfaces[target];
  return hop.frontend != kNowhere && hop.address != packet.destination;
}

Index next_hop_for(const Network& network, Index target, const Packet& packet) {
  if (target == kNowhere || network.interfaces[target].frontend == kNowhere) return target;
  const Frontend& frontend = network.frontends[network.interfaces[target].frontend];
  const Frontend::Rule* const rule = rule_for_all_ports(frontend);
  return rule == nullptr ? kNowhere : choose(frontend, *rule, packet);
}

bool reached_from(const Network& network, const Frontend& frontend, Index vnet) {
  const Index own = network.interfaces[frontend.interface].vnet;
  return !frontend.basic ||
         network.vnets[vnet].declared->location == network.vnets[own].declared->location;
}

bool delivered_from(const Network& network, const Network::Subnet& subnet,
                    const Frontend& frontend) {
  if (network.interfaces[frontend.interface].vnet != subnet.vnet) return false;
  const Index row = subnet.routing->lookup.find(frontend.address);
  const EffectiveRoute& route = subnet.routing->routes[row];
  if (route.carries_nothing) return false;
  return route.next_hop_type == EffectiveNextHop::kVnetLocal ||
         subnet.routing->targets[row] == frontend.interface;
}

Ended take_by_frontend(WalkState& state, Index index, Index from, Index& machine) {
  const Frontend& frontend = state.network.frontends[state.network.interfaces[index].frontend];
  if (!reached_from(state.network, frontend, from)) {
    return drop(state, frontend, decider_name(frontend),
                fmt::format("{} is a Basic load balancer, whose frontends are not reached over "
                            "a global peering.",
                            frontend.balancer));
  }
  const Frontend::Rule* const rule = rule_for(frontend, state.packet);
  if (rule == nullptr) {
    return drop(state, frontend, decider_name(frontend),
                has_ports(state.packet.protocol)
                    ? fmt::format("No rule of {} takes port {}.", frontend.balancer,
                                  state.packet.destination_port)
                    : "Load balancing rules are for TCP and UDP alone.");
  }
  machine = choose(frontend, *rule, state.packet);
  if (machine == kNowhere) {
    return drop(state, frontend, decider_name(frontend, *rule),
                fmt::format("The pool of {} holds no machine.", rule->name));
  }
  remember(state, frontend, *rule, machine);
  if (state.packet.source == state.network.interfaces[machine].address) {
    return drop(state, frontend, decider_name(frontend, *rule),
                fmt::format("{} is given its own packet, which does not come back to it.",
                            state.network.interfaces[machine].name));
  }
  rewrite(state, index, *rule, machine);
  return std::nullopt;
}

Ended hand_to_appliance(WalkState& state, const Network::Subnet& subnet,
                        const EffectiveRoute& route, Index index, Index& machine) {
  const Frontend& frontend = state.network.frontends[state.network.interfaces[index].frontend];
  const Frontend::Rule* const rule = rule_for_all_ports(frontend);
  if (rule == nullptr) {
    return state.drop_at_route(
        subnet, route,
        fmt::format("{} is a frontend without a rule for all ports", frontend.address.to_string()));
  }
  machine = choose(frontend, *rule, state.packet);
  if (machine == kNowhere) {
    return state.drop_at_route(subnet, route,
                               fmt::format("the pool of {} holds no machine", rule->name));
  }
  // Its own network lets it go on to the frontend before any list of the machine's.
  if (state.network.interfaces[index].vnet == subnet.vnet) state.leave();
  remember(state, frontend, *rule, machine);
  state.note(hand_over_step(state.network, index, machine));
  return std::nullopt;
}

Step hand_over_step(const Network& network, Index index, Index machine) {
  const Interface& interface = network.interfaces[index];
  const Frontend& frontend = network.frontends[interface.frontend];
  const Frontend::Rule& rule = *rule_for_all_ports(frontend);
  return {Stage::kLoadBalancer, network.subnets[interface.subnet].name,
          network.interfaces[machine].address.to_string(), decider_name(frontend, rule),
          fmt::format("Frontend {} hands it as it is to {}.", frontend.address.to_string(),
                      choice_text(network, rule, machine))};
}

}  // namespace egress::policy
