// SPDX-License-Identifier: MIT
#pragma once

// What networks and workers have for what comes to integrations (policy/private_ports.hpp).

#include <cstdint>
#include <string>

#include "policy/network.hpp"
#include "state/nft_table.hpp"

namespace egress::compile {

// A virtual network's part: whose lease is in which group, a plan and a subnet, and which ports
// each integration has for its group.
void add_private_port_maps(state::NftTable& table, const policy::Network& network,
                           const policy::Network::Vnet& vnet);

// The name of the chain that what `sender`, a subnet or a machine with a list of its own, sends to
// an integration meets, in front of the list `gate`, if it has one, and its routing table; it
// refuses the rest.
std::string add_way_to_integrations(state::NftTable& table, const std::string& sender,
                                    uint32_t routing_table, const std::string& gate);

// A worker's part, in chains that are there: `ports` lead from an integration and a port to the app
// there.
void add_private_ports(state::NftTable& table, const std::vector<state::NftElement>& ports);

}  // namespace egress::compile
