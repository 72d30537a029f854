// SPDX-License-Identifier: MIT
#include "compile/vnet.hpp"

#include <fmt/format.h>

#include "compile/marks.hpp"
#include "compile/parts.hpp"
#include "policy/effective_routes.hpp"

namespace egress::compile {
namespace {

// Ports of a VNet, for Fabric::link.
std::string peering_port(const std::string& remote) {
  return "p-" + remote;
}
std::string transit_port(const std::string& host) {
  return "t-" + host;
}
// A host's name has no '_', so none reads like another.
std::string transit_entry(const std::string& from, const std::string& host) {
  return fmt::format("f-{}_{}", from, host);
}

// One VNet's way to an NVA in a peer.
struct Transit {
  std::string from{};
  policy::Appliance appliance{};
};

class Builder {
 public:
  explicit Builder(Fabric& fabric) : fabric_(fabric) {
    for (const auto& [name, declared] : fabric_.lab.virtual_networks) {
      vnets_[name] = {.name = name, .netns = vnet_netns(fabric_.options.prefix, name)};
    }
  }

  Status build() {
    for (const auto& [name, farm] : fabric_.lab.server_farms) {
      for (int i = 0; i < farm.capacity; ++i) {
        for (IntegrationLink& link : integration_links(fabric_, name, i)) {
          integrations_.push_back(std::move(link));
        }
      }
    }
    collect_routes();
    name_ports();
    for (auto& [name, vnet] : vnets_) RETURN_IF_ERROR(add_ground(vnet));
    for (const IntegrationLink& link : integrations_) add_integration(link);
    for (const auto& [name, host] : fabric_.lab.hosts) {
      if (host.subnet) add_subnet_host(name, host);
    }
    for (const Transit& transit : transits_) add_transit(transit);
    for (auto& [name, vnet] : vnets_) {
      add_peerings(vnet);
      RETURN_IF_ERROR(number_tables(vnet));
    }
    for (auto& [name, vnet] : vnets_) {
      add_routes(vnet);
      fabric_.netns(vnet.netns).firewall = vnet_firewall(fabric_, vnet);
    }
    return {};
  }

 private:
  state::NetnsState& netns_of(const Vnet& vnet) { return fabric_.netns(vnet.netns); }
  const std::string& port(const Vnet& vnet, const std::string& text) const {
    return fabric_.link(vnet.netns, text);
  }

  // Effective routes of every subnet with a machine in it, and the transit links they need.
  void collect_routes() {
    for (const IntegrationLink& link : integrations_) collect_routes(link.integration.subnet);
    for (const auto& [name, host] : fabric_.lab.hosts) {
      if (host.subnet) collect_routes(*host.subnet);
    }
  }

  void collect_routes(const lab::SubnetRef& subnet) {
    const auto [entry, added] = routes_.try_emplace({subnet.vnet, table_key(fabric_.lab, subnet)});
    if (!added) return;
    entry->second = {subnet, policy::effective_routes(fabric_.lab, subnet)};
    for (const policy::EffectiveRoute& route : entry->second.routes) {
      if (route.state != policy::RouteState::kActive || !route.next_hop_ip_address) continue;
      const auto appliance =
          policy::find_appliance(fabric_.lab, subnet.vnet, *route.next_hop_ip_address);
      if (appliance && appliance->vnet != subnet.vnet &&
          known_transits_.insert({subnet.vnet, appliance->host}).second) {
        transits_.push_back({subnet.vnet, *appliance});
      }
    }
  }

  void name_ports() {
    std::map<std::string, std::set<std::string>> ports;  // by VNet
    for (const IntegrationLink& link : integrations_) {
      ports[link.integration.subnet.vnet].insert(link.vnet_port);
    }
    for (const auto& [name, host] : fabric_.lab.hosts) {
      if (host.subnet) ports[host.subnet->vnet].insert(host_port(name));
    }
    for (const Transit& transit : transits_) {
      ports[transit.from].insert(transit_port(transit.appliance.host));
      ports[transit.appliance.vnet].insert(transit_entry(transit.from, transit.appliance.host));
    }
    for (const auto& [name, vnet] : vnets_) {
      for (const std::string& peer : policy::connected_peers(fabric_.lab, name)) {
        ports[name].insert(peering_port(peer));
      }
      fabric_.link_names[vnet.netns] = assign_link_names(ports[name]);
    }
  }

