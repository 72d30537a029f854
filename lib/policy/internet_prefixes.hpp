// SPDX-License-Identifier: MIT
#pragma once

// Internet hosts that answer on every address of whole prefixes that nobody else has
// (lab/public_addresses.hpp).

#include <set>
#include <vector>

#include "policy/network.hpp"

namespace egress::policy {

// Who has the addresses of `prefix` that are in no longer one of `prefixes`.
Index holder_of(const InternetPrefixes& prefixes, const Ipv4Prefix& prefix);

// Those to whom service endpoints among the routes lead.
std::set<Index> prefix_hosts_behind(const Routing& routing, const InternetPrefixes& prefixes);

// What is behind service endpoints, by prefix, in any order: none lies in a row of another kind.
struct PrefixBehind {
  Ipv4Prefix prefix{};
  Index holder = kNowhere;
};
std::vector<PrefixBehind> prefixes_behind(const Routing& routing, const InternetPrefixes& prefixes);

}  // namespace egress::policy
