// SPDX-License-Identifier: MIT
#pragma once

// What a lab's life leaves beside the lab: it is of no file, and stays until something takes it
// away.

#include <chrono>
#include <compare>
#include <set>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::lifecycle {

using TimePoint = std::chrono::system_clock::time_point;

// AppServiceLink on a subnet whose site has gone without disconnecting (azure-facts 3.4.7).
struct OrphanedLink {
  lab::SubnetRef subnet{};
  std::string server_farm{};
  std::string site{};
  auto operator<=>(const OrphanedLink&) const = default;
};

struct State {
  lab::Instances instances{};
  std::set<OrphanedLink> orphans{};
  // When each plan's size or capacity changed within the hour before the last change, oldest first,
  // on the lab's clock (azure-facts 3.2.10).
  lab::Named<std::vector<TimePoint>> scale_changes{};
  bool operator==(const State&) const = default;
};

}  // namespace egress::lifecycle
