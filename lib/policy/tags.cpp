// SPDX-License-Identifier: MIT
#include "base/special_ranges.hpp"
#include "policy/effective_rules.hpp"

namespace egress::policy {
namespace {

// Windows activation: kms.core.windows.net and the two addresses of azkms.core.windows.net.
constexpr Ipv4Address kKeyManagement[] = {{0x176687f6}, {0x147663e0}, {0x2853eb35}};

// What the recorded Internet tag of a plain subnet leaves out (azure-facts 4.4.11).
const AddressSet& public_space() {
  static const AddressSet space =
      address_set({kThisNetwork, kPrivate10, kSharedSpace, kLoopback, kLinkLocal, kPrivate172,
                   kTestNet1, kPrivate192, kBenchmarking, kMulticastAndReserved})
          .complement();
  return space;
}

AddressSet declared_tag(const lab::Lab& lab, const std::string& tag) {
  if (!lab.service_tags) return {};
  const auto found = lab.service_tags->find(tag);
  return found == lab.service_tags->end() ? AddressSet{} : found->second.addresses;
}

AddressSet user_route_prefixes(const lab::Lab& lab, const lab::SubnetRef& subnet) {
  const lab::Subnet* declared = lab.find(subnet);
  if (declared == nullptr || !declared->route_table) return {};
  const auto table = lab.route_tables.find(*declared->route_table);
  if (table == lab.route_tables.end()) return {};
  std::vector<Ipv4Prefix> prefixes;
  AddressSet tags;
  for (const auto& [name, route] : table->second.routes) {
    if (route.address_prefix) {
      prefixes.push_back(*route.address_prefix);
    } else {
      tags = tags.united(declared_tag(lab, route.service_tag));
    }
  }
  return tags.united(address_set(prefixes));
}

// azure-facts 4.4.1; only a connected peering widens it (contract "Decided" 2).
AddressSet virtual_network(const lab::Lab& lab, const lab::SubnetRef& subnet) {
  std::vector<Ipv4Prefix> prefixes{Ipv4Prefix::host(kAzurePlatform)};
  const auto own = lab.virtual_networks.find(subnet.vnet);
  if (own != lab.virtual_networks.end()) {
    const lab::VirtualNetwork& vnet = own->second;
    prefixes.insert(prefixes.end(), vnet.address_prefixes.begin(), vnet.address_prefixes.end());
    for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
      if (!peering.allow_virtual_network_access) continue;
      const auto peer = lab.virtual_networks.find(remote);
      if (peer == lab.virtual_networks.end() ||
          !peer->second.virtual_network_peerings.contains(subnet.vnet)) {
        continue;
      }
      const std::vector<Ipv4Prefix>& theirs = peer->second.address_prefixes;
      prefixes.insert(prefixes.end(), theirs.begin(), theirs.end());
    }
  }
  return address_set(prefixes).united(user_route_prefixes(lab, subnet));
}

}  // namespace

AddressSet tag_addresses(const lab::Lab& lab, const lab::SubnetRef& subnet,
                         const std::string& tag) {
  if (tag == "VirtualNetwork") return virtual_network(lab, subnet);
  if (tag == "Internet") return public_space().without(virtual_network(lab, subnet));
  if (tag == "AzureLoadBalancer" || tag == "AzurePlatformDNS") {
    return address_set({Ipv4Prefix::host(kAzurePlatform)});
  }
  if (tag == "AzurePlatformIMDS") return address_set({Ipv4Prefix::host(kInstanceMetadata)});
  if (tag == "AzurePlatformLKM") {
    std::vector<Ipv4Prefix> servers;
    for (const Ipv4Address address : kKeyManagement) servers.push_back(Ipv4Prefix::host(address));
    return address_set(servers);
  }
  return declared_tag(lab, tag);
}

}  // namespace egress::policy
