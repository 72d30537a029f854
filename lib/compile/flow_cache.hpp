// SPDX-License-Identifier: MIT
#pragma once

// What lets the flow cache (state::FlowCache) stand before connection tracking.

#include "state/kernel_state.hpp"

namespace egress::compile {

// Connection tracking sees some packets of a flow and not others, of which it then knows nothing:
// it takes what is outside the window that it has seen for the flow's. So it does in labs without
// flow cache, as no lab is to behave otherwise with it.
void track_liberally(state::KernelState& state);

// All ports of routers that are veth pairs.
void add_flow_cache(state::KernelState& state);

}  // namespace egress::compile
