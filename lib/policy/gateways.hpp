// SPDX-License-Identifier: MIT
#pragma once

// Virtual network gateways, and the networks on-premises behind them (azure-facts 5.3, 5.4, 6.3;
// contract "Decided" 20, 26). A gateway is an interface in its GatewaySubnet: what it sends into
// its network goes by that subnet's routes, and nothing filters it there.

#include <optional>
#include <string>
#include <variant>

#include "policy/walk_state.hpp"

namespace egress::policy {

// To `network`, whose VNets and subnets are known. Their interfaces come with all others.
void add_gateways(Network& network);

// Nothing else stands there, and no security group counts for it.
bool is_gateway_subnet(const lab::SubnetRef& subnet);

// "gateways/vpn"
std::string decider_name(const Network::Gateway& gateway);

// The gateway by which a route to VirtualNetworkGateway leads out of `vnet`; kNowhere when there is
// none: user routes lead to VPN gateways alone, and to none beside an ExpressRoute gateway
// (azure-facts 5.4.3).
Index gateway_for(const Network& network, Index vnet, const EffectiveRoute& route);

// The gateway by which private endpoints of `vnet` answer: that with the longest prefix for
// `address`. kNowhere when none has one.
Index gateway_towards(const Network& network, Index vnet, Ipv4Address address);

// The route with the longest prefix for `address`; null when none has one.
template <typename Route>
const Route* route_to(const std::vector<Route>& routes, Ipv4Address address) {
  const Route* longest = nullptr;
  for (const Route& each : routes) {
    if (!each.prefix.contains(address)) continue;
    if (longest == nullptr || each.prefix.length > longest->prefix.length) longest = &each;
  }
  return longest;
}

// Of the networks that a gateway's route leads to, that by which the packet goes.
uint32_t way_seed(const Network& network, const Network::Gateway& gateway);
std::vector<std::string> names_of_ways(const Network& network,
                                       const Network::ConnectionRoute& route);
Index network_for(const Network& network, const Network::Gateway& gateway,
                  const Network::ConnectionRoute& route, const Packet& packet);

// The row by which the packet leaves a subnet whose lookup says `row`: of equal rows of a gateway
// that of the network by which it goes.
Index row_of_flow(const Network& network, const Routing& routing, Index row, const Packet& packet);

// "office", or "office, by the flow's hash one of factory, office".
std::string chosen_text(const Network& network, const Network::ConnectionRoute& route,
                        Index chosen);

// From the gateway on, which has the packet.
lab::Verdict leave_by_gateway(WalkState& state, Index gateway);

// From a machine on-premises, which sends the packet: to the gateway that its network has it go by,
// or to its end there or on the Internet.
std::variant<Index, lab::Verdict> leave_on_premises(WalkState& state);

}  // namespace egress::policy
