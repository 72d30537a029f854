// SPDX-License-Identifier: MIT
#pragma once

// What kinds of resources a lab has, from the format's description: each has a name and stands in a
// map, that of its parent or the lab's own. What stands in an object of a resource, as the records
// of a host's own DNS server, is a part of that resource.

#include <string>
#include <vector>

#include "base/result.hpp"

namespace egress::lab {

// "virtualNetwork", "subnet", "securityRule": as definitions are called in the JSON Schema.
std::vector<std::string> resource_kinds();

// Where a resource stands in a lab, whether or not it is there: ("subnet", "spoke/apps") is at
// "virtualNetworks.spoke.subnets.apps". Kinds are found in any case. kInvalid for an unknown kind,
// with a suggestion, and for a name that has not as many parts as the kind takes.
Result<std::string> path_of(const std::string& kind, const std::string& name);

}  // namespace egress::lab
