// SPDX-License-Identifier: MIT
#pragma once

// The names that a lab declares, with those that follow from its machines, services, sites and
// private endpoints (azure-facts 6.10, 8.3; contract "Decided" 23 to 25).

#include "policy/names.hpp"

namespace egress::policy {

// An endpoint that `endpoints` lacks writes no record.
Names names_of(const lab::Lab& lab, const EndpointAddresses& endpoints);

}  // namespace egress::policy
