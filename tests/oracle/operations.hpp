// SPDX-License-Identifier: MIT
#pragma once

// A lab from one to the next as a daemon takes it there.

#include "lab/lab.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// Scales a plan, connects an app or disconnects one, as `egressctl` does; nothing where that is
// refused.
void operate(lab::Lab& lab, Random& random);

// Whether `after` may come into force, as a file, where `before` is.
bool may_follow(const lab::Lab& before, const lab::Lab& after);

}  // namespace egress::oracle
