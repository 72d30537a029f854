// SPDX-License-Identifier: MIT
#pragma once

// Platform services of random labs, the two kinds of endpoints that lead to them, and what routes
// and lists say about both: equal to an endpoint's prefix, longer, shorter, beside it.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab that has neither; source ports of rules are those of `seed`.
void add_services(lab::Lab& lab, Random& random, uint64_t seed);
// One of them otherwise, or gone.
void change_services(lab::Lab& lab, Random& random);

}  // namespace egress::oracle
