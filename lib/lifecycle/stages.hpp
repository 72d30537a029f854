// SPDX-License-Identifier: MIT
#pragma once

// How a plan whose size has changed gets from its old instances to the new ones: they start beside
// the old ones, then serve in their place, then are alone (azure-facts 3.2.5). Each of these is a
// state of its own, which is stored, so that whoever comes next goes on from there.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "lifecycle/state.hpp"

namespace egress::lifecycle {

// A plan with instances that are to go, the first one by name; none: nothing is left to do.
std::optional<std::string> next_to_move(const State& state);

// With that plan a stage further. kNotFound when nothing of it is to go.
Result<State> moved_on(const State& state, const std::string& server_farm);

}  // namespace egress::lifecycle
