// SPDX-License-Identifier: MIT
#pragma once

// NAT gateways of random labs, for the subnets of apps, appliances and other machines alike.

#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which there are none.
void add_nat_gateways(lab::Lab& lab, Random& random);
// One of them, or one subnet's use of it, otherwise or gone.
void change_nat_gateways(lab::Lab& lab, Random& random);

// For the coverage: of a flow that leaves by one and arrives, else empty.
std::string feature_of_exit(const policy::Explanation& explained);

}  // namespace egress::oracle
