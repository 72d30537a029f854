// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"

namespace egress::daemon {

// Makes a lab with a bit of everything and takes it away again, in a process with network, mount
// and process namespaces and a /run of its own, all of which end with it. The first error that the
// kernel gave, or what did not come about. Not for a process that has threads.
Status try_a_lab(const std::map<std::string, std::string>& programs);

}  // namespace egress::daemon
