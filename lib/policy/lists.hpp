// SPDX-License-Identifier: MIT
#pragma once

// The security lists that a packet meets at an interface of a virtual network: its subnet's and, of
// a machine that has one, its own. All have to allow (azure-facts 4.2.2).

#include <vector>

#include "policy/walk_state.hpp"

namespace egress::policy {

struct ListAt {
  const Gate* gate = nullptr;
  std::string where{};    // the subnet, "spoke/data", or the machine, "host/vm"
  bool of_subnet = true;  // else the interface's own
};

// In Azure's order: the interface's own is the first of what leaves and the last of what enters.
std::vector<ListAt> lists_at(const Network& network, Index interface, lab::Direction direction);
// The same of rules for the platform's addresses.
std::vector<ListAt> platform_lists_at(const Network& network, Index interface);

// What a rule of the list says of a packet.
Step rule_step(const ListAt& list, const EffectiveRule& rule, lab::Direction direction);

Ended pass_list(WalkState& state, const ListAt& list, lab::Direction direction);
// The packet comes to the interface, or leaves it.
Ended pass_lists(WalkState& state, Index interface, lab::Direction direction);
// Whether they let such a packet in.
bool lets_in(const Network& network, Index interface, const Packet& packet);

}  // namespace egress::policy
