// SPDX-License-Identifier: MIT
#include "policy/lists.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "policy/near_misses.hpp"
#include "policy/steps.hpp"

namespace egress::policy {
namespace {

using GateOfSubnet = std::shared_ptr<const Gate> Network::Subnet::*;
using GateOfInterface = std::shared_ptr<const Gate> Interface::*;

std::vector<ListAt> lists_at(const Network& network, Index index, GateOfInterface own,
                             GateOfSubnet of_subnet) {
  const Interface& interface = network.interfaces[index];
  const Network::Subnet& subnet = network.subnets[interface.subnet];
  std::vector<ListAt> lists;
  if (interface.*own) lists.push_back({(interface.*own).get(), "host/" + interface.name, false});
  if (subnet.*of_subnet) lists.push_back({(subnet.*of_subnet).get(), subnet.name});
  return lists;
}

}  // namespace

std::vector<ListAt> lists_at(const Network& network, Index interface, lab::Direction direction) {
  if (direction == lab::Direction::kOutbound) {
    return lists_at(network, interface, &Interface::outbound, &Network::Subnet::outbound);
  }
  std::vector<ListAt> lists =
      lists_at(network, interface, &Interface::inbound, &Network::Subnet::inbound);
  std::reverse(lists.begin(), lists.end());
  return lists;
}

std::vector<ListAt> platform_lists_at(const Network& network, Index interface) {
  return lists_at(network, interface, &Interface::platform, &Network::Subnet::platform);
}

Step rule_step(const ListAt& list, const EffectiveRule& rule, lab::Direction direction) {
  Step step = rule_step(list.where, rule, direction);
  if (!list.of_subnet) step.reason += " It is a list of the network interface's own.";
  return step;
}

Ended pass_list(WalkState& state, const ListAt& list, lab::Direction direction) {
  const EffectiveRule& rule = list.gate->decide(state.packet);
  Step step = rule_step(list, rule, direction);
  if (rule.rule.access == lab::Access::kDeny) {
    state.explanation.nearest = near_misses(list.gate->rules, rule, state.packet);
    return state.stop(lab::Verdict::kDeny, std::move(step));
  }
  state.note(std::move(step));
  state.admitted_by = &rule;
  return std::nullopt;
}

Ended pass_lists(WalkState& state, Index interface, lab::Direction direction) {
  const std::vector<ListAt> lists = lists_at(state.network, interface, direction);
  state.admitted_by = nullptr;
  if (lists.empty()) {
    const Index subnet = state.network.interfaces[interface].subnet;
    state.note(no_list_step(state.network.subnets[subnet].name, direction));
  }
  for (const ListAt& list : lists) {
    if (const Ended ended = pass_list(state, list, direction)) return ended;
  }
  return std::nullopt;
}

bool lets_in(const Network& network, Index interface, const Packet& packet) {
  const std::vector<ListAt> lists = lists_at(network, interface, lab::Direction::kInbound);
  return std::all_of(lists.begin(), lists.end(), [&](const ListAt& list) {
    return list.gate->decide(packet).rule.access == lab::Access::kAllow;
  });
}

}  // namespace egress::policy
