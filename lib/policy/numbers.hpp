// SPDX-License-Identifier: MIT
#pragma once

// Which numbers the analysis of a situation gives, so that they can be given again when others come
// and go. Those of the situation are among them, where what holds them is there.

#include "policy/network.hpp"

namespace egress::policy {

// Private ports, by plan, and addresses of private endpoints, by virtual network.
NumberBook numbers(const Situation& situation);

}  // namespace egress::policy
