// SPDX-License-Identifier: MIT
#pragma once

// policy::FlowHash and policy::way_slot() in nft's words.

#include <string>
#include <vector>

#include "policy/flow_hash.hpp"
#include "state/nft_table.hpp"

namespace egress::compile {

// Chains from `chain` on, behind which a packet is in the one of `targets` that the hash chooses;
// one that hashes ports is for packets that have some. `targets` are chains, and not none.
void add_choice(state::NftTable& table, const std::string& chain, uint32_t seed,
                policy::HashedParts parts, const std::vector<std::string>& targets);

// The same by policy::way_slot(), of ways by their names: `target` is the first part of the name of
// the chain that a way leads to.
void add_way_choice(state::NftTable& table, const std::string& chain, uint32_t seed,
                    const std::vector<std::string>& ways, const std::string& target);

}  // namespace egress::compile
