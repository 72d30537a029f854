// SPDX-License-Identifier: MIT
#pragma once

// What goes along with a resource that is deleted: what Azure takes away by itself, and what would
// speak of nothing. Everything else that still names the resource is for the rules to refuse.

#include <string>
#include <vector>

#include "lifecycle/operation.hpp"

namespace egress::lifecycle {

// Of the resource at these keys of the lab's document, "sites", "web", spelled as the lab does.
void delete_companions(const std::vector<std::string>& keys, const lab::Lab& lab, Edits& edits);

// Expectations from instances that a plan of `capacity` no longer has.
void delete_expectations_beyond(const std::string& server_farm, int capacity, const lab::Lab& lab,
                                Edits& edits);

}  // namespace egress::lifecycle
