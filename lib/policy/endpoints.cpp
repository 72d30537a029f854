// SPDX-License-Identifier: MIT
#include "policy/endpoints.hpp"

#include <optional>
#include <set>
#include <utility>

namespace egress::policy {
namespace {

using Taken = std::set<std::pair<std::string, Ipv4Address>>;  // by VNet

std::optional<Ipv4Address> next_free(const lab::Lab& lab, const lab::SubnetRef& ref,
                                     const Taken& taken) {
  const lab::Subnet* subnet = lab.find(ref);
  if (subnet == nullptr) return std::nullopt;
  for (const Ipv4Prefix& prefix : subnet->address_prefixes) {
    const auto range = lab::usable_range(prefix);
    if (!range) continue;
    for (uint32_t bits = range->first;; ++bits) {
      if (!taken.contains({ref.vnet, {bits}})) return Ipv4Address{bits};
      if (bits == range->last) break;
    }
  }
  return std::nullopt;
}

}  // namespace

EndpointAddresses endpoint_addresses(const lab::Lab& lab) {
  Taken taken;
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet) taken.emplace(host.subnet->vnet, host.ip_address);
  }
  EndpointAddresses addresses;
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    if (!endpoint.ip_address) continue;
    addresses[name] = *endpoint.ip_address;
    taken.emplace(endpoint.subnet.vnet, *endpoint.ip_address);
  }
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    if (endpoint.ip_address) continue;
    const auto address = next_free(lab, endpoint.subnet, taken);
    if (!address) continue;
    addresses[name] = *address;
    taken.emplace(endpoint.subnet.vnet, *address);
  }
  return addresses;
}

}  // namespace egress::policy
