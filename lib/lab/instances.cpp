// SPDX-License-Identifier: MIT
#include "lab/instances.hpp"

#include <algorithm>

#include "lab/lab.hpp"

namespace egress::lab {

const char* name_of(Standing standing) {
  switch (standing) {
    case Standing::kServing: return "serving";
    case Standing::kStarting: return "starting";
    case Standing::kDraining: return "draining";
  }
  return "serving";
}

std::vector<InstanceSet> instance_sets(const Lab& lab, const Instances& instances,
                                       const std::string& server_farm) {
  const auto farm = lab.server_farms.find(server_farm);
  if (farm == lab.server_farms.end()) return {};
  InstanceSet present{.capacity = farm->second.capacity};
  const auto known = instances.find(server_farm);
  if (known == instances.end()) return {present};
  present.incarnation = known->second.incarnation;
  const auto& outgoing = known->second.outgoing;
  if (!outgoing) return {present};
  present.is_next = true;
  InstanceSet before{.incarnation = present.incarnation - 1, .capacity = outgoing->capacity};
  if (outgoing->serve) {
    present.standing = Standing::kStarting;
    return {before, present};
  }
  before.standing = Standing::kDraining;
  return {present, before};
}

bool has_instance(const Lab& lab, const Instances& instances, const std::string& server_farm,
                  int instance, int incarnation) {
  const std::vector<InstanceSet> sets = instance_sets(lab, instances, server_farm);
  return std::any_of(sets.begin(), sets.end(), [&](const InstanceSet& set) {
    return set.incarnation == incarnation && instance >= 0 && instance < set.capacity;
  });
}

int serving_incarnation(const Instances& instances, const std::string& server_farm) {
  const auto known = instances.find(server_farm);
  if (known == instances.end()) return 0;
  const auto& [incarnation, outgoing] = known->second;
  return outgoing && outgoing->serve ? incarnation - 1 : incarnation;
}

std::string instance_text(int instance, int incarnation) {
  std::string text = std::to_string(instance);
  if (incarnation > 0) text += '.' + std::to_string(incarnation);
  return text;
}

}  // namespace egress::lab
