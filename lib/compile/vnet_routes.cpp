// SPDX-License-Identifier: MIT
// What stands in a VNet's routing tables.
#include <algorithm>

#include "compile/data_path.hpp"
#include "compile/platform.hpp"
#include "compile/vnet.hpp"
#include "policy/internet_prefixes.hpp"

namespace egress::compile {
namespace {

using policy::Index;
using policy::kNowhere;

class VnetRoutes {
 public:
  VnetRoutes(Fabric& fabric, const Vnet& vnet)
      : fabric_(fabric), network_(fabric.network), vnet_(vnet), netns_(fabric.netns(vnet.netns)) {}

  void fill(const RoutedSubnets& routed) {
    for (const auto& [key, table] : vnet_.tables) {
      const auto entry = routed.find({vnet_.index, key});
      if (entry == routed.end()) continue;  // a transit's table, below
      const policy::Network::Subnet& subnet = network_.subnets[entry->second];
      add_table(subnet, table, internet_port(subnet));
      const std::string answers = public_answers_key(network_, subnet);
      if (!answers.empty()) add_table(subnet, vnet_.tables.at(answers), "inet0");
    }
    for (const PeerPort& entry : vnet_.peer_ports) {
      if (entry.appliance == kNowhere) continue;
      const policy::Interface& target = network_.interfaces[entry.appliance];
      if (target.frontend == kNowhere) {
        add_way_to(target);
        continue;
      }
      for (const Index each : machines_behind(network_.frontends[target.frontend])) {
        add_way_to(network_.interfaces[each]);
      }
    }
    const auto answers = vnet_.tables.find(kEndpointAnswers);
    if (answers != vnet_.tables.end()) add_endpoint_answers(answers->second);
  }

 private:
  void add_table(const policy::Network::Subnet& subnet, uint32_t table,
                 const std::string& internet) {
    const policy::Routing& routing = *subnet.routing;
    for (size_t row = 0; row < routing.routes.size(); ++row) {
      if (routing.routes[row].state != policy::RouteState::kActive) continue;
      add(netns_, kernel_route(internet, table, routing.routes[row], routing.targets[row]));
    }
    add_service_endpoint_routes(routing, table);
    lead_to_platform(netns_, table);
  }

  void add_way_to(const policy::Interface& machine) {
    add(netns_, route_via(vnet_.tables.at(transit_key(machine)), {}, port(machine_port(machine)),
                          next_hop_at(machine)));
  }

  const std::string& port(const std::string& text) const { return fabric_.link(vnet_.netns, text); }

  // By service endpoint.
  const std::string& way_port(Index receiver) const {
    const auto found =
        std::find_if(vnet_.way_ports.begin(), vnet_.way_ports.end(), [&](const WayPort& each) {
          return each.way->receiver == receiver && each.way->endpoint == kNowhere;
        });
    EG_CHECK(found != vnet_.way_ports.end(), "a way to whom a service endpoint leads");
    return found->port;
  }

  // The prefixes of service endpoints lead to nobody but the receivers in them.
  void add_service_endpoint_routes(const policy::Routing& routing, uint32_t table) {
    for (const auto& [prefix, holder] :
         policy::prefixes_behind(routing, network_.internet_prefixes)) {
      add(netns_, holder == kNowhere ? special_route(table, prefix, state::RouteKind::kBlackhole)
                                     : route_via(table, prefix, way_port(holder),
                                                 network_.interfaces[holder].address));
    }
    for (const WayPort& way : vnet_.way_ports) {
      if (way.way->endpoint != kNowhere) continue;
      const Ipv4Address address = network_.interfaces[way.way->receiver].address;
      const policy::EffectiveRoute& route = routing.routes[routing.lookup.find(address)];
      if (route.next_hop_type != policy::EffectiveNextHop::kVirtualNetworkServiceEndpoint) continue;
      add(netns_, route_on_link(table, Ipv4Prefix::host(address), way.port));
    }
  }

  // No user route moves what an endpoint answers (azure-facts 5.5.4).
  void add_endpoint_answers(uint32_t table) {
    add(netns_, special_route(table, {}, state::RouteKind::kBlackhole));
    add_way_on_premises(table);
    for (const auto& [peer, accepts] : vnet_.analysed.accepts_forwarded_from) {
      for (const Ipv4Prefix& prefix : network_.vnets[peer].declared->address_prefixes) {
        add(netns_, route_via(table, prefix, port(peering_port(network_.vnets[peer].name)),
                              kTransitGateway));
      }
    }
    for (const Ipv4Prefix& prefix : vnet_.analysed.declared->address_prefixes) {
      add(netns_, special_route(table, prefix, state::RouteKind::kThrow));
    }
  }

