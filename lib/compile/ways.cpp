// SPDX-License-Identifier: MIT
// Theory of operation. A packet that comes in by a way is given the mark of that way; a socket that
// it makes takes the mark over (tcp_fwmark_accept), and so do resets and errors (fwmark_reflect).
// What carries a way's mark leaves by it. Sockets without connections are the responder's to mark.
// Clients of one network may have the address of an endpoint in another one, which is the
// receiver's own: so the way of an answer is looked up before the local table, and links believe
// such sources.
#include "compile/ways.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compile/data_path.hpp"
#include "compile/marks.hpp"

namespace egress::compile {
namespace {

using policy::Index;
using policy::kNowhere;
using state::NftData;
using state::NftField;

constexpr const char* kMarking[] = {"net.ipv4.fwmark_reflect", "net.ipv4.tcp_fwmark_accept"};

std::string vnet_link(const std::string& vnet) {
  return "v-" + vnet;
}
std::string endpoint_link(const std::string& endpoint) {
  return "p-" + endpoint;
}
std::string endpoint_port(const std::string& endpoint) {
  return "e-" + endpoint;
}

void add_way(Fabric& fabric, const Way& way) {
  const policy::Network& network = fabric.network;
  const policy::Interface& receiver = network.interfaces[way.receiver];
  const std::string name = machine_netns(fabric.options.prefix, receiver);
  const std::string vnet = vnet_netns(fabric.options.prefix, network.vnets[way.vnet].name);
  const std::string& link = fabric.link(name, way.link);
  const bool by_endpoint = way.endpoint != kNowhere;
  const std::string alias = by_endpoint
                                ? "private endpoint " + network.interfaces[way.endpoint].name
                                : "service endpoint of " + network.vnets[way.vnet].name;
  Fabric::End end = fabric.endpoint(name, link, receiver.site != nullptr, alias);
  end.accept_local = true;
  fabric.veth(end, router_port(vnet, fabric.link(vnet, way.port), alias));
  state::NetnsState& netns = fabric.netns(name);
  if (by_endpoint) netns.addresses.insert({link, network.interfaces[way.endpoint].address, 32});
  netns.neighbours.insert({link, kTransitGateway, kRouterMac});
  netns.rules.insert({.priority = kSteeringPriority,
                      .table = way.mark,
                      .fwmark = way.mark,
                      .fwmask = kWholeMark,
                      .iif = "lo"});
  if (receiver.site != nullptr) {
    netns.rules.insert({.priority = kSteeringPriority,
                        .table = way.mark,
                        .fwmark = way.mark | kAnswerOfApp,
                        .fwmask = kWholeMark});
  }
  add(netns, route_via(way.mark, {}, link, kTransitGateway));
}

void add_ways_to(Fabric& fabric, Index receiver, const std::vector<Way>& ways) {
  for (const Way& way : ways) add_way(fabric, way);
  const policy::Interface& machine = fabric.network.interfaces[receiver];
  state::NetnsState& netns = fabric.netns(machine_netns(fabric.options.prefix, machine));
  place_local_table(netns, kSharedPriority);
  // Front ends and appliances have a firewall of their own, but no Internet host is an appliance.
  if (machine.site != nullptr) return;
  state::NftTable table;
  table.maps["ways"] = marks_of(fabric, receiver);
  table.chains["arrival"] = {.hook = state::NftHook{"filter", "prerouting", -150},
                             .rules = {{"meta mark set iifname map @ways", "by its way"}}};
  netns.firewall = state::make_firewall(std::move(table));
}

constexpr const char* kWaysBook = "ways";

// Of all links that a way may have, whoever receives.
Result<Numbers> way_slots(const policy::Situation& situation) {
  std::vector<std::string> links;
  for (const auto& [name, vnet] : situation.lab.virtual_networks) links.push_back(vnet_link(name));
  for (const auto& [name, endpoint] : situation.lab.private_endpoints) {
    links.push_back(endpoint_link(name));
  }
  return assign_slots("virtual networks and private endpoints", links, state::kFirstWayTable,
                      state::kLastWayTable, numbers_in(situation.numbers, kWaysBook));
}

}  // namespace

Result<std::vector<Way>> ways_of(const policy::Network& network) {
  std::vector<Way> ways;
  for (const auto& [vnet, receiver] : network.ways) {
    const policy::Interface& to = network.interfaces[receiver];
    ways.push_back({.receiver = receiver,
                    .vnet = vnet,
                    .link = vnet_link(network.vnets[vnet].name),
                    .port = machine_port(to)});
  }
  for (Index index = 0; index < network.interfaces.size(); ++index) {
    const policy::Interface& endpoint = network.interfaces[index];
    if (endpoint.endpoint == nullptr) continue;
    ways.push_back({.receiver = endpoint.behind,
                    .vnet = endpoint.vnet,
                    .endpoint = index,
                    .link = endpoint_link(endpoint.name),
                    .port = endpoint_port(endpoint.name)});
  }
  std::stable_sort(ways.begin(), ways.end(),
                   [](const Way& a, const Way& b) { return a.receiver < b.receiver; });
  ASSIGN_OR_RETURN(const Numbers marks, way_slots(network.situation));
  for (Way& way : ways) way.mark = marks.at(way.link);
  return ways;
}

Status number_ways(const policy::Situation& situation, NumberBook& book) {
  ASSIGN_OR_RETURN(book[kWaysBook], way_slots(situation));
  return {};
}

state::NftMap marks_of(const Fabric& fabric, Index receiver) {
  const policy::Interface& machine = fabric.network.interfaces[receiver];
  const std::string netns = machine_netns(fabric.options.prefix, machine);
  std::vector<state::NftElement> marks;
  for (const Way& way : fabric.ways) {
    if (way.receiver == receiver) marks.push_back({{fabric.link(netns, way.link)}, way.mark});
  }
  return make_map({.key = {NftField::kIifname}, .data = NftData::kMark}, marks);
}

std::string machine_netns(const std::string& prefix, const policy::Interface& machine) {
  if (machine.host != nullptr) return host_netns(prefix, machine.name);
  if (machine.gateway != kNowhere) return gateway_netns(prefix, machine.name);
  return machine.site != nullptr ? front_netns(prefix, machine.name)
                                 : service_netns(prefix, machine.name);
}

bool has_eth0(const policy::Interface& machine) {
  if (machine.site != nullptr) return machine.site->inbound_ip_address.has_value();
  return machine.host != nullptr || machine.service != nullptr;
}

std::string machine_port(const policy::Interface& machine) {
  if (machine.host != nullptr) return "h-" + machine.name;
  if (machine.gateway != kNowhere) return "g-" + machine.name;
  return (machine.site != nullptr ? "f-" : "s-") + machine.name;
}

void add_ways(Fabric& fabric) {
  std::map<Index, std::vector<Way>> by_receiver;
  for (const Way& way : fabric.ways) by_receiver[way.receiver].push_back(way);
  for (const auto& [receiver, ways] : by_receiver) add_ways_to(fabric, receiver, ways);
  // Said too where there is no way: a machine that has lost its last is then like a new one.
  for (Index index = 0; index < fabric.network.interfaces.size(); ++index) {
    const policy::Interface& machine = fabric.network.interfaces[index];
    if (machine.vnet != kNowhere || machine.on_premises != kNowhere) continue;
    const char* marking = by_receiver.count(index) > 0 ? "1" : "0";
    state::NetnsState& netns = fabric.netns(machine_netns(fabric.options.prefix, machine));
    for (const char* name : kMarking) netns.sysctls[name] = {name, marking};
  }
}

}  // namespace egress::compile