  Status add_ground(Vnet& vnet) {
    state::NetnsState& netns = netns_of(vnet);
    netns.addresses.insert({"lo", kFabricAddress, 32});
    netns.rules.insert({.priority = kSharedPriority, .table = kEndpointsTable});
    place_local_table(netns, kSharedPriority + 1);
    add(netns, special_route(kEndpointsTable, {}, state::RouteKind::kBlackhole));
    std::vector<std::string> subnets;
    for (const auto& [name, subnet] : fabric_.lab.virtual_networks.at(vnet.name).subnets) {
      subnets.push_back(name);
    }
    ASSIGN_OR_RETURN(
        vnet.gates, assign_slots(fmt::format("subnets in virtual network '{}'", vnet.name), subnets,
                                 kFirstGate, kLastGate));
    return {};
  }

  void add_endpoint(Vnet& vnet, Endpoint endpoint) {
    state::NetnsState& netns = netns_of(vnet);
    netns.neighbours.insert({endpoint.port, endpoint.address, endpoint.mac});
    add(netns, route_on_link(kEndpointsTable, Ipv4Prefix::host(endpoint.address), endpoint.port));
    vnet.endpoints.push_back(std::move(endpoint));
  }

  void add_integration(const IntegrationLink& link) {
    const lab::Integration& integration = link.integration;
    const std::string worker =
        worker_netns(fabric_.options.prefix, integration.server_farm, integration.instance);
    Vnet& vnet = vnets_.at(integration.subnet.vnet);
    vnet.integrations.push_back(integration);
    add_endpoint(vnet, {port(vnet, link.vnet_port), link.address,
                        fabric_.mac(worker, link.worker_link), integration.subnet.subnet});
  }

  void add_subnet_host(const std::string& name, const lab::Host& host) {
    Vnet& vnet = vnets_.at(host.subnet->vnet);
    add_endpoint(vnet, {add_host(fabric_, name, host, vnet.netns), host.ip_address,
                        fabric_.mac(host_netns(fabric_.options.prefix, name), "eth0"),
                        host.subnet->subnet, host.enable_ip_forwarding ? std::string() : name});
  }

  void join_routers(Vnet& a, PeerPort at_a, Vnet& b, PeerPort at_b) {
    const auto alias = [](const Vnet& other) { return "to " + other.netns; };
    fabric_.veth(router_port(a.netns, at_a.port, alias(b)),
                 router_port(b.netns, at_b.port, alias(a)));
    netns_of(a).neighbours.insert({at_a.port, kTransitGateway, kRouterMac});
    netns_of(b).neighbours.insert({at_b.port, kTransitGateway, kRouterMac});
    a.peer_ports.push_back(std::move(at_a));
    b.peer_ports.push_back(std::move(at_b));
  }

  void add_transit(const Transit& transit) {
    const std::string& host = transit.appliance.host;
    Vnet& from = vnets_.at(transit.from);
    Vnet& to = vnets_.at(transit.appliance.vnet);
    join_routers(from, {port(from, transit_port(host)), to.name, {}}, to,
                 {port(to, transit_entry(from.name, host)), from.name, host});
  }

  void add_peerings(Vnet& vnet) {
    for (const std::string& peer : policy::connected_peers(fabric_.lab, vnet.name)) {
      if (vnet.name > peer) continue;
      Vnet& other = vnets_.at(peer);
      join_routers(vnet, {port(vnet, peering_port(peer)), peer, {}}, other,
                   {port(other, peering_port(vnet.name)), vnet.name, {}});
    }
  }

  Status number_tables(Vnet& vnet) {
    std::vector<std::string> keys;
    for (const Endpoint& endpoint : vnet.endpoints) {
      keys.push_back(table_key(fabric_.lab, {vnet.name, endpoint.subnet}));
    }
    for (const PeerPort& port : vnet.peer_ports) {
      if (!port.appliance.empty()) keys.push_back(transit_key(port.appliance));
    }
    ASSIGN_OR_RETURN(vnet.tables,
                     assign_slots(fmt::format("routing tables in virtual network '{}'", vnet.name),
                                  keys, state::kFirstSubnetTable, state::kLastSubnetTable));
    for (const auto& [key, table] : vnet.tables) {
      netns_of(vnet).rules.insert(
          {.priority = kSteeringPriority, .table = table, .fwmark = table, .fwmask = kWholeMark});
    }
    return {};
  }

