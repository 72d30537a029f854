// SPDX-License-Identifier: MIT
#pragma once

#include "lab/lab.hpp"

namespace egress::oracle {

// The lab with a few things different, as somebody edits it, and as a daemon takes it over.
lab::Lab changed_lab(const lab::Lab& lab, uint64_t seed);

}  // namespace egress::oracle
