// SPDX-License-Identifier: MIT
#include "policy/endpoint_routes.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "policy/endpoints.hpp"

namespace egress::policy {
namespace {

using Rows = std::vector<EffectiveRoute>;

bool is_user(const EffectiveRoute& row) {
  return row.source == RouteSource::kUser;
}
bool is_service_endpoint(const EffectiveRoute& row) {
  return row.next_hop_type == EffectiveNextHop::kVirtualNetworkServiceEndpoint;
}
// A route of the network itself, of a peering, or of something in them.
bool is_network(const EffectiveRoute& row) {
  if (is_user(row)) return false;
  return row.next_hop_type == EffectiveNextHop::kVnetLocal || !row.peer.empty() ||
         row.next_hop_type == EffectiveNextHop::kInterfaceEndpoint;
}
bool leaves_endpoints_in_force(const EffectiveRoute& row) {
  return is_user(row) && (row.next_hop_type == EffectiveNextHop::kInternet ||
                          row.next_hop_type == EffectiveNextHop::kVnetLocal);
}

void merge(Rows& rows, Rows added) {
  if (added.empty()) return;
  rows.insert(rows.end(), std::make_move_iterator(added.begin()),
              std::make_move_iterator(added.end()));
  std::stable_sort(rows.begin(), rows.end(), [](const EffectiveRoute& a, const EffectiveRoute& b) {
    return std::tie(a.address_prefix, a.state) < std::tie(b.address_prefix, b.state);
  });
}

// Rows of one prefix, in their order.
struct Group {
  Rows::iterator first;
  Rows::iterator last;
};

Group group_at(Rows& rows, Rows::iterator first) {
  return {first, std::find_if(first, rows.end(), [&](const EffectiveRoute& row) {
            return row.address_prefix != first->address_prefix;
          })};
}

// Which system route would hold the group's prefix without the user's, if it is its own: a
// network's before an endpoint's.
const EffectiveRoute* own_system_row(const Group& group) {
  auto found = std::find_if(group.first, group.last, is_network);
  if (found == group.last) found = std::find_if(group.first, group.last, is_service_endpoint);
  return found == group.last ? nullptr : &*found;
}

EffectiveRoute implied(EffectiveRoute row, const Ipv4Prefix& prefix) {
  row.address_prefix = prefix;
  row.state = RouteState::kActive;
  row.implied = true;
  return row;
}

// The row of the group that is in force, put first.
void put_in_force(const Group& group, Rows::iterator row) {
  group.first->state = RouteState::kInvalid;
  row->state = RouteState::kActive;
  std::rotate(group.first, row, std::next(row));
}

Rows::iterator first_of(Rows& rows, const Ipv4Prefix& prefix) {
  return std::lower_bound(rows.begin(), rows.end(), prefix,
                          [](const EffectiveRoute& each, const Ipv4Prefix& wanted) {
                            return each.address_prefix < wanted;
                          });
}

// The active user row of `prefix`.
Rows::iterator user_row(Rows& rows, const Ipv4Prefix& prefix) {
  const auto row = first_of(rows, prefix);
  const bool found = row != rows.end() && row->address_prefix == prefix && is_user(*row) &&
                     row->state == RouteState::kActive;
  return found ? row : rows.end();
}

Rows::iterator longest_user_row(Rows& rows, Ipv4Address address, uint8_t shortest) {
  for (int length = 32; length >= shortest; --length) {
    Ipv4Prefix prefix{address, static_cast<uint8_t>(length)};
    prefix.address.bits &= prefix.mask();
    const auto row = user_row(rows, prefix);
    if (row != rows.end()) return row;
  }
  return rows.end();
}

}  // namespace

lab::Named<std::vector<PrivateEndpointRoute>> private_endpoint_routes(const lab::Lab& lab,
                                                                      const NumberBook& held) {
  lab::Named<std::vector<PrivateEndpointRoute>> routes;
  const EndpointAddresses addresses = endpoint_addresses(lab, held);
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    const auto address = addresses.find(name);
    const lab::Subnet* subnet = lab.find(endpoint.subnet);
    if (address == addresses.end() || subnet == nullptr) continue;
    const lab::VirtualNetwork& vnet = lab.virtual_networks.at(endpoint.subnet.vnet);
    PrivateEndpointRoute route{.name = name,
                               .vnet = endpoint.subnet.vnet,
                               .address = address->second,
                               .local_routes_carry = vnet.private_endpoint_vnet_policies ==
                                                     lab::PrivateEndpointVnetPolicies::kBasic};
    using Policies = lab::PrivateEndpointNetworkPolicies;
    const Policies policies = subnet->private_endpoint_network_policies;
    if (policies == Policies::kEnabled || policies == Policies::kRouteTableEnabled) {
      for (const Ipv4Prefix& prefix : vnet.address_prefixes) {
        if (prefix.contains(route.address)) route.voided_from = prefix.length;
      }
    }
    routes[route.vnet].push_back(std::move(route));
  }
  return routes;
}

void settle_service_endpoints(Rows& rows) {
  Rows added;
  std::vector<EffectiveRoute> around;  // system rows that hold the present prefix, longest last
  for (auto next = rows.begin(); next != rows.end();) {
    const Group group = group_at(rows, next);
    next = group.last;
    const Ipv4Prefix prefix = group.first->address_prefix;
    while (!around.empty() && !around.back().address_prefix.contains(prefix)) around.pop_back();
    if (const EffectiveRoute* own = own_system_row(group)) around.push_back(*own);
    const bool endpoint_holds = !around.empty() && is_service_endpoint(around.back());
    if (!endpoint_holds || !leaves_endpoints_in_force(*group.first)) continue;
    const auto own = std::find_if(group.first, group.last, is_service_endpoint);
    if (own != group.last) {
      put_in_force(group, own);
    } else {
      group.first->state = RouteState::kInvalid;
      added.push_back(implied(around.back(), prefix));
    }
  }
  merge(rows, std::move(added));
}

void settle_private_endpoints(Rows& rows, const std::vector<PrivateEndpointRoute>& endpoints) {
  Rows added;
  for (const PrivateEndpointRoute& endpoint : endpoints) {
    const auto row = longest_user_row(rows, endpoint.address, endpoint.voided_from);
    if (row == rows.end()) continue;
    const bool own = row->address_prefix.length == 32;
    const bool local = row->next_hop_type == EffectiveNextHop::kVnetLocal;
    const bool carries_nothing = local ? !endpoint.local_routes_carry
                                       : own && row->next_hop_type == EffectiveNextHop::kInternet;
    if (own) {
      row->carries_nothing = carries_nothing;
      continue;
    }
    const Ipv4Prefix prefix = Ipv4Prefix::host(endpoint.address);
    first_of(rows, prefix)->state = RouteState::kInvalid;
    if (!carries_nothing) continue;
    EffectiveRoute nothing = implied(*row, prefix);
    nothing.carries_nothing = true;
    added.push_back(std::move(nothing));
  }
  merge(rows, std::move(added));
}

}  // namespace egress::policy
