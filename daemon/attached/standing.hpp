// SPDX-License-Identifier: MIT
#pragma once

// What a program in a namespace does to stand on its own, so that a lab keeps answering without its
// daemon.

#include <cstddef>

#include "base/result.hpp"

namespace egress::attached {

// Raises the limit of open files as far as is sensible; returns how many the program may open,
// beside the few that it needs itself.
size_t raise_file_limit();

// Says that the program is ready, and lets go of the starter's terminal, pipes and folder.
Status stand_alone();

}  // namespace egress::attached
