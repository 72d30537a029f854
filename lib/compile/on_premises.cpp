// SPDX-License-Identifier: MIT
// Theory of operation. A gateway stands in its network as a machine that sends under any address:
// what comes from on-premises is steered by the routes of the GatewaySubnet. What the network hands
// to the gateway goes on to a connection with the longest prefix (connections.cpp), or nowhere, so
// that nothing comes back to where it came from. A network on-premises is one router with its
// hosts; what they send finds the gateways by the network's own routes, and what gateways bring
// finds the hosts alone; both find the Internet where the network has an address there. The
// platform of Azure is for its own networks.
#include <fmt/format.h>

#include <set>

#include "compile/connections.hpp"
#include "compile/data_path.hpp"
#include "compile/platform.hpp"
#include "compile/speakers.hpp"

namespace egress::compile {
namespace {

using Gateway = policy::Network::Gateway;
using OnPremises = policy::Network::OnPremises;
using state::kArrivalsTable;

void add_gateway(Fabric& fabric, const Gateway& gateway) {
  const policy::Network& network = fabric.network;
  const std::string name = gateway_netns(fabric.options.prefix, gateway.name);
  std::set<std::string> links;
  for (const auto& [remote, connection] : gateway.declared->connections) {
    links.insert(connection_link(remote));
  }
  fabric.link_names[name] = assign_link_names(links);
  const std::string vnet = vnet_netns(fabric.options.prefix, network.vnets[gateway.vnet].name);
  const policy::Interface& interface = network.interfaces[gateway.interface];
  join_routers(fabric, vnet, fabric.link(vnet, machine_port(interface)), name, "eth0");
  state::NetnsState& netns = fabric.netns(name);
  netns.addresses.insert({"eth0", interface.address, 32});
  netns.rules.insert({.priority = kSharedPriority, .table = kArrivalsTable, .iif = "eth0"});
  add(netns, special_route(kArrivalsTable, {}, state::RouteKind::kBlackhole));
  add(netns, route_via(kMainTable, {}, "eth0", kTransitGateway));
  for (const Ipv4Address address : kPlatformAddresses) {
    add(netns, special_route(kMainTable, Ipv4Prefix::host(address), state::RouteKind::kBlackhole));
  }
  state::NftTable table;
  table.chains["replies"] = silence();
  add_connections(fabric, gateway, netns, table);
  add_speaker(fabric, gateway, netns, table);
  netns.firewall = state::make_firewall(std::move(table));
}

// What comes out of it to the Internet shows its address, and nothing new comes in from there.
state::NftTable firewall_of(const OnPremises& network) {
  state::NftTable table;
  table.chains["replies"] = silence();
  if (network.declared->internet_address) {
    table.chains["forwarding"] = {
        .hook = state::NftHook{"filter", "forward", 0},
        .rules = {{"ct state established,related accept", "answers"},
                  {"iifname \"inet0\" counter drop", "nothing new from outside"}}};
    table.chains["translation"] = {
        .hook = state::NftHook{"nat", "postrouting", 100},
        .rules = {{fmt::format("oifname \"inet0\" snat to {}",
                               network.declared->internet_address->to_string()),
                   "internetAddress"}}};
  }
  return table;
}

class Router {
 public:
  Router(Fabric& fabric, policy::Index index)
      : fabric_(fabric),
        index_(index),
        network_(fabric.network.on_premises[index]),
        name_(on_premises_netns(fabric.options.prefix, network_.name)) {}

  void add() {
    name_links();
    state::NetnsState& netns = fabric_.netns(name_);
    add_exit(netns);
    for (const policy::Index gateway : network_.gateways) join(netns, gateway);
    for (const auto& [prefix, gateway] : network_.return_routes) {
      compile::add(netns, route_via(kMainTable, prefix, gateway_link(gateway), kTransitGateway));
    }
    for (const policy::Interface& host : fabric_.network.interfaces) {
      if (host.on_premises == index_) add_host(netns, host);
    }
    state::NftTable table = firewall_of(network_);
    add_neighbour(fabric_, network_, netns, table);
    netns.firewall = state::make_firewall(std::move(table));
  }

