// SPDX-License-Identifier: MIT
#pragma once

// Effective routes and rules in the field names that Network Watcher and the Azure CLI print for a
// network interface (azure-facts 5.7, 10.2.4).

#include "control/json.hpp"
#include "inspect/effective.hpp"

namespace egress::control {

// {"subnet", "routes"}
Json to_json(const inspect::EffectiveRoutes& effective);
// {"subnet", "rules"}
Json to_json(const inspect::EffectiveRules& effective);

}  // namespace egress::control
