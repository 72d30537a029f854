// SPDX-License-Identifier: MIT
#pragma once

// The effective routes of a subnet: system, peering and user routes, with the losing rows kept
// (azure-facts 5; contract "Decided" 1-5). `explain` walks the active rows, `compile` turns them
// into kernel tables.

#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::policy {

enum class RouteSource { kDefault, kUser };
enum class RouteState { kActive, kInvalid };

// ARM's spelling in effective routes (azure-facts 5.7.2).
enum class EffectiveNextHop {
  kVnetLocal,
  kVNetPeering,
  kVNetGlobalPeering,
  kInternet,
  kVirtualAppliance,
  kVirtualNetworkGateway,
  kNone,
};
const char* name_of(EffectiveNextHop type);
const char* name_of(RouteSource source);
const char* name_of(RouteState state);

struct EffectiveRoute {
  std::string name{};  // "via-firewall/default", "system/10.0.0.0/8", "spoke/hub" for a peering
  RouteSource source = RouteSource::kDefault;
  RouteState state = RouteState::kActive;
  Ipv4Prefix address_prefix{};
  EffectiveNextHop next_hop_type = EffectiveNextHop::kNone;
  std::optional<Ipv4Address> next_hop_ip_address{};  // with kVirtualAppliance
  std::string peer{};                                // remote VNet, with the two peering types
  bool operator==(const EffectiveRoute&) const = default;
};

// Sorted by prefix, active before invalid. At most one active row per prefix.
std::vector<EffectiveRoute> effective_routes(const lab::Lab& lab, const lab::SubnetRef& subnet);

// Both sides of the peering exist (azure-facts 6.5). Names of remote VNets, sorted.
bool peering_connected(const lab::Lab& lab, const std::string& vnet, const std::string& remote);
std::vector<std::string> connected_peers(const lab::Lab& lab, const std::string& vnet);

}  // namespace egress::policy
