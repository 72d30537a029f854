// SPDX-License-Identifier: MIT
#pragma once

// What gateways have learned, beside the lab.

#include <string>
#include <vector>

#include "session/proposal.hpp"

namespace egress::session {

// Of sessions that the lab has.
lab::LearnedRoutes still_learned(const lab::LearnedRoutes& learned, const lab::Lab& lab);

// Of connections that nobody speaks BGP for, as BIRD is not installed. Under `file`, when it has a
// name.
std::vector<lab::Finding> unspoken(const lab::Lab& lab, const Terms& terms,
                                   const std::string& file);

}  // namespace egress::session
