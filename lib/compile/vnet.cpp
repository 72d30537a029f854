// SPDX-License-Identifier: MIT
#include "compile/vnet.hpp"

#include <fmt/format.h>

#include "compile/parts.hpp"
#include "policy/effective_routes.hpp"

namespace egress::compile {
namespace {

constexpr uint32_t kFirstTable = 1000;
constexpr uint32_t kLastTable = 65000;

std::string peering_port(const std::string& remote) {
  return link_name("p-" + remote);
}
std::string transit_port(const std::string& host) {
  return link_name("t-" + host);
}
std::string transit_entry(const std::string& from, const std::string& host) {
  return link_name(fmt::format("f-{}-{}", from, host));
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

  void build() {
    for (auto& [name, vnet] : vnets_) add_ground(vnet);
    add_integrations();
    for (const auto& [name, host] : fabric_.lab.hosts) {
      if (host.subnet) add_subnet_host(name, host);
    }
    for (auto& [name, vnet] : vnets_) collect_routes(vnet);
    for (const Transit& transit : transits_) add_transit(transit);
    for (auto& [name, vnet] : vnets_) {
      add_peerings(vnet);
      number_tables(vnet);
    }
    for (auto& [name, vnet] : vnets_) {
      add_routes(vnet);
      fabric_.netns(vnet.netns).firewall = vnet_firewall(fabric_, vnet);
    }
  }

 private:
  state::NetnsState& netns_of(const Vnet& vnet) { return fabric_.netns(vnet.netns); }

  void add_ground(Vnet& vnet) {
    state::NetnsState& netns = netns_of(vnet);
    netns.addresses.insert({"lo", kFabricAddress, 32});
    netns.rules.insert({.priority = kSharedPriority, .table = kEndpointsTable});
    place_local_table(netns, kSharedPriority + 1);
    add(netns, special_route(kEndpointsTable, {}, state::RouteKind::kBlackhole));
    std::vector<std::string> subnets;
    for (const auto& [name, subnet] : fabric_.lab.virtual_networks.at(vnet.name).subnets) {
      subnets.push_back(name);
    }
    vnet.gates = assign_slots(subnets, 1, 0xffff);
  }

  void add_endpoint(Vnet& vnet, Endpoint endpoint) {
    state::NetnsState& netns = netns_of(vnet);
    netns.neighbours.insert({endpoint.port, endpoint.address, endpoint.mac});
    add(netns, route_on_link(kEndpointsTable, Ipv4Prefix::host(endpoint.address), endpoint.port));
    vnet.endpoints.push_back(std::move(endpoint));
  }

  void add_integrations() {
    for (const auto& [farm_name, farm] : fabric_.lab.server_farms) {
      for (int instance = 0; instance < farm.capacity; ++instance) {
        const std::string worker = worker_netns(fabric_.options.prefix, farm_name, instance);
        for (const IntegrationLink& link : integration_links(fabric_, farm_name, instance)) {
          Vnet& vnet = vnets_.at(link.integration.subnet.vnet);
          vnet.integrations.push_back(link.integration);
          add_endpoint(vnet, {link.vnet_link, link.address, endpoint_mac(worker, link.worker_link),
                              link.integration.subnet.subnet});
        }
      }
    }
  }

  void add_subnet_host(const std::string& name, const lab::Host& host) {
    Vnet& vnet = vnets_.at(host.subnet->vnet);
    const std::string port = add_host(fabric_, name, host, vnet.netns);
    add_endpoint(vnet, {port, host.ip_address,
                        endpoint_mac(host_netns(fabric_.options.prefix, name), "eth0"),
                        host.subnet->subnet});
  }

  // Effective routes of every subnet with a machine in it, and the transit links they need.
  void collect_routes(Vnet& vnet) {
    for (const Endpoint& endpoint : vnet.endpoints) {
      const lab::SubnetRef subnet{vnet.name, endpoint.subnet};
      const auto [entry, added] = routes_.try_emplace({vnet.name, table_key(fabric_.lab, subnet)});
      if (!added) continue;
      entry->second = {subnet, policy::effective_routes(fabric_.lab, subnet)};
      for (const policy::EffectiveRoute& route : entry->second.routes) {
        if (route.state != policy::RouteState::kActive || !route.next_hop_ip_address) continue;
        const auto appliance =
            policy::find_appliance(fabric_.lab, vnet.name, *route.next_hop_ip_address);
        if (appliance && appliance->vnet != vnet.name &&
            known_transits_.insert({vnet.name, appliance->host}).second) {
          transits_.push_back({vnet.name, *appliance});
        }
      }
    }
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
    join_routers(vnets_.at(transit.from), {transit_port(host), transit.appliance.vnet, {}},
                 vnets_.at(transit.appliance.vnet),
                 {transit_entry(transit.from, host), transit.from, host});
  }

  void add_peerings(Vnet& vnet) {
    for (const std::string& peer : policy::connected_peers(fabric_.lab, vnet.name)) {
      if (vnet.name > peer) continue;
      join_routers(vnet, {peering_port(peer), peer, {}}, vnets_.at(peer),
                   {peering_port(vnet.name), vnet.name, {}});
    }
  }

  void number_tables(Vnet& vnet) {
    std::vector<std::string> keys;
    for (const Endpoint& endpoint : vnet.endpoints) {
      keys.push_back(table_key(fabric_.lab, {vnet.name, endpoint.subnet}));
    }
    for (const PeerPort& port : vnet.peer_ports) {
      if (!port.appliance.empty()) keys.push_back(transit_key(port.appliance));
    }
    vnet.tables = assign_slots(keys, kFirstTable, kLastTable);
    for (const auto& [key, table] : vnet.tables) {
      netns_of(vnet).rules.insert(
          {.priority = kSteeringPriority, .table = table, .fwmark = table, .fwmask = kAnyMark});
    }
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
    for (const PeerPort& port : vnet.peer_ports) {
      if (port.appliance.empty()) continue;
      const Ipv4Address address = fabric_.lab.hosts.at(port.appliance).ip_address;
      add(netns, route_via(vnet.tables.at(transit_key(port.appliance)), {},
                           host_port(port.appliance), address));
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
        return route_via(table, prefix, peering_port(route.peer), kTransitGateway);
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
      return route_via(table, route.address_prefix, host_port(appliance->host), address);
    }
    return route_via(table, route.address_prefix, transit_port(appliance->host), kTransitGateway);
  }

  struct SubnetRoutes {
    lab::SubnetRef subnet{};
    std::vector<policy::EffectiveRoute> routes{};
  };

  Fabric& fabric_;
  std::map<std::string, Vnet> vnets_{};
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

void add_virtual_networks(Fabric& fabric) {
  Builder(fabric).build();
}

}  // namespace egress::compile
