// SPDX-License-Identifier: MIT
#pragma once

// Which warnings about a lab matter to whoever asks about one flow of it.

#include <string>
#include <vector>

#include "lab/load.hpp"
#include "policy/explain.hpp"

namespace egress::inspect {

// Those about the resources at which the flow begins or ends, which it passes or which decide about
// it, and about what the whole lab has. As text, in their order.
std::vector<std::string> concerning(const std::vector<lab::Finding>& warnings, const lab::Lab& lab,
                                    const policy::Explanation& explanation);

}  // namespace egress::inspect
