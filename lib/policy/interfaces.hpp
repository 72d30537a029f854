// SPDX-License-Identifier: MIT
#pragma once

// Everything in a lab that owns an address.

#include <map>
#include <string>

#include "policy/network.hpp"

namespace egress::policy {

// Where what the lab names stands in the network.
struct Places {
  std::map<std::string, Index> vnets{};
  std::map<lab::SubnetRef, Index> subnets{};
};

// To `network`, whose VNets, subnets, workers and endpoint addresses are known.
void add_interfaces(Network& network, const Places& places);

}  // namespace egress::policy
