// SPDX-License-Identifier: MIT
#pragma once

#include "lab/lab.hpp"

namespace egress::policy {

// Whether the rules of the subnet's group hold for flows that are there already
// (azure-facts 4.2.6).
bool flushes_connections(const lab::Lab& lab, const lab::Subnet& subnet);
// The same of the network interface's.
bool flushes_connections(const lab::Lab& lab, const lab::Host& host);

}  // namespace egress::policy
