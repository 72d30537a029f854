// SPDX-License-Identifier: MIT
#pragma once

// What service tags stand for (azure-facts 4.4). Two of them depend on where they are looked from,
// the others mean the same everywhere.

#include <optional>
#include <string>
#include <vector>

#include "base/interval_set.hpp"
#include "lab/lab.hpp"
#include "policy/shared_addresses.hpp"

namespace egress::policy {

inline constexpr const char* kVirtualNetworkTag = "VirtualNetwork";
inline constexpr const char* kInternetTag = "Internet";
inline constexpr const char* kPlatformDnsTag = "AzurePlatformDNS";
inline constexpr const char* kPlatformMetadataTag = "AzurePlatformIMDS";
inline constexpr const char* kPlatformLicensingTag = "AzurePlatformLKM";

// Whether rules with this destination are meant for the platform's own addresses (azure-facts
// 4.5.1).
bool is_platform_tag(const std::string& service_tag);

// VirtualNetwork for the subnets of `vnet` that have this route table, or none (azure-facts 4.4.1;
// only a connected peering widens it, contract "Decided" 2), without what is on-premises.
AddressSet virtual_network_tag(const lab::Lab& lab, const std::string& vnet,
                               const std::optional<std::string>& route_table);
// What is in VirtualNetwork besides: behind the gateway by which `vnet` sends, whatever routes its
// subnets keep from it (contract "Decided" 26). Public space of that is in Internet, too
// (azure-facts 4.4.7).
AddressSet on_premises_of(const lab::Lab& lab, const std::string& vnet,
                          const lab::LearnedRoutes& learned = {});
// Internet where VirtualNetwork is `virtual_network` (azure-facts 4.4.11).
AddressSet internet_tag(const AddressSet& virtual_network);
// Any other; `name` is canonical. The addresses of the lab's own services are in the tags of their
// kind and region, whatever the tag file has. Nothing when nobody has the tag. A tag without own
// services shares its set with whom it is from.
SharedAddresses service_tag(const lab::Lab& lab, const std::string& name);
// The name of `tag` in `region`: "Storage.WestEurope" for "Storage" and "westeurope". The tag
// itself where it has none of that region. The published file spells regions in more than one way
// in a tag's properties, and in one in its name.
std::string regional_tag(const lab::Lab& lab, const std::string& tag, const std::string& region);

// An address that a service of the lab adds to tags.
struct TaggedAddress {
  std::string tag{};
  std::string region{};
  Ipv4Address address{};
  bool operator==(const TaggedAddress&) const = default;
};
std::vector<TaggedAddress> own_tagged_addresses(const lab::Lab& lab);

}  // namespace egress::policy
