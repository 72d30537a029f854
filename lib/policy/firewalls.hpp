// SPDX-License-Identifier: MIT
#pragma once

// What machines that are firewalls do with a packet, in the words of an explanation.

#include <string>
#include <vector>

#include "policy/walk_state.hpp"

namespace egress::policy {

// A flow's first packet at a firewall of the network's, which has it before it translates it.
Ended pass_firewall(WalkState& state, const Interface& firewall);

// That `rule`, one of its own, decides at `firewall`; in which subnet that stands is `where`.
Step firewall_step(const std::string& where, const Interface& firewall, const EffectiveRule& rule);
// The rules of `firewall` that would have let the packet pass but for one thing.
std::vector<NearMiss> near_misses(const Interface& firewall, const EffectiveRule& denying,
                                  const Packet& packet);

}  // namespace egress::policy
