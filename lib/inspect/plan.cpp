// SPDX-License-Identifier: MIT
#include "inspect/plan.hpp"

#include <utility>

#include "lab/difference.hpp"

namespace egress::inspect {

namespace {

using Verb = lab::ResourceDifference::Verb;

const char* name_of(Verb verb) {
  switch (verb) {
    case Verb::kAdd: return "add";
    case Verb::kChange: return "change";
    case Verb::kRemove: return "remove";
  }
  return "change";
}

// Of the lab's own properties.
bool makes_something(const std::string& property, bool same_tags) {
  if (property == "expectations") return false;
  return property != "serviceTags" || !same_tags;
}

}  // namespace

std::vector<ResourceChange> resource_changes(const lab::Lab* before, const lab::Lab& after) {
  const bool same_tags = before != nullptr && lab::same_service_tags(*before, after);
  std::vector<ResourceChange> changes;
  for (lab::ResourceDifference& difference : lab::resource_differences(before, after)) {
    const bool own = difference.name.empty();
    ResourceChange change{name_of(difference.verb), std::move(difference.kind),
                          std::move(difference.name)};
    for (lab::Difference& each : difference.properties) {
      if (own && !makes_something(each.path, same_tags)) continue;
      change.properties.push_back(
          {std::move(each.path), std::move(each.before), std::move(each.after)});
    }
    if (!own || !change.properties.empty()) changes.push_back(std::move(change));
  }
  return changes;
}

AddressChanges address_changes(const ipam::LeaseChange& change) {
  AddressChanges changes;
  for (const ipam::Lease& lease : change.stored) {
    const bool held = lease.state == ipam::LeaseState::kHeld;
    (held ? changes.taken : changes.released).push_back(lease);
  }
  for (const ipam::Lease& lease : change.removed) {
    if (lease.state == ipam::LeaseState::kHeld) changes.released.push_back(lease);
  }
  return changes;
}

}  // namespace egress::inspect
