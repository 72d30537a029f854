// SPDX-License-Identifier: MIT
#pragma once

// The end of the forward packet's way: who receives it, what it sees, and what decided the flow.

#include "policy/walk_state.hpp"

namespace egress::policy {

// The packet is on the Internet, or at the services behind a service endpoint. From the Internet it
// comes to machines that have a public address, too.
lab::Verdict arrive_on_internet(WalkState& state);
// It has come to a private endpoint, past its subnet's list.
lab::Verdict arrive_at_endpoint(WalkState& state, Index endpoint);
// The machine `receiver` gets the packet in `where`.
lab::Verdict arrive(WalkState& state, Index receiver, const std::string& where);
// The integration's worker gets it, past its subnet's list: for an app's private port, or itself.
lab::Verdict arrive_at_integration(WalkState& state, Index integration);
// The destination is in reach, and nobody's.
lab::Verdict nobody(WalkState& state, const std::string& where);

}  // namespace egress::policy
