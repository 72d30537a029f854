// SPDX-License-Identifier: MIT
#pragma once

// Becomes a program inside an app or on a machine of the lab: its network namespace, its resolver
// configuration, names and trusted certificates in a mount namespace of its own, its environment,
// with the folder of daemon/app-tools first in PATH, and the rights that a program has in a
// container. There is no process in between, so terminal, signals and exit status are the program's
// by construction, and its end ends the mounts.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "inspect/context.hpp"

namespace egress::ctl {

enum class Rights {
  kContainers,  // what programs in App Service's containers have: the network is not theirs to
                // change
  kCallers,     // all that the caller has
};

// Call with one thread only.
Status enter(const inspect::ExecContext& context, Rights rights);

// Returns only when the program cannot be started, with the exit status that says so.
int become(const std::vector<std::string>& program);

}  // namespace egress::ctl
