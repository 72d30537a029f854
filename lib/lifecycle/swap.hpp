// SPDX-License-Identifier: MIT
#pragma once

// What a swap of deployment slots exchanges, which is what Azure lists as swapped of what a lab
// has: runtime and code, and app settings that are no slot's own. The integration is not among it
// (azure-facts 13.10).

#include <string>

#include "lifecycle/operation.hpp"

namespace egress::lifecycle {

// Of an app and the site that is one of its slots, as the lab spells them.
Result<Edits> edits_of_swap(const lab::Lab& lab, const std::string& app, const std::string& slot);

}  // namespace egress::lifecycle
