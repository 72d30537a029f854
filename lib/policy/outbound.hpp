// SPDX-License-Identifier: MIT
#pragma once

// Which address App Service's own source NAT shows of whom.

#include <string>
#include <vector>

#include "base/ip.hpp"

namespace egress::policy {

// Of a plan's instance: one of `addresses`, which are not empty, and the same for all its flows
// (Azure may use any of the listed ones, azure-facts 1.3.3).
Ipv4Address outbound_address(const std::vector<Ipv4Address>& addresses,
                             const std::string& server_farm, int instance);

}  // namespace egress::policy
