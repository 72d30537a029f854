// SPDX-License-Identifier: MIT
#include "compile/vnet.hpp"

#include <fmt/format.h>

#include "compile/data_path.hpp"
#include "compile/instances.hpp"
#include "compile/marks.hpp"
#include "compile/platform.hpp"
#include "compile/wires.hpp"

namespace egress::compile {
namespace {

// As long as the kernel remembers an idle flow by itself (nf_conntrack_proto_tcp.c and _udp.c).
constexpr int kIdleTcpSeconds = 5 * 24 * 60 * 60;
constexpr int kIdleUdpSeconds = 30;
constexpr int kIdleAnsweredUdpSeconds = 120;

// flowTimeoutInMinutes (azure-facts 4.2.7). Said where the lab does not, too, as it may have.
void set_flow_timeout(state::NetnsState& netns, std::optional<int> minutes) {
  const auto set = [&](const char* name, int kernels_own) {
    set_conntrack(netns, name, minutes ? *minutes * 60 : kernels_own);
  };
  set("tcp_timeout_established", kIdleTcpSeconds);
  set("udp_timeout", kIdleUdpSeconds);
  set("udp_timeout_stream", kIdleAnsweredUdpSeconds);
}

using policy::Index;
using policy::kNowhere;

// What a transit leads to, in names of links. Of frontends the address, which no other has.
std::string transit_letter(const policy::Network& network, const policy::Interface& target) {
  if (target.frontend != kNowhere) return "l";
  if (target.gateway == kNowhere) return "";
  const auto type = network.gateways[target.gateway].declared->gateway_type;
  return type == lab::GatewayType::kVpn ? "g" : "x";
}
std::string transit_text(const policy::Interface& target) {
  return target.frontend != kNowhere ? target.address.to_string() : target.name;
}

// A host's name has no '_', and a network has but one gateway of a type, so none reads like
// another.
std::string transit_entry(const policy::Network& network, const std::string& from,
                          const policy::Interface& target) {
  return fmt::format("f{}-{}_{}", transit_letter(network, target), from, transit_text(target));
}

// One VNet's way to an NVA in a peer, to the gateway there, or to a frontend there or of its own.
struct Transit {
  Index from = kNowhere;
  Index appliance = kNowhere;
};

class Builder {
 public:
  explicit Builder(Fabric& fabric) : fabric_(fabric), network_(fabric.network) {
    for (Index i = 0; i < network_.vnets.size(); ++i) {
      const policy::Network::Vnet& vnet = network_.vnets[i];
      vnets_.push_back({vnet, i, vnet_netns(fabric_.options.prefix, vnet.name)});
    }
  }

  Status build(const std::set<Index>& with_firewall) {
    for (const auto& [name, worker] : network_.workers) {
      for (IntegrationLink& link : integration_links(network_, name)) {
        integrations_.push_back(std::move(link));
      }
    }
    collect_routes();
    name_ports();
    for (Vnet& vnet : vnets_) RETURN_IF_ERROR(add_ground(vnet));
    for (const IntegrationLink& link : integrations_) add_integration(link);
    for (Vnet& vnet : vnets_) {
      for (const Index host : vnet.analysed.hosts) add_host_of(vnet, host);
    }
    for (const policy::Network::Gateway& gateway : network_.gateways) {
      const policy::Interface& interface = network_.interfaces[gateway.interface];
      Vnet& vnet = vnets_[gateway.vnet];
      add_endpoint(vnet, {port(vnet, machine_port(interface)), interface.address, kRouterMac,
                          interface.subnet});
    }
    for (const Way& way : fabric_.ways) add_way_port(way);
    for (const policy::Network::NatGateway& gateway : network_.nat_gateways) {
      compile::join_routers(fabric_, vnets_[gateway.vnet].netns,
                            port(vnets_[gateway.vnet], nat_port(gateway.name)),
                            nat_netns(fabric_.options.prefix, gateway.name), "vnet0");
    }
    for (const Transit& transit : transits_) add_transit(transit);
    for (Vnet& vnet : vnets_) {
      add_peerings(vnet);
      RETURN_IF_ERROR(number_tables(vnet));
    }
    for (Vnet& vnet : vnets_) {
      add_routes(fabric_, vnet, routed_);
      refuse_everybody(netns_of(vnet));
      if (with_firewall.count(vnet.index) == 0) continue;
      netns_of(vnet).firewall = vnet_firewall(fabric_, vnet);
    }
    return {};
  }

 private:
  state::NetnsState& netns_of(const Vnet& vnet) { return fabric_.netns(vnet.netns); }
  const std::string& port(const Vnet& vnet, const std::string& text) const {
    return fabric_.link(vnet.netns, text);
  }
  const std::string& vnet_name(Index vnet) const { return network_.vnets[vnet].name; }

