// SPDX-License-Identifier: MIT
#include "lab/nat_gateways.hpp"

#include <algorithm>
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

std::optional<Ipv4Address> public_address_of(const Lab& lab, const Host& host) {
  if (!host.public_ip_address) return std::nullopt;
  const auto entry = lab.public_ip_addresses.find(*host.public_ip_address);
  if (entry != lab.public_ip_addresses.end()) return entry->second.ip_address;
  const auto literal = Ipv4Address::parse(*host.public_ip_address);
  return literal.ok() ? std::optional(*literal) : std::nullopt;
}

bool answers_past_nat_gateway(const Lab& lab, const SubnetRef& ref) {
  const Subnet* subnet = lab.find(ref);
  return subnet != nullptr && subnet->nat_gateway &&
         std::any_of(lab.hosts.begin(), lab.hosts.end(), [&](const auto& host) {
           return host.second.public_ip_address && host.second.subnet == ref;
         });
}

}  // namespace egress::lab
