// SPDX-License-Identifier: MIT
#pragma once

// How a flow chooses one of several equal ways (azure-facts 5.3.6): a hash of its addresses and
// ports leads to one of a fixed number of slots, and each slot ranks the ways by their names. So
// who comes or goes takes and leaves flows of its own, and no other flow moves. The kernel does the
// same (compile/flow_hash.hpp). Azure does not say how its gateways choose.

#include <cstdint>
#include <string>
#include <vector>

#include "policy/effective_rules.hpp"

namespace egress::policy {

inline constexpr uint32_t kWaySlots = 64;

// Of a flow by its addresses and ports, or by its addresses where it has no ports. Below kWaySlots.
uint32_t way_slot(uint32_t seed, const Packet& packet);

// By slot, which of the ways it prefers to the others: a place in `ways`, which are not none.
std::vector<uint32_t> preferred_ways(const std::vector<std::string>& ways);
uint32_t preferred_way(const std::vector<std::string>& ways, uint32_t slot);

}  // namespace egress::policy
