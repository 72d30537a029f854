// SPDX-License-Identifier: MIT
#include "policy/tags.hpp"

#include "base/special_ranges.hpp"
#include "policy/effective_routes.hpp"

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

AddressSet user_route_prefixes(const lab::Lab& lab, const lab::RouteTable& table) {
  std::vector<Interval<uint32_t>> ranges;
  for (const auto& [name, route] : table.routes) {
    const SharedAddresses to = route.address_prefix ? address_set({*route.address_prefix})
                                                    : service_tag(lab, route.service_tag);
    ranges.insert(ranges.end(), to->intervals().begin(), to->intervals().end());
  }
  return AddressSet(std::move(ranges));
}

AddressSet hosts(std::initializer_list<Ipv4Address> addresses) {
  std::vector<Ipv4Prefix> prefixes;
  for (const Ipv4Address address : addresses) prefixes.push_back(Ipv4Prefix::host(address));
  return address_set(prefixes);
}

}  // namespace

AddressSet virtual_network_tag(const lab::Lab& lab, const std::string& vnet,
                               const std::optional<std::string>& route_table) {
  std::vector<Ipv4Prefix> prefixes{Ipv4Prefix::host(kAzurePlatform)};
  const auto own = lab.virtual_networks.find(vnet);
  if (own != lab.virtual_networks.end()) {
    prefixes.insert(prefixes.end(), own->second.address_prefixes.begin(),
                    own->second.address_prefixes.end());
    for (const std::string& remote : connected_peers(lab, vnet)) {
      if (!own->second.virtual_network_peerings.at(remote).allow_virtual_network_access) continue;
      const auto& theirs = lab.virtual_networks.at(remote).address_prefixes;
      prefixes.insert(prefixes.end(), theirs.begin(), theirs.end());
    }
  }
  AddressSet network = address_set(prefixes);
  const auto table = route_table ? lab.route_tables.find(*route_table) : lab.route_tables.end();
  if (table == lab.route_tables.end()) return network;
  return network.united(user_route_prefixes(lab, table->second));
}

AddressSet internet_tag(const AddressSet& virtual_network) {
  return public_space().without(virtual_network);
}

SharedAddresses service_tag(const lab::Lab& lab, const std::string& name) {
  if (name == "AzureLoadBalancer" || name == "AzurePlatformDNS") return hosts({kAzurePlatform});
  if (name == "AzurePlatformIMDS") return hosts({kInstanceMetadata});
  if (name == "AzurePlatformLKM") {
    return hosts({kKeyManagement[0], kKeyManagement[1], kKeyManagement[2]});
  }
  if (!lab.service_tags) return {};
  const auto found = lab.service_tags->find(name);
  if (found == lab.service_tags->end()) return {};
  return SharedAddresses(
      std::shared_ptr<const AddressSet>(lab.service_tags, &found->second.addresses));
}

}  // namespace egress::policy
