// SPDX-License-Identifier: MIT
#pragma once

// What distinguishes two labs, property by property, in the words of their files.

#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::lab {

// Of one property, or of a whole resource that comes or goes.
struct Difference {
  std::string path{};                   // as in findings: "serverFarms.plan.capacity"
  std::optional<std::string> before{};  // JSON; unset: nothing stands there
  std::optional<std::string> after{};
  bool operator==(const Difference&) const = default;
};

// In the order of the lab's file, those that go behind the others of their object. `before` is null
// when there is no lab. Service tags that are others in a file of the same name are a difference of
// `serviceTags`, with the name before and after. The text of every list is one value. Takes time
// proportional to the labs' size.
std::vector<Difference> differences(const Lab* before, const Lab& after);

// The same by resource.
struct ResourceDifference {
  enum class Verb { kAdd, kChange, kRemove };
  Verb verb = Verb::kChange;
  std::string kind{};  // lab/resource_kinds.hpp; of the lab's own properties "lab"
  std::string name{};  // "spoke/apps"; of the lab's own empty
  std::vector<Difference> properties{};  // with kChange; paths are within the resource
  bool operator==(const ResourceDifference&) const = default;
};

// Parents before their children. A resource comes and goes with all in it, each for itself. The
// lab's own properties come first, and only where there is a lab before.
std::vector<ResourceDifference> resource_differences(const Lab* before, const Lab& after);

}  // namespace egress::lab
