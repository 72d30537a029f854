// SPDX-License-Identifier: MIT
#pragma once

// What keeps a lab, its state folder and its prefix, to one process of the machine.

#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "egressd/settings.hpp"
#include "egressd/socket.hpp"
#include "kernel/linux_kernel.hpp"

namespace egress::daemon {

struct LabClaim {
  FileLock state;
  FileLock prefix;          // prefix_claim.hpp
  std::string state_dir{};  // by its canonical path: one folder is one lab
};

// The state folder is made if need be. kBusy naming the other process when one has the lab, kDenied
// when others have a hand in the folder.
Result<LabClaim> claim_lab(const Settings& settings);

// What the claimed lab has on this machine. `programs` as for LinuxKernel.
Result<std::unique_ptr<kernel::LinuxKernel>> open_kernel(
    const Settings& settings, const LabClaim& claim,
    const std::map<std::string, std::string>& programs, const Clock& clock);

}  // namespace egress::daemon
