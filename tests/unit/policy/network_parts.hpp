// SPDX-License-Identifier: MIT
#pragma once

// Parts of a network by their names in the lab.

#include <algorithm>
#include <string>

#include "policy/network.hpp"
#include "tests/support/values.hpp"

namespace egress::policy::test {

inline const Network::Subnet& at(const Network& network, const std::string& subnet) {
  const auto found = std::find_if(network.subnets.begin(), network.subnets.end(),
                                  [&](const auto& each) { return each.name == subnet; });
  return network.subnets.at(static_cast<size_t>(found - network.subnets.begin()));
}

// Null when nobody is; a name that is no network's stands for the Internet.
inline const Interface* owner(const Network& network, const std::string& vnet,
                              const std::string& address) {
  Index index = kNowhere;
  for (Index i = 0; i < network.vnets.size(); ++i) {
    if (network.vnets[i].name == vnet) index = i;
  }
  const Index found = network.owner(index, testing_support::ip(address));
  return found == kNowhere ? nullptr : &network.interfaces[found];
}

}  // namespace egress::policy::test
