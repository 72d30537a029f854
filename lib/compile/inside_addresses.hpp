// SPDX-License-Identifier: MIT
#pragma once

// The addresses that packets have between a worker, or the network that one of its integrations
// leaves, and App Service's own source NAT: one of each, and one of what a worker asks Key Vault in
// public, in 240.0.0.0/4 (fabric.hpp).

#include <map>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::compile {

using InsideAddresses = std::map<Ipv4Address, policy::WorkerKey>;
// kInvalid when there are more than numbers for them.
Result<InsideAddresses> inside_addresses(const policy::Network& network);
// Those and the ones of NAT gateways and front ends, as numbers; likewise.
Status number_inside_addresses(const policy::Situation& situation, NumberBook& book);

}  // namespace egress::compile
