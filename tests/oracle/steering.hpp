// SPDX-License-Identifier: MIT
#pragma once

#include "tests/oracle/random_lists.hpp"

namespace egress::oracle {

// Route tables that lead packets through appliances: chance alone rarely leads one through an
// appliance that passes it on, hardly ever through two, nor an answer through one that the flow has
// not met.
void steer_through_appliances(lab::Lab& lab, Random& random, const Pool& pool);

}  // namespace egress::oracle