  void add_way_on_premises(uint32_t table) {
    if (vnet_.analysed.gateways.empty()) return;
    AddressSet near = vnet_.analysed.space;
    for (const auto& [peer, accepts] : vnet_.analysed.accepts_forwarded_from) {
      near = near.united(network_.vnets[peer].space);
    }
    for (const auto& [prefix, gateway] : ways_on_premises()) {
      for (const Ipv4Prefix& part : to_prefixes(address_set({prefix}).without(near))) {
        add(netns_, machine_route(table, part, network_.gateways[gateway].interface));
      }
    }
  }

  // By prefix, of those that several gateways have the first. A prefix comes before what it holds,
  // which thus replaces its part of equal length.
  std::map<Ipv4Prefix, Index> ways_on_premises() const {
    std::map<Ipv4Prefix, Index> ways;
    for (const Index gateway : vnet_.analysed.gateways) {
      for (const auto& route : network_.gateways[gateway].routes) {
        ways.emplace(route.prefix, gateway);
      }
    }
    return ways;
  }

  // `internet`: the port to it.
  state::Route kernel_route(const std::string& internet, uint32_t table,
                            const policy::EffectiveRoute& route, Index target) const {
    const Ipv4Prefix& prefix = route.address_prefix;
    if (route.carries_nothing) return special_route(table, prefix, state::RouteKind::kBlackhole);
    switch (route.next_hop_type) {
      case policy::EffectiveNextHop::kVnetLocal:
        return special_route(table, prefix, state::RouteKind::kThrow);
      case policy::EffectiveNextHop::kVNetPeering:
      case policy::EffectiveNextHop::kVNetGlobalPeering:
        return route_via(table, prefix, port(peering_port(network_.vnets[target].name)),
                         kTransitGateway);
      case policy::EffectiveNextHop::kInternet:
        return route_via(table, prefix, internet, kTransitGateway);
      case policy::EffectiveNextHop::kVirtualAppliance:
      case policy::EffectiveNextHop::kVirtualNetworkGateway:
        return machine_route(table, prefix, target);
      case policy::EffectiveNextHop::kInterfaceEndpoint:
        return endpoint_route(table, prefix, target);
      case policy::EffectiveNextHop::kVirtualNetworkServiceEndpoint:
      case policy::EffectiveNextHop::kNone: break;
    }
    return special_route(table, prefix, state::RouteKind::kBlackhole);
  }

  std::string internet_port(const policy::Network::Subnet& subnet) const {
    if (subnet.nat_gateway != kNowhere) {
      return port(nat_port(network_.nat_gateways[subnet.nat_gateway].name));
    }
    return subnet.integration ? "stamp0" : "inet0";
  }

  state::Route endpoint_route(uint32_t table, const Ipv4Prefix& prefix, Index target) const {
    const Index owner = target == kNowhere ? kNowhere : network_.interfaces[target].vnet;
    if (owner == kNowhere) return special_route(table, prefix, state::RouteKind::kBlackhole);
    if (owner == vnet_.index) return special_route(table, prefix, state::RouteKind::kThrow);
    return route_via(table, prefix, port(peering_port(network_.vnets[owner].name)),
                     kTransitGateway);
  }

  // An appliance that does not forward is a machine like any other: the packet reaches it and ends
  // there. One that is out of reach is no next hop at all, nor is a frontend without machines.
  state::Route machine_route(uint32_t table, const Ipv4Prefix& prefix, Index index) const {
    if (index == kNowhere) return special_route(table, prefix, state::RouteKind::kBlackhole);
    const policy::Interface& target = network_.interfaces[index];
    if (!leads_on(network_, target)) {
      return special_route(table, prefix, state::RouteKind::kBlackhole);
    }
    if (target.vnet == vnet_.index && target.frontend == kNowhere) {
      return route_via(table, prefix, port(machine_port(target)), next_hop_at(target));
    }
    return route_via(table, prefix, port(transit_port(network_, target)), kTransitGateway);
  }

  // A gateway is a router's port.
  static Ipv4Address next_hop_at(const policy::Interface& target) {
    return target.gateway == kNowhere ? target.address : kTransitGateway;
  }

  const Fabric& fabric_;
  const policy::Network& network_;
  const Vnet& vnet_;
  state::NetnsState& netns_;
};

}  // namespace

void add_routes(Fabric& fabric, const Vnet& vnet, const RoutedSubnets& routed) {
  VnetRoutes(fabric, vnet).fill(routed);
}

}  // namespace egress::compile
