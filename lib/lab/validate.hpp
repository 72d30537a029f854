// SPDX-License-Identifier: MIT
#pragma once

// The rules that tie objects of a lab together: references, address spaces, priorities, limits of
// the service. Returns every broken rule, not the first; places are filled in by the loader.

#include <vector>

#include "lab/lab.hpp"
#include "lab/load.hpp"

namespace egress::lab {

std::vector<Finding> validate(const Lab& lab);

}  // namespace egress::lab
