// SPDX-License-Identifier: MIT
#include "policy/tags.hpp"

#include <strings.h>

#include "base/special_ranges.hpp"
#include "lab/service_tags.hpp"
#include "lab/service_types.hpp"
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

// "Storage.WestEurope", for "Storage" and "westeurope".
bool is_regional(const std::string& name, const std::string& tag, const std::string& region) {
  return name.size() == tag.size() + 1 + region.size() && name.compare(0, tag.size(), tag) == 0 &&
         name[tag.size()] == '.' && strcasecmp(name.c_str() + tag.size() + 1, region.c_str()) == 0;
}

// An own service may be said to be in a tag of its region, and is then in the global one too.
bool comprises(const std::string& tag, const TaggedAddress& own) {
  return tag == own.tag || is_regional(tag, own.tag, own.region) ||
         is_regional(own.tag, tag, own.region);
}

}  // namespace

bool is_platform_tag(const std::string& service_tag) {
  return service_tag == kPlatformDnsTag || service_tag == kPlatformMetadataTag ||
         service_tag == kPlatformLicensingTag;
}

AddressSet on_premises_of(const lab::Lab& lab, const std::string& vnet,
                          const lab::LearnedRoutes& learned) {
  std::vector<Ipv4Prefix> prefixes;
  for (const std::string& gateway : lab::gateways_of(lab, vnet)) {
    for (const lab::GatewayRoute& each : lab::routes_of(lab, gateway, learned)) {
      prefixes.push_back(each.prefix);
    }
  }
  return address_set(prefixes);
}

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
  if (name == "AzureLoadBalancer" || name == kPlatformDnsTag) return hosts({kAzurePlatform});
  if (name == kPlatformMetadataTag) return hosts({kInstanceMetadata});
  if (name == kPlatformLicensingTag) {
    return hosts({kKeyManagement[0], kKeyManagement[1], kKeyManagement[2]});
  }
  const lab::ServiceTags& tags = lab::tags_of(lab);
  const auto found = tags.find(name);
  // Nobody owns the built-in tags, which last as long as the program.
  const SharedAddresses published = found == tags.end()
                                        ? SharedAddresses{}
                                        : SharedAddresses(std::shared_ptr<const AddressSet>(
                                              lab.service_tags, &found->second.addresses));
  std::vector<Ipv4Prefix> own;
  for (const TaggedAddress& each : own_tagged_addresses(lab)) {
    if (comprises(name, each)) own.push_back(Ipv4Prefix::host(each.address));
  }
  return own.empty() ? published : published->united(address_set(own));
}

std::string regional_tag(const lab::Lab& lab, const std::string& tag, const std::string& region) {
  const lab::ServiceTags& tags = lab::tags_of(lab);
  const std::string head = tag + ".";
  for (auto each = tags.lower_bound(head);
       each != tags.end() && each->first.compare(0, head.size(), head) == 0; ++each) {
    if (is_regional(each->first, tag, region)) return each->first;
  }
  return tag;
}

std::vector<TaggedAddress> own_tagged_addresses(const lab::Lab& lab) {
  std::vector<TaggedAddress> own;
  for (const auto& [name, service] : lab.services) {
    const lab::ServiceProfile profile = lab::profile_of(name, service);
    if (profile.tag.empty()) continue;
    own.push_back({profile.tag, profile.region, service.ip_address});
  }
  for (const auto& [name, site] : lab.sites) {
    if (!site.inbound_ip_address) continue;
    const lab::ServiceProfile profile = lab::profile_of_site(name, lab);
    own.push_back({profile.tag, profile.region, *site.inbound_ip_address});
  }
  return own;
}

}  // namespace egress::policy
