// SPDX-License-Identifier: MIT
#pragma once

// NAT gateways, which take what leaves a subnet for the Internet in front of everything else that
// translates there. What other routes carry never comes here: appliances, service endpoints,
// private endpoints and peers come first by themselves (azure-facts 7.1).

#include <string>

#include "policy/walk_state.hpp"

namespace egress::policy {

// To `network`, whose VNets and subnets are known: the gateways that subnets have.
void add_nat_gateways(Network& network);

// "natGateways/NAME"
std::string decider_name(const Network::NatGateway& gateway);

// By a route to Internet of `subnet`, which has a gateway: of several addresses the first stands
// for all in the packet.
Ended leave_by_nat_gateway(WalkState& state, const Network::Subnet& subnet);

}  // namespace egress::policy
