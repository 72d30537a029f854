// SPDX-License-Identifier: MIT
#pragma once

// The answer's way back. Rule lists do not apply where the flow is known, routes, peering checks
// and forwarding do; where the flow is unknown (asymmetric routes) the answer is a packet like any
// other.

#include "policy/walk.hpp"

namespace egress::policy {

// `trail` is of a flow from `origin` that arrived, or that a network refused.
Reply reply_of(const Network& network, const Origin& origin, const Flow& flow, const Trail& trail);

}  // namespace egress::policy
