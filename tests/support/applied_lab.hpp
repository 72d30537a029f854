// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "kernel/kernel.hpp"
#include "lab/lab.hpp"

namespace egress::testing_support {

// What the lab with its first leases becomes.
state::KernelState compiled(const lab::Lab& lab, bool flow_cache = false);

// Makes `kernel`, whatever it holds, into the lab with its first leases, by one pass; with the flow
// cache, where it has one. Empty when all went as it must for every lab that validates, else what
// is wrong: a finding, a refusal of compile() or diff(), a name or MAC that the kernel would not
// take or that is there twice, an op that failed, a difference that remains.
std::string fault_in_applying(kernel::Kernel& kernel, const lab::Lab& lab);

}  // namespace egress::testing_support
