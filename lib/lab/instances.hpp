// SPDX-License-Identifier: MIT
#pragma once

// Which instances a plan has. Changing its size makes all of them new: a second set stands beside
// the first one until it has started and serves in its place (azure-facts 3.2.5). Both are of the
// same plan and count from 0, so a set is told from those before it by its incarnation.

#include <optional>
#include <string>
#include <vector>

#include "lab/names.hpp"

namespace egress::lab {

struct Lab;

enum class Standing {
  kServing,   // takes the requests, and is meant by who names an instance
  kStarting,  // holds its addresses already
  kDraining,  // holds them still
};
const char* name_of(Standing standing);  // "serving"

// The set of the incarnation before.
struct OutgoingInstances {
  int capacity = 0;
  bool serve = true;  // else the new ones do
  std::string sku{};  // what the plan had
  bool operator==(const OutgoingInstances&) const = default;
};

// What of a plan stands beside the lab, which says what the present incarnation is like.
struct PlanInstances {
  int incarnation = 0;
  std::optional<OutgoingInstances> outgoing{};
  bool operator==(const PlanInstances&) const = default;
};
// By plan; one that is missing has its first incarnation, alone.
using Instances = Named<PlanInstances>;

struct InstanceSet {
  int incarnation = 0;
  int capacity = 0;
  Standing standing = Standing::kServing;
  bool is_next = false;  // has come beside another set, which is still there
  bool operator==(const InstanceSet&) const = default;
};
// One or two, the serving one first; none of a plan that is not in the lab.
std::vector<InstanceSet> instance_sets(const Lab& lab, const Instances& instances,
                                       const std::string& server_farm);
// Whether one of the plan's sets has that instance.
bool has_instance(const Lab& lab, const Instances& instances, const std::string& server_farm,
                  int instance, int incarnation);
// Of the one that serves.
int serving_incarnation(const Instances& instances, const std::string& server_farm);

// What tells an instance from all others of its plan, in keys and in names of links and chains:
// "0", and of incarnation 2 "0.2". No plan and no site has a '.' in its name.
std::string instance_text(int instance, int incarnation);

}  // namespace egress::lab
