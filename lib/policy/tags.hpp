// SPDX-License-Identifier: MIT
#pragma once

// What service tags stand for (azure-facts 4.4). Two of them depend on where they are looked from,
// the others mean the same everywhere.

#include <optional>
#include <string>

#include "base/interval_set.hpp"
#include "lab/lab.hpp"
#include "policy/shared_addresses.hpp"

namespace egress::policy {

inline constexpr const char* kVirtualNetworkTag = "VirtualNetwork";
inline constexpr const char* kInternetTag = "Internet";

// VirtualNetwork for the subnets of `vnet` that have this route table, or none (azure-facts 4.4.1;
// only a connected peering widens it, contract "Decided" 2).
AddressSet virtual_network_tag(const lab::Lab& lab, const std::string& vnet,
                               const std::optional<std::string>& route_table);
// Internet where VirtualNetwork is `virtual_network` (azure-facts 4.4.11).
AddressSet internet_tag(const AddressSet& virtual_network);
// Any other; `name` is canonical. Nothing when the lab's file does not have it. Shares the set with
// the lab.
SharedAddresses service_tag(const lab::Lab& lab, const std::string& name);

}  // namespace egress::policy
