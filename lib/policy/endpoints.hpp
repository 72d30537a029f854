// SPDX-License-Identifier: MIT
#pragma once

#include "lab/lab.hpp"
#include "policy/names.hpp"

namespace egress::policy {

// The addresses of all private endpoints: those that the lab gives, then, in the order of their
// names, the lowest of the subnet that no machine and no endpoint has. One without any is missing.
EndpointAddresses endpoint_addresses(const lab::Lab& lab);

}  // namespace egress::policy
