// SPDX-License-Identifier: MIT
#pragma once

// What follows from a lab and from what stands beside it: the part of LabInForce that is worked out
// rather than said.

#include <vector>

#include "compile/compile.hpp"
#include "session/proposal.hpp"

namespace egress::session {

// Azure's code of too few addresses (azure-facts 3.2.6).
inline constexpr const char* kExhausted = "Conflict";

compile::Options options_of(const Terms& terms, const LabInForce& lab);

// Fills in what follows from the situation. What `base` knows of it already is taken over.
Status analyse_into(LabInForce& next, lab::Lab lab, const LabInForce& base, const Terms& terms);

// What an integrated site finds when it starts.
std::vector<Ipv4Address> servers_of_network(const lab::Lab& lab, const lab::Site& site);

}  // namespace egress::session
