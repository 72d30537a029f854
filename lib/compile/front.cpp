// SPDX-License-Identifier: MIT
// Theory of operation. A request gets a new destination, one of the app's instances in turn, as it
// enters the front end, and a new source as it leaves for the instance's worker: an address of the
// space between the two, so that the answer comes back whoever asked. Two clients of different
// networks may have one address, so what they send is tracked in the zone of their way; what comes
// back is told apart by the port that the source was given. The connection's mark is the way's, by
// which the answer leaves. What the front end answers by itself, a refusal, is marked like what
// other receivers answer (ways.cpp).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compile/data_path.hpp"
#include "compile/instances.hpp"
#include "compile/marks.hpp"

namespace egress::compile {
namespace {

using policy::Entry;
using policy::kNowhere;
using state::NftData;
using state::NftElement;
using state::NftField;

struct Front {
  const std::string& site;
  const policy::Network::Site& analysed;
  const policy::Interface& interface;
  std::string netns;
};

std::string instance_link(const policy::WorkerKey& worker) {
  return "i-" + lab::instance_text(worker.instance, worker.incarnation);
}

Entry::Way kind_of(const Way& way) {
  return way.endpoint == kNowhere ? Entry::Way::kServiceEndpoint : Entry::Way::kPrivateEndpoint;
}

void join_worker(Fabric& fabric, const Front& front, const policy::Network::Instance& instance) {
  const InstanceNetns worker = worker_namespace(fabric.options.prefix, instance);
  const std::string link = instance_link(instance.name);
  join_routers(fabric, front.netns, link, worker.name(),
               fabric.link(worker.name(), front_port(front.site)), worker.alone);
  const Ipv4Address inside = fabric.inside_of_instance(front.site, instance.name);
  add(fabric.netns(front.netns),
      route_via(kMainTable, Ipv4Prefix::host(inside), link, kTransitGateway));
}

// "80, 443"
std::string ports_text(const std::vector<Port>& ports) {
  std::vector<uint16_t> numbers;
  for (const Port& port : ports) numbers.push_back(port.number);
  return fmt::format("{}", fmt::join(numbers, ", "));
}

state::NftRule request_rule(const Fabric& fabric, const Front& front) {
  std::vector<std::string> targets;
  for (const policy::Network::Instance& instance : front.analysed.instances) {
    if (instance.worker->standing != lab::Standing::kServing) continue;
    const Ipv4Address inside = fabric.inside_of_instance(front.site, instance.name);
    targets.push_back(fmt::format("{} : {}", targets.size(), inside.to_string()));
  }
  return {fmt::format("iifname @open tcp dport {{ {} }} dnat to numgen inc mod {} map {{ {} }}:{}",
                      ports_text(front.interface.listen), targets.size(), fmt::join(targets, ", "),
                      front.interface.app_port),
          "to the app's instances in turn"};
}

state::Firewall front_firewall(const Fabric& fabric, const Front& front) {
  std::vector<NftElement> open;
  std::vector<NftElement> zones;
  if (has_eth0(front.interface) && takes_requests(fabric, front.interface, Entry::Way::kInternet)) {
    open.push_back({{"eth0"}});
  }
  for (const Way& way : fabric.ways) {
    if (&fabric.network.interfaces[way.receiver] != &front.interface) continue;
    if (!takes_requests(fabric, front.interface, kind_of(way))) continue;
    const std::string& link = fabric.link(front.netns, way.link);
    open.push_back({{link}});
    zones.push_back({{link}, way.mark});
  }
  state::NftTable table;
  table.maps["open"] = make_map({.key = {NftField::kIifname}}, open);
  table.maps["zones"] = make_map({.key = {NftField::kIifname}, .data = NftData::kZone}, zones);
  table.maps["ways"] = marks_of(fabric, front.analysed.front_end);
  table.chains["zones"] = {
      .hook = state::NftHook{"filter", "prerouting", -300},
      .rules = {{"ct original zone set iifname map @zones", "equal addresses apart"}}};
  table.chains["requests"] = {.hook = state::NftHook{"nat", "prerouting", -100},
                              .rules = {request_rule(fabric, front)}};
  table.chains["arrival"] = {
      .hook = state::NftHook{"filter", "prerouting", -50},
      .rules = {
          {fmt::format("iifname \"i-*\" meta mark set ct mark or {:#010x} accept", kAnswerOfApp),
           "back by its way"},
          {"ct status dnat ct mark set iifname map @ways", "its way"},
          {"ct status dnat accept", "requests"},
          {"meta mark set iifname map @ways", "refusals"}}};
  table.chains["forwarding"] = {.hook = state::NftHook{"filter", "forward", 0, true},
                                .rules = {{"ct state established accept", "answers"},
                                          {"ct status dnat accept", "requests"},
                                          {"counter drop", "nothing else"}}};
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {{fmt::format("oifname \"i-*\" snat to {}",
                             fabric.inside_of_front(front.site).to_string()),
                 "answers come back here"}}};
  table.chains["replies"] = silence();
  return state::make_firewall(std::move(table));
}

}  // namespace

std::string front_port(const std::string& site) {
  return "f-" + site;
}

bool takes_requests(const Fabric& fabric, const policy::Interface& front, Entry::Way way) {
  const policy::ServiceFirewall firewall =
      policy::firewall_of_site(fabric.network.situation.lab, front.name);
  return policy::service_access(firewall, {.way = way}).access == lab::Access::kAllow;
}

void add_fronts(Fabric& fabric) {
  for (const auto& [name, site] : fabric.network.sites) {
    if (site.front_end == kNowhere) continue;
    const Front front{name, site, fabric.network.interfaces[site.front_end],
                      front_netns(fabric.options.prefix, name)};
    for (const policy::Network::Instance& instance : site.instances) {
      join_worker(fabric, front, instance);
    }
    fabric.netns(front.netns).firewall = front_firewall(fabric, front);
  }
}

}  // namespace egress::compile
