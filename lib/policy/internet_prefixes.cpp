// SPDX-License-Identifier: MIT
#include "policy/internet_prefixes.hpp"

namespace egress::policy {
namespace {

bool is_service_endpoint(const EffectiveRoute& route) {
  return route.state == RouteState::kActive &&
         route.next_hop_type == EffectiveNextHop::kVirtualNetworkServiceEndpoint;
}

// The row that all addresses of `prefix` meet that are in no longer one.
const EffectiveRoute* row_over(const Routing& routing, const Ipv4Prefix& prefix) {
  const EffectiveRoute* closest = nullptr;
  for (const EffectiveRoute& route : routing.routes) {
    const bool over = route.state == RouteState::kActive && route.address_prefix.contains(prefix);
    if (!over) continue;
    if (closest == nullptr || closest->address_prefix.length < route.address_prefix.length) {
      closest = &route;
    }
  }
  return closest;
}

}  // namespace

Index holder_of(const InternetPrefixes& prefixes, const Ipv4Prefix& prefix) {
  for (int length = prefix.length; length >= 0 && !prefixes.empty(); --length) {
    Ipv4Prefix around{prefix.address, static_cast<uint8_t>(length)};
    around.address.bits &= around.mask();
    const auto found = prefixes.find(around);
    if (found != prefixes.end()) return found->second;
  }
  return kNowhere;
}

std::set<Index> prefix_hosts_behind(const Routing& routing, const InternetPrefixes& prefixes) {
  std::set<Index> hosts;
  for (const PrefixBehind& each : prefixes_behind(routing, prefixes)) {
    if (each.holder != kNowhere) hosts.insert(each.holder);
  }
  return hosts;
}

std::vector<PrefixBehind> prefixes_behind(const Routing& routing,
                                          const InternetPrefixes& prefixes) {
  std::vector<PrefixBehind> behind;
  if (prefixes.empty()) return behind;
  for (const EffectiveRoute& route : routing.routes) {
    if (!is_service_endpoint(route)) continue;
    behind.push_back({route.address_prefix, holder_of(prefixes, route.address_prefix)});
  }
  for (const auto& [prefix, holder] : prefixes) {
    const EffectiveRoute* row = row_over(routing, prefix);
    if (row != nullptr && is_service_endpoint(*row)) behind.push_back({prefix, holder});
  }
  return behind;
}

}  // namespace egress::policy
