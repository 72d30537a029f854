// SPDX-License-Identifier: MIT
#pragma once

// The shortest sequence that still shows a fault: parts are left out, halves first and in the end
// single steps, until no step can be left out (delta debugging).

#include <functional>

#include "tests/lifecycle/steps.hpp"

namespace egress::life {

// `most_questions` bounds how often `still_shows` is asked; the shortest sequence so far is the
// answer then.
Steps shrink(Steps steps, const std::function<bool(const Steps&)>& still_shows,
             size_t most_questions);

}  // namespace egress::life
