// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/interval_set.hpp"
#include "base/special_ranges.hpp"

namespace egress::policy {

// Destinations that no worker lets out (azure-facts 1.6). Nobody asks
// about multicast (lab::never_leaves_a_host).
inline constexpr Ipv4Prefix kKeptInWorker[] = {kThisNetwork, kLinkLocal, kMulticast, kReserved};
// The same as the fewest prefixes.
inline std::vector<Ipv4Prefix> kept_in_worker() {
  return to_prefixes(address_set({std::begin(kKeptInWorker), std::end(kKeptInWorker)}));
}

}  // namespace egress::policy
