// SPDX-License-Identifier: MIT
#include "policy/route_lookup.hpp"

#include <algorithm>
#include <iterator>

namespace egress::policy {

// Rows are sorted by prefix, so an enclosing prefix precedes what it encloses: a stack holds the
// rows around the current address, and each end of a row goes back to the one around it.
RouteLookup::RouteLookup(const std::vector<EffectiveRoute>& routes) {
  std::vector<Index> around;
  const auto leave_until = [&](const EffectiveRoute* next) {
    while (!around.empty()) {
      const Ipv4Prefix& inner = routes[around.back()].address_prefix;
      if (next != nullptr && inner.contains(next->address_prefix)) return;
      around.pop_back();
      const uint32_t last = inner.last().bits;
      if (last != ~uint32_t{0}) begin(last + 1, around.empty() ? kNowhere : around.back());
    }
  };
  begin(0, kNowhere);
  for (Index row = 0; row < routes.size(); ++row) {
    if (routes[row].state != RouteState::kActive) continue;
    leave_until(&routes[row]);
    // Of equal ways the first stands for all.
    if (!around.empty() && is_equal_way(routes[around.back()], routes[row])) continue;
    begin(routes[row].address_prefix.first().bits, row);
    around.push_back(row);
  }
  leave_until(nullptr);
}

void RouteLookup::begin(uint32_t first, Index row) {
  if (!segments_.empty() && segments_.back().first == first) {
    segments_.back().row = row;
  } else {
    segments_.push_back({first, row});
  }
}

Index RouteLookup::find(Ipv4Address destination) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), destination.bits,
      [](uint32_t wanted, const Segment& segment) { return wanted < segment.first; });
  return std::prev(after)->row;
}

}  // namespace egress::policy