  void add_routes(Vnet& vnet) {
    state::NetnsState& netns = netns_of(vnet);
    for (const auto& [key, table] : vnet.tables) {
      const auto entry = routes_.find({vnet.name, key});
      if (entry == routes_.end()) continue;  // a transit's table, below
      for (const policy::EffectiveRoute& route : entry->second.routes) {
        if (route.state == policy::RouteState::kActive) {
          add(netns, kernel_route(vnet, entry->second.subnet, table, route));
        }
      }
    }
    for (const PeerPort& entry : vnet.peer_ports) {
      if (entry.appliance.empty()) continue;
      const Ipv4Address address = fabric_.lab.hosts.at(entry.appliance).ip_address;
      add(netns, route_via(vnet.tables.at(transit_key(entry.appliance)), {},
                           port(vnet, host_port(entry.appliance)), address));
    }
  }

  state::Route kernel_route(const Vnet& vnet, const lab::SubnetRef& subnet, uint32_t table,
                            const policy::EffectiveRoute& route) const {
    const Ipv4Prefix& prefix = route.address_prefix;
    switch (route.next_hop_type) {
      case policy::EffectiveNextHop::kVnetLocal:
        return special_route(table, prefix, state::RouteKind::kThrow);
      case policy::EffectiveNextHop::kVNetPeering:
      case policy::EffectiveNextHop::kVNetGlobalPeering:
        return route_via(table, prefix, port(vnet, peering_port(route.peer)), kTransitGateway);
      case policy::EffectiveNextHop::kInternet:
        return route_via(table, prefix,
                         lab::is_integration_subnet(*fabric_.lab.find(subnet)) ? "stamp0" : "inet0",
                         kTransitGateway);
      case policy::EffectiveNextHop::kVirtualAppliance: return appliance_route(vnet, table, route);
      case policy::EffectiveNextHop::kVirtualNetworkGateway:
      case policy::EffectiveNextHop::kNone: break;
    }
    return special_route(table, prefix, state::RouteKind::kBlackhole);
  }

  // An appliance that does not forward is a machine like any other: the packet reaches it and ends
  // there. One that is out of reach is no next hop at all.
  state::Route appliance_route(const Vnet& vnet, uint32_t table,
                               const policy::EffectiveRoute& route) const {
    const Ipv4Address address = *route.next_hop_ip_address;
    const auto appliance = policy::find_appliance(fabric_.lab, vnet.name, address);
    if (!appliance) return special_route(table, route.address_prefix, state::RouteKind::kBlackhole);
    if (appliance->vnet == vnet.name) {
      return route_via(table, route.address_prefix, port(vnet, host_port(appliance->host)),
                       address);
    }
    return route_via(table, route.address_prefix, port(vnet, transit_port(appliance->host)),
                     kTransitGateway);
  }

  struct SubnetRoutes {
    lab::SubnetRef subnet{};
    std::vector<policy::EffectiveRoute> routes{};
  };

  Fabric& fabric_;
  std::map<std::string, Vnet> vnets_{};
  std::vector<IntegrationLink> integrations_{};
  std::map<std::pair<std::string, std::string>, SubnetRoutes> routes_{};  // by (VNet, table key)
  std::vector<Transit> transits_{};
  std::set<std::pair<std::string, std::string>> known_transits_{};
};

}  // namespace

std::string table_key(const lab::Lab& lab, const lab::SubnetRef& subnet) {
  const lab::Subnet& declared = *lab.find(subnet);
  if (declared.route_table) return "subnet/" + subnet.subnet;
  return lab::is_integration_subnet(declared) ? "system/integrations" : "system/machines";
}

std::string transit_key(const std::string& host) {
  return "transit/" + host;
}

Status add_virtual_networks(Fabric& fabric) {
  return Builder(fabric).build();
}

}  // namespace egress::compile