  // A subnet for each table of those with a machine in them, and the transit links they need.
  void collect_routes() {
    for (const IntegrationLink& link : integrations_) collect_routes(link.interface->subnet);
    for (const policy::Interface& host : network_.interfaces) {
      const bool machine = host.host != nullptr || host.gateway != kNowhere;
      if (machine && host.subnet != kNowhere) collect_routes(host.subnet);
    }
    // What endpoints answer goes on-premises, too.
    for (const Way& way : fabric_.ways) {
      if (way.endpoint == kNowhere) continue;
      for (const Index gateway : network_.vnets[way.vnet].gateways) {
        need_transit(way.vnet, network_.gateways[gateway].interface);
      }
    }
  }

  void collect_routes(Index index) {
    const policy::Network::Subnet& subnet = network_.subnets[index];
    if (!routed_.try_emplace({subnet.vnet, table_key(subnet)}, index).second) return;
    const policy::Routing& routing = *subnet.routing;
    for (size_t row = 0; row < routing.routes.size(); ++row) {
      const policy::EffectiveRoute& route = routing.routes[row];
      const Index target = routing.targets[row];
      const bool to_machine =
          route.next_hop_ip_address ||
          route.next_hop_type == policy::EffectiveNextHop::kVirtualNetworkGateway;
      if (route.state != policy::RouteState::kActive || !to_machine || target == kNowhere) continue;
      need_transit(subnet.vnet, target);
    }
  }

  void need_transit(Index from, Index target) {
    if (!leads_through_transit(from, network_.interfaces[target])) return;
    if (known_transits_.insert({from, target}).second) transits_.push_back({from, target});
  }

  bool leads_through_transit(Index from, const policy::Interface& target) const {
    return leads_on(network_, target) && (target.frontend != kNowhere || target.vnet != from);
  }

  void name_ports() {
    std::vector<std::set<std::string>> ports(vnets_.size());
    for (const IntegrationLink& link : integrations_) {
      ports[link.interface->vnet].insert(link.vnet_port);
    }
    for (const Transit& transit : transits_) {
      const policy::Interface& target = network_.interfaces[transit.appliance];
      ports[transit.from].insert(transit_port(network_, target));
      ports[target.vnet].insert(transit_entry(network_, vnet_name(transit.from), target));
    }
    for (const Vnet& vnet : vnets_) {
      std::set<std::string>& own = ports[vnet.index];
      for (const Index host : vnet.analysed.hosts) {
        own.insert(machine_port(network_.interfaces[host]));
      }
      for (const auto& [peer, accepts] : vnet.analysed.accepts_forwarded_from) {
        own.insert(peering_port(vnet_name(peer)));
      }
    }
    for (const Way& way : fabric_.ways) ports[way.vnet].insert(way.port);
    for (const policy::Network::NatGateway& gateway : network_.nat_gateways) {
      ports[gateway.vnet].insert(nat_port(gateway.name));
    }
    for (const policy::Network::Gateway& gateway : network_.gateways) {
      ports[gateway.vnet].insert(machine_port(network_.interfaces[gateway.interface]));
    }
    for (const Vnet& vnet : vnets_) {
      fabric_.link_names[vnet.netns] = assign_link_names(ports[vnet.index]);
    }
  }

  Status add_ground(Vnet& vnet) {
    state::NetnsState& netns = netns_of(vnet);
    netns.addresses.insert({"lo", kFabricAddress, 32});
    set_flow_timeout(netns, vnet.analysed.declared->flow_timeout_in_minutes);
    add_platform_addresses(netns);
    lead_to_platform(netns, kEndpointsTable);
    netns.rules.insert({.priority = kSharedPriority, .table = kEndpointsTable});
    place_local_table(netns, kSharedPriority + 1);
    add(netns, special_route(kEndpointsTable, {}, state::RouteKind::kBlackhole));
    ASSIGN_OR_RETURN(vnet.gates, gate_slots(network_.situation, vnet.analysed.name));
    return {};
  }

  void add_endpoint(Vnet& vnet, Endpoint endpoint) {
    state::NetnsState& netns = netns_of(vnet);
    if (endpoint.mac) netns.neighbours.insert({endpoint.port, endpoint.address, *endpoint.mac});
    add(netns, route_on_link(kEndpointsTable, Ipv4Prefix::host(endpoint.address), endpoint.port));
    vnet.endpoints.push_back(std::move(endpoint));
  }

  void add_integration(const IntegrationLink& link) {
    const lab::Integration& integration = *link.interface->integration;
    const policy::WorkerKey name{integration.server_farm, integration.instance,
                                 integration.incarnation};
    const InstanceNetns worker =
        worker_namespace(fabric_.options.prefix, {name, &network_.workers.at(name)});
    Vnet& vnet = vnets_[link.interface->vnet];
    std::optional<state::MacAddress> mac;
    if (!has_wires(network_, name)) {
      mac = fabric_.mac(worker.name(), link.worker_link);
    }
    add_endpoint(
        vnet, {port(vnet, link.vnet_port), link.interface->address, mac, link.interface->subnet});
  }

