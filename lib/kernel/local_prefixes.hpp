// SPDX-License-Identifier: MIT
#pragma once

// What a namespace takes for its own beside the addresses of its interfaces.

#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"

namespace egress::kernel {

// By `local` routes of the namespace that the thread is in.
Result<std::vector<Ipv4Prefix>> local_prefixes();

}  // namespace egress::kernel
