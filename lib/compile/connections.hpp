// SPDX-License-Identifier: MIT
#pragma once

// By which of its connections a gateway sends what its network hands over.

#include "compile/fabric.hpp"

namespace egress::compile {

// The numbers of the routing tables by which flows leave that a hash has given to a connection.
// kInvalid when a gateway has more connections than there are tables.
Status number_connections(const policy::Situation& situation, NumberBook& book);

// To a gateway and its firewall, whose links are named: the connection with the longest prefix, and
// of several with one each flow's own.
void add_connections(Fabric& fabric, const policy::Network::Gateway& gateway,
                     state::NetnsState& netns, state::NftTable& table);

}  // namespace egress::compile
