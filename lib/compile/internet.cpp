// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <set>

#include "compile/data_path.hpp"
#include "compile/platform.hpp"

namespace egress::compile {
namespace {

using state::NftData;
using state::NftField;

// NVAs: what leaves for public destinations carries the NVA's own address (contract "Decided" 6),
// and a router that drops or turns packets around stays silent, as the fabric does.
state::Firewall appliance_firewall(const policy::Interface& host) {
  state::NftTable table;
  if (host.public_address) {
    std::vector<state::NftElement> privates;
    for (const Ipv4Prefix& prefix : kRfc1918) privates.push_back({{prefix}});
    table.maps["private"] = make_map({.key = {NftField::kDaddr}, .interval = true}, privates);
    const std::string own = host.address.to_string();
    table.chains["translation"] = {
        .hook = state::NftHook{"nat", "postrouting", 100},
        .rules = {{fmt::format("ip saddr != {} ip daddr != @private snat to {}", own, own),
                   "masquerade"}}};
  }
  table.chains["replies"] = {.hook = state::NftHook{"filter", "output", 0},
                             .rules = {{"icmp type { redirect, time-exceeded } drop", "silent"}}};
  return state::make_firewall(std::move(table));
}

bool is_internet_machine(const policy::Interface& interface) {
  return has_eth0(interface) && interface.vnet == policy::kNowhere;
}

void add_stamp_firewall(Fabric& fabric, state::NetnsState& stamp) {
  const policy::Network& network = fabric.network;
  std::vector<state::NftElement> outbound;
  std::vector<state::NftElement> inside;
  const auto map_to = [&](Ipv4Address from, Ipv4Address address) {
    outbound.push_back({{from}, address});
    inside.push_back({{from}});
  };
  for (const auto& [name, worker] : network.workers) {
    map_to(fabric.inside_of_worker(name.server_farm, name.instance), worker.outbound);
    for (const policy::Index each : worker.integrations) {
      map_to(fabric.inside_of(network.interfaces[each]), worker.outbound);
    }
  }
  state::NftTable table;
  table.maps["outbound"] =
      make_map({.key = {NftField::kSaddr}, .data = NftData::kAddress}, outbound);
  table.maps["inside"] = make_map({.key = {NftField::kSaddr}}, inside);
  std::vector<state::NftElement> hiding;
  for (const policy::Interface& each : network.interfaces) {
    if (each.hides_outbound_addresses) hiding.push_back({{each.address}});
  }
  table.maps["hiding"] = make_map({.key = {NftField::kDaddr}}, hiding);
  table.chains["forwarding"] = {.hook = state::NftHook{"filter", "forward", 0, true},
                                .rules = {{"ct state established,related accept", "answers"},
                                          {"ct state new iifname != \"inet0\" oifname \"inet0\" "
                                           "ip saddr @inside accept",
                                           "to the Internet"}}};
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {{"oifname \"inet0\" ip daddr != @hiding snat to ip saddr map @outbound",
                 "outboundIpAddresses"}}};
  add_platform_answers_of_stamp(table);
  stamp.firewall = state::make_firewall(std::move(table));
}

std::string vnet_port(const std::string& vnet) {
  return "v-" + vnet;
}

void name_ports(Fabric& fabric, const std::string& internet) {
  std::set<std::string> to_stamp;
  std::set<std::string> to_internet;
  for (const auto& [name, worker] : fabric.network.workers) {
    to_stamp.insert(direct_port(name.server_farm, name.instance));
  }
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) {
    if (!vnet.integrations.empty()) to_stamp.insert(vnet_port(vnet.name));
    to_internet.insert(vnet_port(vnet.name));
  }
  for (const policy::Interface& interface : fabric.network.interfaces) {
    if (is_internet_machine(interface)) to_internet.insert(machine_port(interface));
  }
  fabric.link_names[stamp_netns(fabric.options.prefix)] = assign_link_names(to_stamp);
  fabric.link_names[internet] = assign_link_names(to_internet);
}

void add_stamp(Fabric& fabric, const std::string& internet) {
  const std::string stamp = stamp_netns(fabric.options.prefix);
  join_routers(fabric, stamp, "inet0", internet, "stamp");
  state::NetnsState& netns = fabric.netns(stamp);
  add_platform_address(netns);
  add(netns, route_via(kMainTable, {}, "inet0", kTransitGateway));
  // What the stamp has not translated is for storage of the apps' own region.
  add(fabric.netns(internet), route_via(kMainTable, kInsideSpace, "stamp", kTransitGateway));
  for (const Ipv4Address address : lab::outbound_addresses(fabric.network.situation.lab)) {
    add(fabric.netns(internet),
        route_via(kMainTable, Ipv4Prefix::host(address), "stamp", kTransitGateway));
  }
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) {
    if (vnet.integrations.empty()) continue;
    const std::string& port = fabric.link(stamp, vnet_port(vnet.name));
    join_routers(fabric, vnet_netns(fabric.options.prefix, vnet.name), "stamp0", stamp, port);
    for (const policy::Index each : vnet.integrations) {
      const Ipv4Address inside = fabric.inside_of(fabric.network.interfaces[each]);
      add(netns, route_via(kMainTable, Ipv4Prefix::host(inside), port, kTransitGateway));
    }
  }
  add_stamp_firewall(fabric, netns);
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
  if (host.forwards()) netns.firewall = appliance_firewall(host);
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
  for (const policy::Interface& host : fabric.network.interfaces) {
    if (!is_internet_machine(host)) continue;
    const std::string port = add_machine(fabric, host, internet);
    netns.neighbours.insert(
        {port, host.address, fabric.mac(machine_netns(fabric.options.prefix, host), "eth0")});
    add(netns, route_on_link(kMainTable, Ipv4Prefix::host(host.address), port));
  }
  add_stamp(fabric, internet);
  add_vnet_exits(fabric, internet);
}

}  // namespace egress::compile
