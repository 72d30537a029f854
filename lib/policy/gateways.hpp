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
// none: user routes lead to VPN gateways alone (azure-facts 5.4.3).
Index gateway_for(const Network& network, Index vnet, const EffectiveRoute& route);

// Where the network that has the longest prefix for `address` stands; null when none has one.
const Network::GatewayRoute* route_to(const std::vector<Network::GatewayRoute>& routes,
                                      Ipv4Address address);

// From the gateway on, which has the packet.
lab::Verdict leave_by_gateway(WalkState& state, Index gateway);

// From a machine on-premises, which sends the packet: to the gateway that its network has it go by,
// or to its end there or on the Internet.
std::variant<Index, lab::Verdict> leave_on_premises(WalkState& state);

}  // namespace egress::policy
