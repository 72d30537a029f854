// SPDX-License-Identifier: MIT
#pragma once

// The effective routes of a subnet: system, peering, endpoint and user routes, with the losing rows
// kept (azure-facts 5, 13.1, 13.2; contract "Decided" 1-5, 12, 19, 26). `explain` walks the active
// rows, `compile` turns them into kernel tables.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/slots.hpp"
#include "lab/lab.hpp"
#include "policy/service_endpoints.hpp"

namespace egress::policy {

enum class RouteSource { kDefault, kUser, kVirtualNetworkGateway };
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
  kVirtualNetworkServiceEndpoint,
  kInterfaceEndpoint,
};
const char* name_of(EffectiveNextHop type);
const char* name_of(RouteSource source);
const char* name_of(RouteState state);

struct EffectiveRoute {
  // "via-firewall/default", "system/10.0.0.0/8", "spoke/hub" for a peering,
  // "serviceEndpoints/Microsoft.Storage", "privateEndpoints/pe-sql", "gateways/vpn"
  std::string name{};
  RouteSource source = RouteSource::kDefault;
  RouteState state = RouteState::kActive;
  Ipv4Prefix address_prefix{};
  EffectiveNextHop next_hop_type = EffectiveNextHop::kNone;
  // With kVirtualAppliance; of a gateway's own row the other end of the connection, or the gateway
  // where that has no address.
  std::optional<Ipv4Address> next_hop_ip_address{};
  std::string peer{};            // remote VNet, with the two peering types
  std::string gateway{};         // of a gateway's own row
  std::string connection{};      // likewise: the network on-premises
  bool carries_nothing = false;  // it wins for its prefix and drops what its next hop would take
  bool implied = false;          // says what other rows come to; Azure's listing does not have it
  bool operator==(const EffectiveRoute&) const = default;
};

// A private endpoint's route, and what decides whether user routes take its place.
struct PrivateEndpointRoute {
  std::string name{};  // the endpoint's
  std::string vnet{};
  Ipv4Address address{};
  // From which length on user routes that hold the address count; 32: its own alone.
  uint8_t voided_from = 32;
  bool local_routes_carry = false;  // user routes to VnetLocal
};

// Of a lab, whose private endpoints keep the addresses that they have in `held` and whose gateways
// have learned `learned`. What several subnets share is worked out once.
class EffectiveRoutes {
 public:
  explicit EffectiveRoutes(const lab::Lab& lab, const NumberBook& held = {},
                           lab::LearnedRoutes learned = {});

  // Sorted by prefix, active before invalid. At most one active row per prefix, but for those of
  // one gateway's equal ways.
  std::vector<EffectiveRoute> of(const lab::SubnetRef& subnet);
  ServiceEndpoints& service_endpoints() { return service_endpoints_; }

 private:
  struct Candidates;

  void add_endpoints(const lab::SubnetRef& subnet, Candidates& out);
  void add_gateway_routes(const lab::SubnetRef& subnet, Candidates& out) const;
  void add_user_routes(const std::string& table, Candidates& out);
  const std::vector<Ipv4Prefix>& prefixes_of_tag(const std::string& tag);

  const lab::Lab& lab_;
  lab::LearnedRoutes learned_;
  ServiceEndpoints service_endpoints_;
  lab::Named<std::vector<PrivateEndpointRoute>> private_endpoints_{};  // by VNet
  std::map<std::string, std::vector<Ipv4Prefix>> tags_{};
};

// Whether both are rows of one gateway for one prefix, of which each takes a part of the flows.
bool is_equal_way(const EffectiveRoute& a, const EffectiveRoute& b);

// Both sides of the peering exist (azure-facts 6.5). Names of remote VNets, sorted.
bool peering_connected(const lab::Lab& lab, const std::string& vnet, const std::string& remote);
std::vector<std::string> connected_peers(const lab::Lab& lab, const std::string& vnet);

}  // namespace egress::policy
