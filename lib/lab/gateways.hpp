// SPDX-License-Identifier: MIT
#pragma once

// Virtual network gateways and what they connect with: networks on-premises (azure-facts 5.3, 5.4,
// 6.3; contract part 2 and "Decided" 20, 26).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/learned_prefix.hpp"
#include "lab/names.hpp"

namespace egress::lab {

struct Lab;
struct VirtualNetwork;

// Where a gateway stands, in its own network.
inline constexpr const char* kGatewaySubnet = "GatewaySubnet";

enum class GatewayType { kVpn, kExpressRoute };
const char* name_of(GatewayType type);  // "Vpn"

struct BgpSettings {
  int asn = 0;
  std::optional<Ipv4Address> bgp_peering_address{};
  bool operator==(const BgpSettings&) const = default;
};

// Keyed by the network on-premises that it leads to.
struct GatewayConnection {
  bool enable_bgp = false;
  bool operator==(const GatewayConnection&) const = default;
};

struct VirtualNetworkGateway {
  std::string virtual_network{};
  GatewayType gateway_type = GatewayType::kVpn;
  std::string sku{};  // as Azure spells it; empty: one that does not matter
  std::optional<BgpSettings> bgp_settings{};
  Named<GatewayConnection> connections{};
  bool operator==(const VirtualNetworkGateway&) const = default;
};

struct OnPremisesNetwork {
  std::vector<Ipv4Prefix> local_network_address_space{};  // static routes of its connections
  std::optional<BgpSettings> bgp_settings{};
  std::vector<Ipv4Prefix> advertised_prefixes{};  // learned by connections with BGP
  // What it sends back by its gateways; unset: what they tell it.
  std::optional<std::vector<Ipv4Prefix>> return_routes{};
  // As which it shows what it sends to the Internet; unset: it sends nothing there.
  std::optional<Ipv4Address> internet_address{};
  bool operator==(const OnPremisesNetwork&) const = default;
};

// A gateway without settings has Azure's own autonomous system.
inline constexpr int kGatewayAsn = 65515;
// What speaks no BGP and stands beside no other gateway.
inline constexpr const char* kBasicGatewaySku = "Basic";
// The smallest GatewaySubnet of two gateways.
inline constexpr uint8_t kLongestSharedGatewaySubnet = 27;
// More than that Azure does not take from a neighbour, whose session then ends.
inline constexpr size_t kMostLearnedPrefixes = 4000;

// A session that a gateway holds, or tries to hold, with a network on-premises.
struct BgpPeering {
  std::string on_premises{};
  BgpSettings local{};  // both with an address
  BgpSettings remote{};
};
// Of its connections with BGP those whose networks have a speaker's address; in their order.
std::vector<BgpPeering> bgp_peerings(const Lab& lab, const VirtualNetworkGateway& gateway);

// By gateway and network on-premises, what a session that is up has brought, sorted, which may be
// nothing. Of a connection that is missing 'advertisedPrefixes' count.
using LearnedRoutes = Named<Named<std::vector<LearnedPrefix>>>;

// A prefix that leads to a network on-premises, by name.
struct GatewayRoute {
  Ipv4Prefix prefix{};
  std::string on_premises{};
  bool operator==(const GatewayRoute&) const = default;
};
// Of all connections of the gateway, sorted. Where several have a prefix, static routes come before
// learned ones, and of these those with the shortest path; what is equal then stands beside one
// another (azure-facts 5.3.6).
std::vector<GatewayRoute> routes_of(const Lab& lab, const std::string& gateway,
                                    const LearnedRoutes& learned = {});
// What it has learned from the network, or would have by what that advertises; empty where the
// connection does not speak BGP.
std::vector<LearnedPrefix> learned_from(const Lab& lab, const std::string& gateway,
                                        const std::string& on_premises,
                                        const LearnedRoutes& learned);

// The names of the gateways that stand in `vnet`, in the order in which they are preferred for
// equal prefixes: ExpressRoute before VPN, of each of which there is one at most.
std::vector<std::string> gateways_in(const Lab& lab, const std::string& vnet);
// Those by which `vnet` sends: its own, or by `useRemoteGateways` those of a connected peer that
// allows their transit.
std::vector<std::string> gateways_of(const Lab& lab, const std::string& vnet);
// Prefixes of virtual networks that send by the gateway, which it tells on-premises.
std::vector<Ipv4Prefix> told_prefixes(const Lab& lab, const std::string& gateway);

// In its GatewaySubnet: the peering address where that lies there, else the first that Azure leaves
// free (azure-facts 3.1.1), or the next where the network's other gateway has that. Nothing when
// the network has no such subnet.
std::optional<Ipv4Address> address_of(const Lab& lab, const VirtualNetworkGateway& gateway);

}  // namespace egress::lab
