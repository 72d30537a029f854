// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "lab/lab.hpp"

namespace egress::policy {

// The outbound address that App Service's source NAT gives a plan instance: one of the lab's, the
// same for all its flows (Azure may use any of the listed ones, azure-facts 1.3.3).
std::optional<Ipv4Address> outbound_address(const lab::Lab& lab, const std::string& server_farm,
                                            int instance);

}  // namespace egress::policy
