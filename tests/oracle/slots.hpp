// SPDX-License-Identifier: MIT
#pragma once

// Deployment slots of random labs.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// In some draws an app becomes a slot of another one on its plan.
void make_slots(lab::Lab& lab, Random& random);
// A slot becomes an app of its own with the name that it has, or again a slot.
void change_slots(lab::Lab& lab, Random& random);

}  // namespace egress::oracle
