// SPDX-License-Identifier: MIT
#pragma once

// What becomes of tracked flows when the clock moves on while they are idle.

#include <chrono>
#include <vector>

#include "state/tracked_flow.hpp"

namespace egress::flows {

struct Aged {
  std::vector<state::TrackedFlow> ended{};      // their time has run out, as they were
  std::vector<state::TrackedFlow> remaining{};  // live on, with what is left of their time-outs
};
Aged aged(const std::vector<state::TrackedFlow>& flows, std::chrono::seconds by);

}  // namespace egress::flows
