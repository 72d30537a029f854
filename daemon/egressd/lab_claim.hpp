// SPDX-License-Identifier: MIT
#pragma once

// What keeps a lab, its state folder and its prefix, to one process of the machine.

#include <string>

#include "base/result.hpp"
#include "egressd/settings.hpp"
#include "egressd/socket.hpp"

namespace egress::daemon {

struct LabClaim {
  FileLock state;
  FileLock prefix;          // prefix_claim.hpp
  std::string state_dir{};  // by its canonical path: one folder is one lab
};

// The state folder is made if need be. kBusy naming the other process when one has the lab, kDenied
// when others have a hand in the folder.
Result<LabClaim> claim_lab(const Settings& settings);

}  // namespace egress::daemon
