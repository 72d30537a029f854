// SPDX-License-Identifier: MIT
#pragma once

// Random kernel states that Linux accepts, drawn from small pools so that two of them share
// namespaces, links and routes and differ in their details.

#include <random>

#include "state/kernel_state.hpp"

namespace egress::testing_support {

// Between nothing and four namespaces whose names start with "eg-".
state::KernelState random_state(std::mt19937& random);

}  // namespace egress::testing_support
