// SPDX-License-Identifier: MIT
#pragma once

// The one place where Azure's words become the kernel's: a lab and its leases in, every kernel
// object of the data path out (ARCHITECTURE.md section 2). Pure.

#include <map>
#include <string>

#include "base/result.hpp"
#include "lab/lab.hpp"
#include "state/kernel_state.hpp"

namespace egress::compile {

struct Options {
  std::string prefix = "eg";
  // How often each site was restarted: its interfaces change their names with it.
  std::map<std::string, int> generations{};
};

// `addresses` holds a lease for each of lab::integrations(lab), and `lab` has left the loader.
// kInvalid when a lease is missing or not in its subnet, or there are more objects of a kind than
// numbers for them.
Result<state::KernelState> compile(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                                   const Options& options);

}  // namespace egress::compile
