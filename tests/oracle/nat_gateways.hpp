// SPDX-License-Identifier: MIT
#pragma once

// NAT gateways of random labs, for the subnets of apps, appliances and other machines alike.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which there are none.
void add_nat_gateways(lab::Lab& lab, Random& random);
// One of them, or one subnet's use of it, otherwise or gone.
void change_nat_gateways(lab::Lab& lab, Random& random);

}  // namespace egress::oracle
