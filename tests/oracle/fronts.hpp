// SPDX-License-Identifier: MIT
#pragma once

// Apps of random labs that are called: by the address of a front end, by private endpoints.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which no app is called.
void add_fronts(lab::Lab& lab, Random& random);
// One of them otherwise, or gone.
void change_fronts(lab::Lab& lab, Random& random);

}  // namespace egress::oracle
