// SPDX-License-Identifier: MIT
#pragma once

// policy::FlowHash in nft's words.

#include <string>
#include <vector>

#include "policy/flow_hash.hpp"
#include "state/nft_table.hpp"

namespace egress::compile {

// Chains from `chain` on, behind which a packet is in the one of `targets` that the hash chooses;
// one that hashes ports is for packets that have some. `targets` are chains, and not none.
void add_choice(state::NftTable& table, const std::string& chain, uint32_t seed,
                policy::HashedParts parts, const std::vector<std::string>& targets);

}  // namespace egress::compile
