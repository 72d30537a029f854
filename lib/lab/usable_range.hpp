// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/interval_set.hpp"

namespace egress::lab {

// The addresses of a subnet's prefix that hosts and integrations can have: Azure keeps the first
// four (network, gateway, two for its DNS) and the last one (azure-facts 3.1.1). Empty when that is
// all.
inline std::optional<Interval<uint32_t>> usable_range(const Ipv4Prefix& prefix) {
  constexpr uint32_t kAtStart = 4;
  constexpr uint32_t kAtEnd = 1;
  if (prefix.size() <= kAtStart + kAtEnd) return std::nullopt;
  return Interval<uint32_t>{prefix.first().bits + kAtStart, prefix.last().bits - kAtEnd};
}

}  // namespace egress::lab
