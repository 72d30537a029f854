// SPDX-License-Identifier: MIT
#pragma once

// Keeps two labs of one machine from names that both could need. Running daemons claim their prefix
// in one place of the machine, wherever their run folders are; a stopped daemon's lab shows by the
// marks of its namespaces.

#include <map>
#include <string>

#include "base/result.hpp"
#include "egressd/socket.hpp"
#include "state/kernel_state.hpp"
#include "state/netns_mark.hpp"

namespace egress::daemon {

inline constexpr const char* kClaimsFolder = "/run/egressd/prefixes";

// A claim holds as long as its lock. `folder` is made if need be. kBusy naming the other daemon
// when one runs with the same prefix or with one whose names ours could be; kDenied when others
// have a hand in the folder.
Result<FileLock> claim_prefix(const std::string& folder, const state::NetnsMark& mark);

// kConflict when one of `marks`, by namespace, is of a lab other than `own` whose names ours could
// be.
Status check_stopped_labs(const state::NetnsMark& own,
                          const std::map<state::NetnsName, state::NetnsMark>& marks);

}  // namespace egress::daemon
