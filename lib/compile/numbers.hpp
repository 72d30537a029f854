// SPDX-License-Identifier: MIT
#pragma once

// The numbers by which sockets, flows and programs know what they deal with, so that they outlive
// the pass that gave them: addresses of apps and their private ports, of private endpoints, the
// first and second integrations of plans, blocks of source NAT, inside addresses, gates, routing
// tables of networks, ways, sessions of gateways. All follow from a situation, which holds those
// given before: what has one keeps it when others come and go (base/slots.hpp). MACs and names of
// links are in no book: a pass changes them everywhere at once.

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::compile {

// All of a situation, and the same again for the situation that holds them; no kind is empty.
// kInvalid when there are more things of a kind than numbers for them.
Result<NumberBook> numbers(const policy::Situation& situation);

}  // namespace egress::compile
