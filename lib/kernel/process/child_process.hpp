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
#include "base/unique_fd.hpp"

namespace egress::kernel {

// The write lock (fcntl) on a whole file, unless another process has it.
bool take_lock(int fd);

struct Detached {
  std::vector<std::string> command{};  // a path and its arguments
  std::string folder{};                // to work in
  int netns_fd = -1;                   // to live in; borrowed, as the next
  int lock_fd = -1;                    // that it has locked (fcntl) for as long as it lives
};

// Runs a program detached, with clean signals and no files but standard ones and the lock, which it
// must leave open, and returns once it has written a line to its standard output. That is its last
// there, as nobody listens any longer. The error carries what it wrote to standard error instead;
// it may then still run.
Status start_detached(const Detached& program, std::chrono::milliseconds patience);

// A descriptor of a process, readable once that has ended.
Result<UniqueFd> open_process(pid_t pid);

// Waits for it at most so long. False for one that cannot be looked at, too.
bool has_ended(pid_t pid, std::chrono::milliseconds patience = {});

// `still_it` is asked once the process can no longer be mistaken for another that took its number.
// Gone already is success.
Status signal_process(pid_t pid, int number, const std::function<bool()>& still_it);

// SIGTERM, and SIGKILL when that was not enough; otherwise as signal_process().
Status end_process(pid_t pid, const std::function<bool()>& still_it);

}  // namespace egress::kernel
