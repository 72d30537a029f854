// SPDX-License-Identifier: MIT
#pragma once

// The forward packet's way, stage by stage, as azure-facts Appendix B orders them. Each leaves a
// step, and what the answer's way depends on.

#include "policy/explain.hpp"
#include "policy/origin.hpp"
#include "policy/trail.hpp"

namespace egress::policy {

struct Report {
  Explanation explanation{};
  Trail trail{};
};

// An app that is integrated has a lease.
Report walk(const Network& network, const Origin& origin, const Flow& flow);

}  // namespace egress::policy
