// SPDX-License-Identifier: MIT
#pragma once

// What a process may do beside what its user may.

#include "base/result.hpp"

namespace egress::ctl {

// Gives up for good all capabilities but those that programs have in a container by default: they
// keep raw sockets, low ports and other users' files, and can change neither network nor mounts,
// nor look into other processes.
Status keep_rights_of_containers();

}  // namespace egress::ctl
