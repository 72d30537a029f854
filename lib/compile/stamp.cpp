// SPDX-License-Identifier: MIT
// Theory of operation. What an instance sends to the Internet, directly or out of the network that
// one of its integrations is in, comes here from an inside address, and leaves under the instance's
// outbound address and ports of its own block of it; what it asks Key Vault in public leaves under
// the platform's address for that, likewise. Nobody counts: the kernel finds no free port
// for one flow more to the same destination than the block has, and drops its packet. A port is
// taken for as long as connection tracking remembers the flow, so how long that is, is Azure's;
// those of closed connections are held beside it (held_ports.hpp).
#include <fmt/format.h>

#include <set>

#include "compile/data_path.hpp"
#include "compile/held_ports.hpp"
#include "compile/instances.hpp"
#include "compile/platform.hpp"
#include "policy/path_limits.hpp"

namespace egress::compile {
namespace {

using state::NftData;
using state::NftField;

// azure-facts 7.2.3; contract "Decided" 16. UDP has no end but idleness.
void set_time_outs(state::NetnsState& stamp) {
  const auto set = [&](const std::string& name, std::chrono::seconds value) {
    set_conntrack(stamp, name, value.count());
  };
  set("tcp_timeout_established", policy::kIdleAtAppService);
  for (const char* closing : {"fin_wait", "close_wait", "last_ack", "time_wait"}) {
    set(fmt::format("tcp_timeout_{}", closing), kHoldAfterClose);
  }
  set("tcp_timeout_close", kHoldAfterReset);
  // Nothing is known of attempts that nobody answers, which may stand in the way of others.
  set("tcp_timeout_syn_sent", kHoldAfterReset);
  set("udp_timeout", policy::kIdleAtAppService);
  set("udp_timeout_stream", policy::kIdleAtAppService);
  // What goes on with a forgotten flow begins none: it ends here, and no reset says so.
  set_conntrack(stamp, "tcp_loose", 0);
}

// A block of ports, and who leaves by it.
struct Exit {
  std::string chain{};
  Ipv4Address outbound{};
  PortBlock ports{};
  std::vector<Ipv4Address> sources{};
};

Exit exit_of_instance(const Fabric& fabric, const policy::WorkerKey& name,
                      const policy::Network::Worker& worker) {
  Exit exit{.chain = "instance/" + instance_key(name),
            .outbound = worker.outbound,
            .ports = fabric.snat_ports.at(name),
            .sources = {fabric.inside_of_worker(name)}};
  for (const policy::Index each : worker.integrations) {
    exit.sources.push_back(fabric.inside_of(fabric.network.interfaces[each]));
  }
  return exit;
}

std::vector<Exit> exits_of(const Fabric& fabric) {
  std::vector<Exit> exits;
  for (const auto& [name, worker] : fabric.network.workers) {
    exits.push_back(exit_of_instance(fabric, name, worker));
  }
  for (const auto& [name, ports] : fabric.key_vault_ports) {
    exits.push_back({.chain = "key-vault/" + instance_key(name),
                     .outbound = kKeyVaultAddress,
                     .ports = ports,
                     .sources = {*fabric.inside_of_key_vault(name)}});
  }
  return exits;
}

state::NftChain translation_of(const Exit& exit) {
  const std::string outbound = exit.outbound.to_string();
  return {.rules = {{fmt::format("meta l4proto {{ tcp, udp }} snat to {}:{}-{}", outbound,
                                 exit.ports.first, exit.ports.last),
                     "snatPorts"},
                    {"snat to " + outbound, "outboundIpAddresses"}}};
}

void add_firewall(Fabric& fabric, state::NetnsState& stamp) {
  const policy::Network& network = fabric.network;
  std::vector<state::NftElement> inside;
  std::vector<state::NftElement> instances;
  state::NftTable table;
  for (const Exit& exit : exits_of(fabric)) {
    for (const Ipv4Address source : exit.sources) {
      inside.push_back({{source}});
      instances.push_back({{source}, exit.chain});
    }
    table.chains[exit.chain] = translation_of(exit);
  }
  table.maps["inside"] = make_map({.key = {NftField::kSaddr}}, inside);
  table.maps["instances"] =
      make_map({.key = {NftField::kSaddr}, .data = NftData::kVerdict}, instances);
  table.maps["hiding"] = hiding_set(network);
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
  table.chains["replies"] = silence();
  stamp.firewall = state::make_firewall(std::move(table));
}

void name_ports(Fabric& fabric, const std::string& stamp) {
  std::set<std::string> ports;
  for (const auto& [name, worker] : fabric.network.workers) {
    ports.insert(direct_port(name));
  }
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) {
    if (!vnet.integrations.empty()) ports.insert(vnet_port(vnet.name));
  }
  fabric.link_names[stamp] = assign_link_names(ports);
}

}  // namespace

state::NftMap hiding_set(const policy::Network& network) {
  std::vector<state::NftElement> hiding;
  for (const policy::Interface& each : network.interfaces) {
    if (each.hides_outbound_addresses) hiding.push_back({{each.address}});
  }
  return make_map({.key = {NftField::kDaddr}}, hiding);
}

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
  std::vector<Ipv4Address> outbound = lab::outbound_addresses(fabric.network.situation.lab);
  if (!fabric.key_vault_ports.empty()) outbound.push_back(kKeyVaultAddress);
  for (const Ipv4Address address : outbound) {
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
