// SPDX-License-Identifier: MIT
#include "lab/nat_gateways.hpp"

#include <set>

#include "lab/lab.hpp"

namespace egress::lab {

std::vector<Ipv4Address> addresses_of(const Lab& lab, const NatGateway& gateway) {
  std::vector<Ipv4Address> addresses;
  std::set<Ipv4Address> seen;
  const auto add = [&](Ipv4Address address) {
    if (seen.insert(address).second) addresses.push_back(address);
  };
  for (const std::string& name : gateway.public_ip_addresses) {
    const auto found = lab.public_ip_addresses.find(name);
    if (found != lab.public_ip_addresses.end()) add(found->second.ip_address);
  }
  for (const Ipv4Prefix& prefix : gateway.public_ip_prefixes) {
    const uint32_t first = prefix.first().bits;
    const uint32_t size = prefix.last().bits - first + 1;
    for (uint32_t i = 0; i < size; ++i) add({first + i});
  }
  return addresses;
}

}  // namespace egress::lab
