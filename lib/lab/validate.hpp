// SPDX-License-Identifier: MIT
#pragma once

// Whether a Lab that no file declared, one that an operation made or another front, is one that the
// loader could have given out. The lab is written as a document and read again by the loader's own
// readers and rules, so that nothing can hold for files alone. Every broken rule is found, not the
// first; findings have key paths and no places.

#include <vector>

#include "lab/lab.hpp"
#include "lab/load.hpp"

namespace egress::lab {

std::vector<Finding> validate(const Lab& lab);

}  // namespace egress::lab
