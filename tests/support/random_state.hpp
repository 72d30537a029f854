// SPDX-License-Identifier: MIT
#pragma once

// Random kernel states that Linux accepts, drawn from small pools so that two of them share
// namespaces, links and routes and differ in their details.

#include <random>

#include "state/kernel_state.hpp"
#include "state/renames.hpp"

namespace egress::testing_support {

// Between nothing and four namespaces whose names start with "eg-".
state::KernelState random_state(std::mt19937& random);
// Some of their names, each for another one; between two states few of them are due.
state::Renames random_renames(std::mt19937& random);

}  // namespace egress::testing_support
