// SPDX-License-Identifier: MIT
#pragma once

// What a lab comes to once it is analysed, counted without analysing it: a small file can ask for
// more than any machine holds, so limits are looked at first.

#include <cstdint>
#include <map>
#include <string>

#include "lab/lab.hpp"

namespace egress::policy {

// Rows of the lists' lookups by security group, once for each subnet that has one: an estimate from
// the address ranges and ports of the rules. Counting stops once they are more than `most`.
std::map<std::string, uint64_t> estimate_gates(const lab::Lab& lab, uint64_t most);

// Likewise of network rules, by the host that has them.
std::map<std::string, uint64_t> estimate_firewalls(const lab::Lab& lab, uint64_t most);

struct VnetEstimate {
  uint64_t prefixes = 0;  // its own and those of connected peers
  uint64_t peerings = 0;  // connected ones, each with the VNet whose name comes first
  // Appliances in peers that some route of its subnets leads to, frontends wherever they are, and a
  // peer's gateway that it uses.
  uint64_t transits = 0;
};
// By VNet.
std::map<std::string, VnetEstimate> estimate_vnets(const lab::Lab& lab);

}  // namespace egress::policy
