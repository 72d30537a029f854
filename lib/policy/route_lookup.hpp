// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "policy/effective_routes.hpp"

namespace egress::policy {

// A place in a list of a Network or in one of its tables.
using Index = uint32_t;
inline constexpr Index kNowhere = ~Index{0};

// Longest-prefix lookup among the active rows of an effective route table.
class RouteLookup {
 public:
  explicit RouteLookup(const std::vector<EffectiveRoute>& routes);
  Index find(Ipv4Address destination) const;  // the row, or kNowhere

 private:
  void begin(uint32_t first, Index row);

  struct Segment {
    uint32_t first = 0;
    Index row = kNowhere;
  };
  std::vector<Segment> segments_{};
};

}  // namespace egress::policy
