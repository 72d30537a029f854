// SPDX-License-Identifier: MIT
#pragma once

// The smallest lab that still shows a mismatch. Parts of one kind are removed many at once, in ever
// smaller groups down to single ones; what a removal leaves without its other end goes with it.
// Every question costs an application of a lab, so their number is bounded: when it is used up,
// the smallest lab so far is the answer.

#include <cstddef>
#include <functional>

#include "lab/lab.hpp"

namespace egress::oracle {

// Whether the mismatch still shows in this lab; called with valid labs only.
using StillShows = std::function<bool(const lab::Lab&)>;

lab::Lab shrink(lab::Lab lab, const StillShows& still_shows, size_t most_questions);

}  // namespace egress::oracle
