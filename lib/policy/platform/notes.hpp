// SPDX-License-Identifier: MIT
#pragma once

// What Azure does not do for a site, or does otherwise than one may think.

#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "lab/platform_tasks.hpp"

namespace egress::policy {

// Of a start or a backup, by its tasks. `services` are those of lab::services_by_name().
std::vector<std::string> platform_notes(const lab::Site& site,
                                        const std::vector<lab::PlatformTask>& tasks,
                                        const lab::Named<const lab::Service*>& services);

}  // namespace egress::policy
