// SPDX-License-Identifier: MIT
#pragma once

// Starts a program that is to outlive us, as a child of nobody here, and listens until it says that
// it is ready; and ends processes that are not our children.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace egress::kernel {

// Runs arguments[0] detached in the network namespace of `netns_fd`, with clean signals and only
// standard files, and returns once it has written a line to its standard output. The error carries
// what it wrote to standard error instead.
Status start_detached(const std::vector<std::string>& arguments, int netns_fd,
                      std::chrono::milliseconds patience);

// SIGTERM, and SIGKILL when that was not enough. `still_it` is asked once the process can no longer
// be mistaken for another that took its number. Gone already is success.
Status end_process(pid_t pid, const std::function<bool()>& still_it);

}  // namespace egress::kernel
