// SPDX-License-Identifier: MIT
// Theory of operation. What an instance sends to the Internet, directly or out of the network that
// one of its integrations is in, comes here from an inside address, and leaves under the instance's
// outbound address and ports of its own block of it. Nobody counts: the kernel finds no free port
// for one flow more to the same destination than the block has, and drops its packet. A port is
// taken for as long as connection tracking remembers the flow, so how long that is, is Azure's;
// those of closed connections are held beside it (held_ports.hpp).
#include <fmt/format.h>

#include <set>

#include "compile/data_path.hpp"
#include "compile/held_ports.hpp"
#include "compile/platform.hpp"

namespace egress::compile {
namespace {

using state::NftData;
using state::NftField;

// azure-facts 7.2.3; contract "Decided" 16. UDP has no end but idleness.
constexpr std::chrono::seconds kIdle{240};

void set_time_outs(state::NetnsState& stamp) {
  const auto set = [&](const std::string& name, std::chrono::seconds value) {
    const std::string full = "net.netfilter.nf_conntrack_" + name;
    stamp.sysctls[full] = {full, std::to_string(value.count())};
  };
  set("tcp_timeout_established", kIdle);
  for (const char* closing : {"fin_wait", "close_wait", "last_ack", "time_wait"}) {
    set(fmt::format("tcp_timeout_{}", closing), kHoldAfterClose);
  }
  set("tcp_timeout_close", kHoldAfterReset);
  // Nothing is known of attempts that nobody answers, which may stand in the way of others.
  set("tcp_timeout_syn_sent", kHoldAfterReset);
  set("udp_timeout", kIdle);
  set("udp_timeout_stream", kIdle);
  // What goes on with a forgotten flow begins none: it ends here, and no reset says so.
  const std::string loose = "net.netfilter.nf_conntrack_tcp_loose";
  stamp.sysctls[loose] = {loose, "0"};
}

std::string instance_chain(const policy::Network::WorkerName& instance) {
  return fmt::format("instance/{}/{}", instance.server_farm, instance.instance);
}

void add_instance(const Fabric& fabric, const policy::Network::WorkerName& name,
                  state::NftTable& table) {
  const PortBlock& ports = fabric.snat_ports.at(name);
  const std::string outbound = fabric.network.workers.at(name).outbound.to_string();
  table.chains[instance_chain(name)] = {
      .rules = {{fmt::format("meta l4proto {{ tcp, udp }} snat to {}:{}-{}", outbound, ports.first,
                             ports.last),
                 "snatPorts"},
                {"snat to " + outbound, "outboundIpAddresses"}}};
}

void add_firewall(Fabric& fabric, state::NetnsState& stamp) {
  const policy::Network& network = fabric.network;
  std::vector<state::NftElement> inside;
  std::vector<state::NftElement> instances;
  state::NftTable table;
  for (const auto& [name, worker] : network.workers) {
    std::vector<Ipv4Address> sources{fabric.inside_of_worker(name.server_farm, name.instance)};
    for (const policy::Index each : worker.integrations) {
      sources.push_back(fabric.inside_of(network.interfaces[each]));
    }
    for (const Ipv4Address source : sources) {
      inside.push_back({{source}});
      instances.push_back({{source}, instance_chain(name)});
    }
    add_instance(fabric, name, table);
  }
  table.maps["inside"] = make_map({.key = {NftField::kSaddr}}, inside);
  table.maps["instances"] =
      make_map({.key = {NftField::kSaddr}, .data = NftData::kVerdict}, instances);
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
      .rules = {{"oifname \"inet0\" ip daddr != @hiding ip saddr vmap @instances",
                 "App Service's own NAT"}}};
  hold_ports(table, fabric.options.clock_offset);
  add_platform_answers_of_stamp(table);
  stamp.firewall = state::make_firewall(std::move(table));
}

void name_ports(Fabric& fabric, const std::string& stamp) {
  std::set<std::string> ports;
  for (const auto& [name, worker] : fabric.network.workers) {
    ports.insert(direct_port(name.server_farm, name.instance));
  }
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) {
    if (!vnet.integrations.empty()) ports.insert(vnet_port(vnet.name));
  }
  fabric.link_names[stamp] = assign_link_names(ports);
}

}  // namespace

void add_stamp(Fabric& fabric) {
  const std::string stamp = stamp_netns(fabric.options.prefix);
  const std::string internet = internet_netns(fabric.options.prefix);
  name_ports(fabric, stamp);
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
  set_time_outs(netns);
  add_firewall(fabric, netns);
}

}  // namespace egress::compile
