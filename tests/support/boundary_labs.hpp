// SPDX-License-Identifier: MIT
#pragma once

// Labs at the limits of what validation lets through: every name at its longest, every list and
// every count as large as it may be. Several labs, since one with all of it would be of no size
// that a machine has.

#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::testing_support {

struct BoundaryLab {
  std::string name{};
  lab::Lab lab{};
};

// Every kind of resource and of link, under names of every character that Azure allows; and under
// names at their longest.
BoundaryLab oddest_names();
BoundaryLab longest_names();
// One subnet with a security group and a route table at their limits, a machine with as many
// groups and ports as it may have.
BoundaryLab longest_lists();
// As many apps as a plan takes, in two integrations.
BoundaryLab fullest_plan();
// As many instances as a plan takes; and the same on wires that do as much to packets as they may.
BoundaryLab widest_plan();
BoundaryLab widest_wires();
// As many peerings as a network takes.
BoundaryLab most_peerings();
// A zone of a thousand names with as many records as a set takes, and a service with a hundred
// private endpoints.
BoundaryLab most_names();

// A NAT gateway with as many addresses as it takes, and an app with a hundred secrets and as many
// private ports as it may have.
BoundaryLab most_of_the_platform();

std::vector<BoundaryLab> boundary_labs();

}  // namespace egress::testing_support
