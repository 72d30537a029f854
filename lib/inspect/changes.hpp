// SPDX-License-Identifier: MIT
#pragma once

// What distinguishes two labs, resource by resource, in ARM's words: the upper half of `plan`.

#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::inspect {

// A resource that a new lab adds, changes or removes.
struct ResourceChange {
  std::string verb{};  // "add", "change", "remove"
  std::string kind{};  // "subnet", "securityRule"
  std::string name{};  // "spoke/integration", "nsg/deny-sql"
  bool operator==(const ResourceChange&) const = default;
};

// `before` is null when no lab is in force. Parents come before their children.
std::vector<ResourceChange> resource_changes(const lab::Lab* before, const lab::Lab& after);

}  // namespace egress::inspect
