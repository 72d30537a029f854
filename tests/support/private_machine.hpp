// SPDX-License-Identifier: MIT
#pragma once

// Network, mount and process namespaces of one's own, for whatever touches the kernel: nothing
// reaches the machine's, and what is left behind ends with them.

#include <functional>

namespace egress::testing_support {

// Runs `work` there as a child process, with an empty /run, and returns its exit status (128 +
// signal when it was killed). Ends the process with status 1 when the right is missing: packet
// tests that are skipped prove nothing. Call before any thread exists.
int in_private_machine(const std::function<int()>& work);

}  // namespace egress::testing_support
