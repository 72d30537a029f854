// SPDX-License-Identifier: MIT
#pragma once

// What distinguishes two labs, resource by resource, in ARM's words: the upper half of `plan`.

#include <vector>

#include "control/protocol.hpp"
#include "lab/lab.hpp"

namespace egress::control {

// `before` is null when no lab is in force. Parents come before their children.
std::vector<ResourceChange> resource_changes(const lab::Lab* before, const lab::Lab& after);

}  // namespace egress::control
