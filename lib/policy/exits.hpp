// SPDX-License-Identifier: MIT
#pragma once

// Where packets leave for the Internet, and under which address (azure-facts 1.3, 7). Empty: the
// packet is there, with the source that is seen there.

#include "policy/walk_state.hpp"

namespace egress::policy {

// Whether the appliance puts its own address in place of a source that it forwards, towards public
// destinations alone (contract "Decided" 6).
bool translates(const Interface& appliance, Ipv4Address source, Ipv4Address destination);

// From the worker, past every virtual network.
Ended leave_directly(WalkState& state);
// By a route of `subnet` to the service behind its service endpoint, under the private address.
Ended leave_by_service_endpoint(WalkState& state, const Network::Subnet& subnet,
                                const EffectiveRoute& route);
// By a route of `subnet` to Internet.
Ended leave_by_route(WalkState& state, const Network::Subnet& subnet, const EffectiveRoute& route);

}  // namespace egress::policy
