// SPDX-License-Identifier: MIT
#include "lab/schema/tolerated.hpp"

#include <algorithm>
#include <map>

#include "lab/schema/tolerance.hpp"

namespace egress::lab {

std::vector<Tolerated> of_children() {
  return {{.name = "name", .tolerance = Tolerance::kName},
          told("id"),
          told("etag"),
          told("type"),
          told("provisioningState")};
}

std::vector<Tolerated> of_resources() {
  return of_children() + std::vector<Tolerated>{apart("tags"),        apart("kind"),
                                                told("resourceGuid"), told("resourceGroup"),
                                                told("systemData"),   nothing("extendedLocation")};
}

std::vector<Tolerated> of_resources_with_region() {
  return of_resources() +
         std::vector<Tolerated>{{.name = "location", .tolerance = Tolerance::kRegion}};
}

namespace {

std::map<ObjectType, std::vector<Tolerated>> make_all() {
  std::map<ObjectType, std::vector<Tolerated>> all;
  for (const auto& part : {tolerated_of_networks(), tolerated_of_apps()}) {
    for (const auto& [type, properties] : part) {
      for (const Tolerated& each : properties) {
        // What the lab's language says itself is emulated.
        if (schema_of(type).find(each.name) == nullptr) all[type].push_back(each);
      }
    }
  }
  return all;
}

}  // namespace

const std::vector<Tolerated>& tolerated_properties(ObjectType type) {
  static const auto all = make_all();
  static const std::vector<Tolerated> none;
  const auto found = all.find(type);
  return found == all.end() ? none : found->second;
}

const Tolerated* find_tolerated(ObjectType type, const std::string& property) {
  const auto& known = tolerated_properties(type);
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Tolerated& each) { return each.name == property; });
  return found == known.end() ? nullptr : &*found;
}

}  // namespace egress::lab
