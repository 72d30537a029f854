// SPDX-License-Identifier: MIT
#pragma once

// Why rules that look as if they allowed a packet did not: those that differ from it in one thing.

#include <string>
#include <vector>

#include "policy/effective_rules.hpp"

namespace egress::policy {

struct NearMiss {
  std::string rule{};
  std::string failed_on{};  // "protocol", "sourceAddress", "destinationPort", ...
  std::string wanted{};     // as the rule has it
  std::string got{};        // as the packet has it
};

// The first few rules before `denying`, one of `rules`, that would have allowed the packet.
std::vector<NearMiss> near_misses(const std::vector<EffectiveRule>& rules,
                                  const EffectiveRule& denying, const Packet& packet);

}  // namespace egress::policy
