// SPDX-License-Identifier: MIT
#pragma once

// Keeps long-lived descriptors out of the low numbers. libnftables waits with select(), which
// aborts the process once its socket's number reaches FD_SETSIZE; everything held for the life of
// a namespace or of a client therefore lives above that.

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// Raises the soft limit of open files to the hard one, once: a namespace costs up to five
// descriptors. Nobody else changes it. kUnsupported names the hard limit when it is too low for any
// lab.
Status raise_fd_limit();
// How many namespaces can be held open under the limit.
size_t namespaces_within_fd_limit();
// Puts back the soft limit that the process was started with; for the child side of a fork.
void restore_fd_limit();

// The same open file under a number that select() never meets. Closes `fd`.
Result<UniqueFd> move_high(UniqueFd fd);

}  // namespace egress::kernel
