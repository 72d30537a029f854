// SPDX-License-Identifier: MIT
#pragma once

// What becomes of a packet before it leaves whoever sends it.

#include "policy/walk_state.hpp"

namespace egress::policy {

// An app's. What stays on its worker in any case does not get as far as the sandbox.
Ended keep_in_sandbox(WalkState& state);

// The platform answers itself, whatever the routing.
Ended keep_platform_addresses(WalkState& state);

}  // namespace egress::policy
