// SPDX-License-Identifier: MIT
#pragma once

// Namespaces that are to have another name, with all that is in them as it is.

#include <map>

#include "state/kernel_state.hpp"

namespace egress::state {

using Renames = std::map<NetnsName, NetnsName>;  // from "X-next" to "X"

}  // namespace egress::state
