// SPDX-License-Identifier: MIT
#pragma once

// Frontends of internal load balancers, as destinations and as next hops of routes: which machine
// of a pool a packet is given to (azure-facts 5.4.1). Every machine counts as healthy.

#include <string>

#include "policy/flow_hash.hpp"
#include "policy/walk_state.hpp"

namespace egress::policy {

// "loadBalancers/lb/frontend", "loadBalancers/lb/rule"
std::string decider_name(const Network::Frontend& frontend);
std::string decider_name(const Network::Frontend& frontend, const Network::Frontend::Rule& rule);

// The rule for what is sent to the frontend, or null; ICMP has none.
const Network::Frontend::Rule* rule_for(const Network::Frontend& frontend, const Packet& packet);
// The rule by which the frontend can be a next hop, or null.
const Network::Frontend::Rule* rule_for_all_ports(const Network::Frontend& frontend);
FlowHash hash_of(const Network::Frontend& frontend, const Network::Frontend::Rule& rule);

// Whether a route's target is a frontend that the packet is not for itself.
bool is_handed_over(const Network& network, Index target, const Packet& packet);
// Whom a route's target means for a packet: a frontend one of its machines, or with kNowhere
// nobody; all others themselves.
Index next_hop_for(const Network& network, Index target, const Packet& packet);

// Whether what comes to the frontend over a peering from `vnet` is taken: not over a global one
// where it is a Basic load balancer's (azure-facts 6.9).
bool reached_from(const Network& network, const Network::Frontend& frontend, Index vnet);
// Whether a packet for the frontend that comes from the subnet is for its own network to deliver,
// and no appliance's or gateway's.
bool delivered_from(const Network& network, const Network::Subnet& subnet,
                    const Network::Frontend& frontend);

// The packet, which is for the frontend, is rewritten for the machine that `machine` becomes.
// `from` is the VNet that it comes from.
Ended take_by_frontend(WalkState& state, Index frontend, Index from, Index& machine);

// The frontend, the next hop of `route`, gives the packet to `machine`.
Ended hand_to_appliance(WalkState& state, const Network::Subnet& subnet,
                        const EffectiveRoute& route, Index frontend, Index& machine);
Step hand_over_step(const Network& network, Index frontend, Index machine);

}  // namespace egress::policy
