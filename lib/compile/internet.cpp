// SPDX-License-Identifier: MIT
#include <set>

#include "compile/data_path.hpp"
#include "compile/internet_prefixes.hpp"

namespace egress::compile {
namespace {

bool is_internet_machine(const policy::Interface& interface) {
  return has_eth0(interface) && interface.vnet == policy::kNowhere &&
         interface.on_premises == policy::kNowhere;
}

void name_ports(Fabric& fabric, const std::string& internet) {
  std::set<std::string> ports;
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) ports.insert(vnet_port(vnet.name));
  for (const policy::Interface& interface : fabric.network.interfaces) {
    if (is_internet_machine(interface)) ports.insert(machine_port(interface));
  }
  for (const policy::Network::NatGateway& gateway : fabric.network.nat_gateways) {
    ports.insert(nat_port(gateway.name));
  }
  for (const policy::Network::OnPremises& network : fabric.network.on_premises) {
    if (network.declared->internet_address) ports.insert(on_premises_port(network.name));
  }
  fabric.link_names[internet] = assign_link_names(ports);
}

void add_vnet_exits(Fabric& fabric, const std::string& internet) {
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) {
    const std::string& port = fabric.link(internet, vnet_port(vnet.name));
    join_routers(fabric, vnet_netns(fabric.options.prefix, vnet.name), "inet0", internet, port);
    for (const policy::Index each : vnet.hosts) {
      const auto& address = fabric.network.interfaces[each].public_address;
      if (!address) continue;
      add(fabric.netns(internet),
          route_via(kMainTable, Ipv4Prefix::host(*address), port, kTransitGateway));
    }
  }
}

}  // namespace

std::string vnet_port(const std::string& vnet) {
  return "v-" + vnet;
}

state::NftChain silence() {
  return {.hook = state::NftHook{"filter", "output", 0},
          .rules = {{"icmp type { redirect, time-exceeded } drop", "silent"}}};
}

std::string add_machine(Fabric& fabric, const policy::Interface& host, const std::string& router) {
  const std::string netns_name = machine_netns(fabric.options.prefix, host);
  const std::string& port = fabric.link(router, machine_port(host));
  const Ipv4Address gateway =
      host.subnet == policy::kNowhere
          ? kTransitGateway
          : gateway_of(*fabric.network.subnets[host.subnet].declared, host.address);
  const bool front = host.site != nullptr;
  const std::string alias = (front ? "front end of " : "host ") + host.name;
  fabric.veth(fabric.endpoint(netns_name, "eth0", front || host.forwards(), alias),
              router_port(router, port, alias));
  state::NetnsState& netns = fabric.netns(netns_name);
  netns.addresses.insert({"eth0", host.address, 32});
  netns.neighbours.insert({"eth0", gateway, kRouterMac});
  add(netns, route_via(kMainTable, {}, "eth0", gateway));
  if (host.host != nullptr && !host.host->has_address()) answer_in_prefixes(netns, host, gateway);
  if (host.forwards()) netns.firewall = appliance_firewall(fabric, host);
  add_responder(fabric, host);
  return port;
}

void add_internet(Fabric& fabric) {
  const std::string internet = internet_netns(fabric.options.prefix);
  name_ports(fabric, internet);
  state::NetnsState& netns = fabric.netns(internet);
  add(netns, special_route(kMainTable, {}, state::RouteKind::kBlackhole));
  // A sender is whoever its address leads back to: what no exit has translated ends here.
  netns.sysctls["net.ipv4.conf.all.rp_filter"].value = "1";
  netns.firewall = state::make_firewall({.chains = {{"replies", silence()}}});
  for (const policy::Interface& host : fabric.network.interfaces) {
    if (!is_internet_machine(host)) continue;
    const std::string port = add_machine(fabric, host, internet);
    netns.neighbours.insert(
        {port, host.address, fabric.mac(machine_netns(fabric.options.prefix, host), "eth0")});
    add(netns, route_on_link(kMainTable, Ipv4Prefix::host(host.address), port));
    if (host.host != nullptr) lead_to_prefixes(netns, host, port);
  }
  add_stamp(fabric);
  add_nat_gateways(fabric);
  add_vnet_exits(fabric, internet);
  keep_from_prefixes(netns, fabric.network);
}

}  // namespace egress::compile
