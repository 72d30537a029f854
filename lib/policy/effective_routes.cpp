// SPDX-License-Identifier: MIT
#include "policy/effective_routes.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/special_ranges.hpp"
#include "lab/service_tags.hpp"
#include "lab/suggest.hpp"
#include "policy/endpoint_routes.hpp"
#include "policy/tags.hpp"

namespace egress::policy {
namespace {

// Reserved space that Azure drops unless somebody owns it (azure-facts 5.2.6).
constexpr Ipv4Prefix kNoneRanges[] = {kPrivate10,  kSharedSpace, kLoopback,
                                      kPrivate172, kPrivate192,  kBenchmarking};
constexpr Ipv4Prefix kDefaultRoute{};

// Who wins among equal prefixes, best first (azure-facts 5.3.2 and 5.3.5).
enum class Rank {
  kUserPrefix,
  kUserRegionalTag,
  kUserGlobalTag,
  kUserRegionalCloud,
  kUserCloud,
  kVirtualNetwork,
  kPeering,
  kPrivateEndpoint,
  kServiceEndpoint,
  kExpressRoute,
  kVpn,
  kNone,
  kInternet,
};

struct Candidate {
  Rank rank = Rank::kUserPrefix;
  EffectiveRoute route{};
};

EffectiveNextHop effective(lab::NextHopType type) {
  switch (type) {
    case lab::NextHopType::kVirtualNetworkGateway: return EffectiveNextHop::kVirtualNetworkGateway;
    case lab::NextHopType::kVnetLocal: return EffectiveNextHop::kVnetLocal;
    case lab::NextHopType::kInternet: return EffectiveNextHop::kInternet;
    case lab::NextHopType::kVirtualAppliance: return EffectiveNextHop::kVirtualAppliance;
    case lab::NextHopType::kNone: return EffectiveNextHop::kNone;
  }
  return EffectiveNextHop::kNone;
}

EffectiveRoute system_route(const Ipv4Prefix& prefix, EffectiveNextHop type) {
  return {.name = "system/" + prefix.to_string(), .address_prefix = prefix, .next_hop_type = type};
}

const lab::VirtualNetwork* find_vnet(const lab::Lab& lab, const std::string& name) {
  const auto found = lab.virtual_networks.find(name);
  return found == lab.virtual_networks.end() ? nullptr : &found->second;
}

void add_vnet_routes(const lab::Lab& lab, const std::string& vnet, std::vector<Candidate>& out) {
  const lab::VirtualNetwork* own = find_vnet(lab, vnet);
  if (own == nullptr) return;
  for (const Ipv4Prefix& prefix : own->address_prefixes) {
    out.push_back({Rank::kVirtualNetwork, system_route(prefix, EffectiveNextHop::kVnetLocal)});
  }
  for (const std::string& remote : connected_peers(lab, vnet)) {
    const lab::VirtualNetwork& peer = lab.virtual_networks.at(remote);
    for (const Ipv4Prefix& prefix : peer.address_prefixes) {
      const bool global = peer.location != own->location;
      EffectiveRoute route = system_route(
          prefix, global ? EffectiveNextHop::kVNetGlobalPeering : EffectiveNextHop::kVNetPeering);
      route.name = vnet + "/" + remote;
      route.peer = remote;
      out.push_back({Rank::kPeering, std::move(route)});
    }
  }
}

// `name` as a published file spells it; the part behind the dot is a region's.
Rank rank_of_tag(const lab::Lab& lab, const std::string& name) {
  if (name == "AzureCloud") return Rank::kUserCloud;
  if (name.rfind("AzureCloud.", 0) == 0) return Rank::kUserRegionalCloud;
  const auto tag = lab::tags_of(lab).find(name);
  const bool global = tag == lab::tags_of(lab).end() || tag->second.region.empty();
  return global ? Rank::kUserGlobalTag : Rank::kUserRegionalTag;
}

// Contract "Decided" 3: a default route to an appliance takes the None ranges away, all of them;
// a prefix of the VNet or of a peer takes what it covers.
void add_none_ranges(std::vector<Candidate>& out) {
  const bool default_to_appliance =
      std::any_of(out.begin(), out.end(), [](const Candidate& candidate) {
        return candidate.route.source == RouteSource::kUser &&
               candidate.route.address_prefix == kDefaultRoute &&
               candidate.route.next_hop_type == EffectiveNextHop::kVirtualAppliance;
      });
  if (default_to_appliance) return;
  std::vector<Candidate> none;
  for (const Ipv4Prefix& range : kNoneRanges) {
    const bool covered = std::any_of(out.begin(), out.end(), [&](const Candidate& candidate) {
      return candidate.route.source == RouteSource::kDefault &&
             candidate.route.address_prefix.contains(range);
    });
    if (!covered) none.push_back({Rank::kNone, system_route(range, EffectiveNextHop::kNone)});
  }
  out.insert(out.end(), none.begin(), none.end());
}

// The system's routes for networks, peers and service endpoints come before what gateways learn,
// even before longer prefixes (azure-facts 5.3.3).
bool is_in_system_route(const std::vector<Candidate>& all, const Ipv4Prefix& prefix) {
  return std::any_of(all.begin(), all.end(), [&](const Candidate& each) {
    const bool system = each.rank == Rank::kVirtualNetwork || each.rank == Rank::kPeering ||
                        each.rank == Rank::kServiceEndpoint;
    return system && each.route.address_prefix.contains(prefix);
  });
}

}  // namespace

struct EffectiveRoutes::Candidates {
  std::vector<Candidate> all{};
  std::vector<PrivateEndpointRoute> private_endpoints{};  // whose routes are among them
};

const char* name_of(EffectiveNextHop type) {
  switch (type) {
    case EffectiveNextHop::kVnetLocal: return "VnetLocal";
    case EffectiveNextHop::kVNetPeering: return "VNetPeering";
    case EffectiveNextHop::kVNetGlobalPeering: return "VNetGlobalPeering";
    case EffectiveNextHop::kInternet: return "Internet";
    case EffectiveNextHop::kVirtualAppliance: return "VirtualAppliance";
    case EffectiveNextHop::kVirtualNetworkGateway: return "VirtualNetworkGateway";
    case EffectiveNextHop::kNone: return "None";
    case EffectiveNextHop::kVirtualNetworkServiceEndpoint: return "VirtualNetworkServiceEndpoint";
    case EffectiveNextHop::kInterfaceEndpoint: return "InterfaceEndpoint";
  }
  return "None";
}

const char* name_of(RouteSource source) {
  switch (source) {
    case RouteSource::kDefault: return "Default";
    case RouteSource::kUser: return "User";
    case RouteSource::kVirtualNetworkGateway: return "VirtualNetworkGateway";
  }
  return "Default";
}

const char* name_of(RouteState state) {
  return state == RouteState::kActive ? "Active" : "Invalid";
}

bool is_equal_way(const EffectiveRoute& a, const EffectiveRoute& b) {
  return !a.gateway.empty() && a.gateway == b.gateway && a.address_prefix == b.address_prefix;
}

bool peering_connected(const lab::Lab& lab, const std::string& vnet, const std::string& remote) {
  const lab::VirtualNetwork* here = find_vnet(lab, vnet);
  const lab::VirtualNetwork* there = find_vnet(lab, remote);
  return here != nullptr && there != nullptr && here->virtual_network_peerings.contains(remote) &&
         there->virtual_network_peerings.contains(vnet);
}

std::vector<std::string> connected_peers(const lab::Lab& lab, const std::string& vnet) {
  std::vector<std::string> peers;
  const lab::VirtualNetwork* here = find_vnet(lab, vnet);
  if (here == nullptr) return peers;
  for (const auto& [remote, peering] : here->virtual_network_peerings) {
    const lab::VirtualNetwork* there = find_vnet(lab, remote);
    if (there != nullptr && there->virtual_network_peerings.contains(vnet)) peers.push_back(remote);
  }
  return peers;
}

EffectiveRoutes::EffectiveRoutes(const lab::Lab& lab, const NumberBook& held,
                                 lab::LearnedRoutes learned)
    : lab_(lab),
      learned_(std::move(learned)),
      service_endpoints_(lab),
      private_endpoints_(private_endpoint_routes(lab, held)) {}

std::vector<EffectiveRoute> EffectiveRoutes::of(const lab::SubnetRef& subnet) {
  Candidates candidates;
  add_vnet_routes(lab_, subnet.vnet, candidates.all);
  const lab::Subnet* declared = lab_.find(subnet);
  if (declared != nullptr && declared->route_table) {
    add_user_routes(*declared->route_table, candidates);
  }
  add_gateway_routes(subnet, candidates);
  add_none_ranges(candidates.all);
  candidates.all.push_back(
      {Rank::kInternet, system_route(kDefaultRoute, EffectiveNextHop::kInternet)});
  add_endpoints(subnet, candidates);

  std::sort(candidates.all.begin(), candidates.all.end(),
            [](const Candidate& a, const Candidate& b) {
              return std::tie(a.route.address_prefix, a.rank, a.route.name, a.route.connection) <
                     std::tie(b.route.address_prefix, b.rank, b.route.name, b.route.connection);
            });
  std::vector<EffectiveRoute> routes;
  routes.reserve(candidates.all.size());
  size_t best = 0;  // the first row of the present prefix
  for (Candidate& candidate : candidates.all) {
    const bool more =
        !routes.empty() && routes[best].address_prefix == candidate.route.address_prefix;
    if (!more) best = routes.size();
    const bool loses = more && !is_equal_way(routes[best], candidate.route);
    const bool hidden = !candidate.route.gateway.empty() &&
                        is_in_system_route(candidates.all, candidate.route.address_prefix);
    candidate.route.state = loses || hidden ? RouteState::kInvalid : RouteState::kActive;
    routes.push_back(std::move(candidate.route));
  }
  settle_service_endpoints(routes);
  settle_private_endpoints(routes, candidates.private_endpoints);
  return routes;
}

void EffectiveRoutes::add_endpoints(const lab::SubnetRef& subnet, Candidates& out) {
  for (const EndpointPrefix& each : service_endpoints_.of(subnet)) {
    out.all.push_back({Rank::kServiceEndpoint,
                       {.name = "serviceEndpoints/" + each.service,
                        .address_prefix = each.prefix,
                        .next_hop_type = EffectiveNextHop::kVirtualNetworkServiceEndpoint}});
  }
  // Into its own network and one peering further (azure-facts 1.5.1).
  std::vector<std::string> near = connected_peers(lab_, subnet.vnet);
  near.push_back(subnet.vnet);
  for (const std::string& vnet : near) {
    const auto endpoints = private_endpoints_.find(vnet);
    if (endpoints == private_endpoints_.end()) continue;
    for (const PrivateEndpointRoute& each : endpoints->second) {
      out.private_endpoints.push_back(each);
      out.all.push_back({Rank::kPrivateEndpoint,
                         {.name = "privateEndpoints/" + each.name,
                          .address_prefix = Ipv4Prefix::host(each.address),
                          .next_hop_type = EffectiveNextHop::kInterfaceEndpoint}});
    }
  }
}

// What a gateway itself sends goes by none of them. ExpressRoute comes before VPN.
void EffectiveRoutes::add_gateway_routes(const lab::SubnetRef& subnet, Candidates& out) const {
  if (lab::equal_ignoring_case(subnet.subnet, lab::kGatewaySubnet)) return;
  const lab::Subnet* declared = lab_.find(subnet);
  if (declared != nullptr && declared->route_table) {
    const auto table = lab_.route_tables.find(*declared->route_table);
    if (table != lab_.route_tables.end() && table->second.disable_bgp_route_propagation) return;
  }
  for (const std::string& name : lab::gateways_of(lab_, subnet.vnet)) {
    const lab::VirtualNetworkGateway& gateway = lab_.virtual_network_gateways.at(name);
    const auto own_address = lab::address_of(lab_, gateway);
    const bool vpn = gateway.gateway_type == lab::GatewayType::kVpn;
    for (const lab::GatewayRoute& each : lab::routes_of(lab_, name, learned_)) {
      const auto& there = lab_.on_premises.at(each.on_premises).bgp_settings;
      const bool known = there && there->bgp_peering_address;
      out.all.push_back({vpn ? Rank::kVpn : Rank::kExpressRoute,
                         {.name = "gateways/" + name,
                          .source = RouteSource::kVirtualNetworkGateway,
                          .address_prefix = each.prefix,
                          .next_hop_type = EffectiveNextHop::kVirtualNetworkGateway,
                          .next_hop_ip_address = known ? there->bgp_peering_address : own_address,
                          .gateway = name,
                          .connection = each.on_premises}});
    }
  }
}

void EffectiveRoutes::add_user_routes(const std::string& table, Candidates& out) {
  const auto found = lab_.route_tables.find(table);
  if (found == lab_.route_tables.end()) return;
  for (const auto& [name, route] : found->second.routes) {
    EffectiveRoute row{.name = table + "/" + name,
                       .source = RouteSource::kUser,
                       .next_hop_type = effective(route.next_hop_type),
                       .next_hop_ip_address = route.next_hop_ip_address};
    if (route.address_prefix) {
      row.address_prefix = *route.address_prefix;
      out.all.push_back({Rank::kUserPrefix, std::move(row)});
      continue;
    }
    const Rank rank = rank_of_tag(lab_, route.service_tag);
    for (const Ipv4Prefix& prefix : prefixes_of_tag(route.service_tag)) {
      row.address_prefix = prefix;
      out.all.push_back({rank, row});
    }
  }
}

const std::vector<Ipv4Prefix>& EffectiveRoutes::prefixes_of_tag(const std::string& tag) {
  const auto [entry, added] = tags_.try_emplace(tag);
  if (added) entry->second = to_prefixes(*service_tag(lab_, tag));
  return entry->second;
}

}  // namespace egress::policy
