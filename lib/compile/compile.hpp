// SPDX-License-Identifier: MIT
#pragma once

// The one place where Azure's words become the kernel's: an analysed network in, every kernel
// object of the data path out (ARCHITECTURE.md section 2). Pure.

#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"
#include "state/kernel_state.hpp"

namespace egress::compile {

struct Options {
  std::string prefix = "eg";
};

// kInvalid when a lease is missing or not in its subnet, or there are more objects of a kind than
// numbers for them.
Result<state::KernelState> compile(const policy::Network& network, const Options& options = {});

}  // namespace egress::compile
