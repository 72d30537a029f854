// SPDX-License-Identifier: MIT
#pragma once

// A lab under other names: what must not depend on names is tried with the worst of them.

#include "lab/lab.hpp"

namespace egress::testing_support {

// `lab` with every name of a resource at the length Azure allows for its kind, all of a kind with
// the same head. Its expectations, which name resources in texts of their own, are left out.
lab::Lab with_longest_names(const lab::Lab& lab);

}  // namespace egress::testing_support