 private:
  const std::string& gateway_link(policy::Index gateway) const {
    return fabric_.link(name_, machine_port(gateway_interface(gateway)));
  }
  const policy::Interface& gateway_interface(policy::Index gateway) const {
    return fabric_.network.interfaces[fabric_.network.gateways[gateway].interface];
  }

  void name_links() {
    std::set<std::string> links;
    for (const policy::Index gateway : network_.gateways) {
      links.insert(machine_port(gateway_interface(gateway)));
    }
    for (const policy::Interface& host : fabric_.network.interfaces) {
      if (host.on_premises == index_) links.insert(machine_port(host));
    }
    fabric_.link_names[name_] = assign_link_names(links);
  }

  void add_exit(state::NetnsState& netns) {
    const auto& address = network_.declared->internet_address;
    for (const uint32_t table : {kMainTable, kArrivalsTable}) {
      compile::add(netns, address ? route_via(table, {}, "inet0", kTransitGateway)
                                  : special_route(table, {}, state::RouteKind::kBlackhole));
    }
    if (!address) return;
    const AddressSet kept =
        network_.space.united(address_set({std::begin(kRfc1918), std::end(kRfc1918)}));
    keep(netns, kArrivalsTable, kept);
    keep(netns, kMainTable, kept.without(by_gateways()));
    const std::string internet = internet_netns(fabric_.options.prefix);
    const std::string& port = fabric_.link(internet, on_premises_port(network_.name));
    join_routers(fabric_, name_, "inet0", internet, port);
    compile::add(fabric_.netns(internet),
                 route_via(kMainTable, Ipv4Prefix::host(*address), port, kTransitGateway));
  }

  // No exit is for these.
  static void keep(state::NetnsState& netns, uint32_t table, const AddressSet& addresses) {
    for (const Ipv4Prefix& prefix : to_prefixes(addresses)) {
      compile::add(netns, special_route(table, prefix, state::RouteKind::kBlackhole));
    }
  }

  AddressSet by_gateways() const {
    std::vector<Ipv4Prefix> prefixes;
    for (const auto& [prefix, gateway] : network_.return_routes) prefixes.push_back(prefix);
    return address_set(prefixes);
  }

  void join(state::NetnsState& netns, policy::Index index) {
    const Gateway& gateway = fabric_.network.gateways[index];
    const std::string there = gateway_netns(fabric_.options.prefix, gateway.name);
    join_routers(fabric_, there, fabric_.link(there, connection_link(network_.name)), name_,
                 gateway_link(index));
    netns.rules.insert(
        {.priority = kSteeringPriority, .table = kArrivalsTable, .iif = gateway_link(index)});
  }

  void add_host(state::NetnsState& netns, const policy::Interface& host) {
    const std::string port = add_machine(fabric_, host, name_);
    netns.neighbours.insert(
        {port, host.address, fabric_.mac(machine_netns(fabric_.options.prefix, host), "eth0")});
    for (const uint32_t table : {kMainTable, kArrivalsTable}) {
      compile::add(netns, route_on_link(table, Ipv4Prefix::host(host.address), port));
    }
  }

  Fabric& fabric_;
  policy::Index index_;
  const OnPremises& network_;
  std::string name_;
};

}  // namespace

std::string connection_link(const std::string& network) {
  return "c-" + network;
}

std::string on_premises_port(const std::string& network) {
  return "o-" + network;
}

void add_gateways(Fabric& fabric) {
  for (const Gateway& gateway : fabric.network.gateways) add_gateway(fabric, gateway);
  for (policy::Index index = 0; index < fabric.network.on_premises.size(); ++index) {
    Router(fabric, index).add();
  }
}

}  // namespace egress::compile
