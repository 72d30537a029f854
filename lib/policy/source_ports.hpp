// SPDX-License-Identifier: MIT
#pragma once

// Which source ports are one as good as the other: a flow is asked about with an assumed port
// (contract "Decided" 11), and its packet must be sent from one that gets the same decision.

#include <cstdint>

#include "base/interval_set.hpp"
#include "lab/lab.hpp"

namespace egress::policy {

// The source ports that no security rule of the lab tells from `port`, itself among them.
PortSet ports_judged_as(const lab::Lab& lab, uint16_t port);

}  // namespace egress::policy
