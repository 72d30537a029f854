// SPDX-License-Identifier: MIT
#pragma once

// Files of /proc/sys/net. A file stays with the namespace in which it was opened. Opening costs a
// search that grows with the number of namespaces (performance.md 4), so nobody opens one twice.

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// `name` as sysctl(8) spells it. Call in the target namespace. kInvalid for what is not under
// "net."
Result<UniqueFd> open_sysctl_file(const std::string& name);
// With single blanks between numbers and none around.
Result<std::string> read_sysctl(int file);
// Writes nothing when the value is there already.
Status write_sysctl(int file, const std::string& value);

// Of one link of the namespace that we are in, or of "all" that it has and will have. Done where
// the kernel has no IPv6.
Status switch_ipv6(const std::string& link, bool on);

}  // namespace egress::kernel
