// SPDX-License-Identifier: MIT
#pragma once

// How a flow chooses one of several: each of its two ends is hashed by itself, and the sum of both
// chooses. So a flow and its answers choose alike, which is what Azure says of rules for all ports,
// and the kernel can do the same: nftables hashes the one end, and then the other one
// (compile/flow_hash.hpp). Azure does not say which hash it uses; its tuples are documented.

#include <cstdint>

#include "lab/load_balancers.hpp"
#include "policy/effective_rules.hpp"

namespace egress::policy {

// What of an end is hashed.
enum class HashedParts { kAddress, kProtocolAndAddress, kProtocolAddressAndPort };

// Of what has no ports, protocol and address in place of all.
HashedParts hashed_parts(lab::LoadDistribution distribution, bool has_ports);

struct FlowHash {
  uint32_t seed = 0;
  lab::LoadDistribution distribution = lab::LoadDistribution::kDefault;

  // Below `count`, which is not 0.
  uint32_t choose(const Packet& packet, uint32_t count) const;
};

}  // namespace egress::policy
