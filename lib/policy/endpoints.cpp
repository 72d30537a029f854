// SPDX-License-Identifier: MIT
#include "policy/endpoints.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace egress::policy {
namespace {

using Taken = std::set<std::pair<std::string, Ipv4Address>>;  // by VNet

std::string book_of(const std::string& vnet) {
  return "private endpoints/" + vnet;
}

std::optional<Ipv4Address> held_address(const lab::Lab& lab, const std::string& name,
                                        const lab::SubnetRef& ref, const NumberBook& held) {
  const Numbers& numbers = numbers_in(held, book_of(ref.vnet));
  const auto number = numbers.find(name);
  const lab::Subnet* subnet = lab.find(ref);
  if (number == numbers.end() || subnet == nullptr) return std::nullopt;
  const auto& prefixes = subnet->address_prefixes;
  const bool usable = std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
    const auto range = lab::usable_range(prefix);
    return range && range->first <= number->second && number->second <= range->last;
  });
  return usable ? std::optional(Ipv4Address{number->second}) : std::nullopt;
}

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

EndpointAddresses endpoint_addresses(const lab::Lab& lab, const NumberBook& held) {
  Taken taken;
  for (const auto& [name, host] : lab.hosts) {
    if (host.subnet) taken.emplace(host.subnet->vnet, host.ip_address);
  }
  for (const auto& [name, balancer] : lab.load_balancers) {
    for (const auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
      taken.emplace(configuration.subnet.vnet, configuration.private_ip_address);
    }
  }
  EndpointAddresses addresses;
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    if (!endpoint.ip_address) continue;
    addresses[name] = *endpoint.ip_address;
    taken.emplace(endpoint.subnet.vnet, *endpoint.ip_address);
  }
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    if (endpoint.ip_address) continue;
    const auto address = held_address(lab, name, endpoint.subnet, held);
    if (address && taken.emplace(endpoint.subnet.vnet, *address).second) addresses[name] = *address;
  }
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    if (addresses.contains(name)) continue;
    const auto address = next_free(lab, endpoint.subnet, taken);
    if (!address) continue;
    addresses[name] = *address;
    taken.emplace(endpoint.subnet.vnet, *address);
  }
  return addresses;
}

void number_endpoints(const lab::Lab& lab, const NumberBook& held, NumberBook& book) {
  for (const auto& [name, address] : endpoint_addresses(lab, held)) {
    book[book_of(lab.private_endpoints.at(name).subnet.vnet)][name] = address.bits;
  }
}

}  // namespace egress::policy
