// SPDX-License-Identifier: MIT
#pragma once

// The smallest lab that still shows a mismatch: parts are removed one at a time, as long as the
// lab stays valid and the mismatch stays.

#include <functional>

#include "lab/lab.hpp"

namespace egress::oracle {

// Whether the mismatch still shows in this lab; called with valid labs only.
using StillShows = std::function<bool(const lab::Lab&)>;

lab::Lab shrink(lab::Lab lab, const StillShows& still_shows);

}  // namespace egress::oracle