  void add_host_of(Vnet& vnet, Index index) {
    const policy::Interface& host = network_.interfaces[index];
    add_endpoint(vnet, {add_machine(fabric_, host, vnet.netns), host.address,
                        fabric_.mac(host_netns(fabric_.options.prefix, host.name), "eth0"),
                        host.subnet, host.forwards() ? std::string() : host.name, index});
  }

  void add_way_port(const Way& way) {
    Vnet& vnet = vnets_[way.vnet];
    state::NetnsState& netns = netns_of(vnet);
    const policy::Interface& receiver = network_.interfaces[way.receiver];
    const std::string there = machine_netns(fabric_.options.prefix, receiver);
    const std::string& own = port(vnet, way.port);
    const bool by_endpoint = way.endpoint != kNowhere;
    const Ipv4Address address =
        by_endpoint ? network_.interfaces[way.endpoint].address : receiver.address;
    netns.neighbours.insert({own, address, fabric_.mac(there, fabric_.link(there, way.link))});
    if (by_endpoint) add(netns, route_on_link(kEndpointsTable, Ipv4Prefix::host(address), own));
    vnet.way_ports.push_back({&way, own});
  }

  void join_routers(Vnet& a, PeerPort at_a, Vnet& b, PeerPort at_b) {
    compile::join_routers(fabric_, a.netns, at_a.port, b.netns, at_b.port);
    if (&a != &b) a.peer_ports.push_back(std::move(at_a));
    b.peer_ports.push_back(std::move(at_b));
  }

  void add_transit(const Transit& transit) {
    const policy::Interface& target = network_.interfaces[transit.appliance];
    Vnet& from = vnets_[transit.from];
    Vnet& to = vnets_[target.vnet];
    join_routers(from, {port(from, transit_port(network_, target)), to.index}, to,
                 {port(to, transit_entry(network_, from.analysed.name, target)), from.index,
                  transit.appliance});
  }

  void add_peerings(Vnet& vnet) {
    for (const auto& [peer, accepts] : vnet.analysed.accepts_forwarded_from) {
      if (vnet.index > peer) continue;
      Vnet& other = vnets_[peer];
      join_routers(vnet, {port(vnet, peering_port(other.analysed.name)), peer}, other,
                   {port(other, peering_port(vnet.analysed.name)), vnet.index});
    }
  }

  Status number_tables(Vnet& vnet) {
    ASSIGN_OR_RETURN(const Numbers slots,
                     table_slots(network_.situation, vnet.analysed.name, next_hops_));
    const auto need = [&](const std::string& key) { vnet.tables[key] = slots.at(key); };
    for (const Endpoint& endpoint : vnet.endpoints) {
      need(table_key(network_.subnets[endpoint.subnet]));
      const auto answers = public_answers_key(network_, network_.subnets[endpoint.subnet]);
      if (!answers.empty()) need(answers);
    }
    for (const PeerPort& port : vnet.peer_ports) {
      if (port.appliance == kNowhere) continue;
      const policy::Interface& target = network_.interfaces[port.appliance];
      if (target.frontend == kNowhere) {
        need(transit_key(target));
        continue;
      }
      for (const Index each : machines_behind(network_.frontends[target.frontend])) {
        need(transit_key(network_.interfaces[each]));
      }
    }
    for (const WayPort& port : vnet.way_ports) {
      if (port.way->endpoint != kNowhere) need(kEndpointAnswers);
    }
    for (const auto& [key, table] : vnet.tables) {
      netns_of(vnet).rules.insert(
          {.priority = kSteeringPriority, .table = table, .fwmark = table, .fwmask = kWholeMark});
    }
    return {};
  }

  Fabric& fabric_;
  const policy::Network& network_;
  const std::set<Ipv4Address> next_hops_ = next_hops_of(network_.situation.lab);
  std::vector<Vnet> vnets_{};  // as the network's
  std::vector<IntegrationLink> integrations_{};
  RoutedSubnets routed_{};
  std::vector<Transit> transits_{};
  std::set<std::pair<Index, Index>> known_transits_{};
};

}  // namespace

std::string peering_port(const std::string& remote) {
  return "p-" + remote;
}

std::string transit_port(const policy::Network& network, const policy::Interface& target) {
  return fmt::format("t{}-{}", transit_letter(network, target), transit_text(target));
}

Status add_virtual_networks(Fabric& fabric, const std::set<Index>& with_firewall) {
  return Builder(fabric).build(with_firewall);
}

}  // namespace egress::compile
