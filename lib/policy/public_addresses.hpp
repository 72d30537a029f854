// SPDX-License-Identifier: MIT
#pragma once

// Machines of virtual networks that are reached from the Internet by public addresses of their own:
// the address is the private one from the network's edge on, so that lists see that (azure-facts
// 4.1.7), and routes of the sender no longer count. Answers leave by the same address, if their
// routes lead to the Internet.

#include "policy/walk_state.hpp"

namespace egress::policy {

// The packet, on the Internet, is for the public address of `machine`.
lab::Verdict arrive_by_public_address(WalkState& state, Index machine);

}  // namespace egress::policy
