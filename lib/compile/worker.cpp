// SPDX-License-Identifier: MIT
#include "compile/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compile/identity.hpp"
#include "compile/lanes.hpp"
#include "compile/private_ports.hpp"
#include "compile/sandbox.hpp"
#include "compile/wires.hpp"
#include "compile/worker_exits.hpp"
#include "policy/private_ports.hpp"

namespace egress::compile {
namespace {

using state::kDirectTable;
using state::kFirstIntegrationTable;
using state::kNowhereTable;
using state::NftData;
using state::NftField;

// What an interface sends under an address not its own; behind the local table, to which its own
// packets may be thrown.
constexpr uint32_t kForgeryPriority = kSharedPriority + 1;

// What drops packets of apps, for who asks.
constexpr const char* kNetBios = "NetBIOS";
constexpr const char* kDirectMail = "port 25 by the direct path";

std::string book_of_apps(const std::string& server_farm) {
  return "apps/" + server_farm;
}

std::string app_direct_port(const std::string& site) {
  return "e-" + site;
}
std::string app_vnet_port(const std::string& site) {
  return "v-" + site;
}

void join_app(Worker& worker, const InstanceNetns& app, const std::string& link,
              const std::string& port, const Ipv4Prefix& net, uint32_t slot, uint32_t table) {
  join_sender(worker, {.netns = app,
                       .link = link,
                       .port = port,
                       .address = app_address(net, slot),
                       .length = net.length,
                       .gateway = gateway_in(net),
                       .table = table});
}

state::Route app_route(Ipv4Prefix destination, const std::string& link, Ipv4Address gateway) {
  state::Route route = route_via(kMainTable, destination, link, gateway);
  route.onlink = false;
  return route;
}

bool enters_whole(const policy::Network::Site& site) {
  return site.application().routing.scope == policy::TrafficRouting::Scope::kEverything;
}

// The application-routing decision is this table (azure-facts 1.6.4 and 1.6.5).
void add_app_routes(state::NetnsState& app, const policy::Network::Site& site,
                    const std::string& vnet_link) {
  const Ipv4Prefix everywhere{};
  if (enters_whole(site)) {
    add(app, app_route(everywhere, vnet_link, gateway_in(kAppVnetNet)));
    return;
  }
  state::Route direct = app_route(everywhere, "eth0", gateway_in(kAppDirectNet));
  direct.protocol = state::RouteProtocol::kBoot;
  direct.mtu = 1500;
  add(app, direct);
  for (const Ipv4Prefix& prefix : site.scope) {
    add(app, app_route(prefix, vnet_link, gateway_in(kAppVnetNet)));
  }
}

// Requests that a front end hands over reach an app from its gateway (azure-facts 1.6.11). What it
// answers goes back past all routes and lists of its network.
void add_front_of(Worker& worker, const std::string& site, const std::string& app_port,
                  uint32_t slot, uint32_t direct_table) {
  Fabric& fabric = worker.fabric;
  add(worker.netns(), route_via(direct_table, Ipv4Prefix::host(fabric.inside_of_front(site)),
                                fabric.link(worker.name, front_port(site)), kTransitGateway));
  worker.requests.push_back(
      {{fabric.inside_of_instance(site, worker.key())}, app_address(kAppDirectNet, slot)});
  worker.sources.push_back({{app_port}, gateway_in(kAppDirectNet)});
}

void add_app(Worker& worker, const std::string& site_name, const policy::Network::Site& site,
             uint32_t slot) {
  Fabric& fabric = worker.fabric;
  const InstanceNetns app = app_namespace(fabric.options.prefix, site_name, worker.instance);
  const std::string& direct_port = fabric.link(worker.name, app_direct_port(site_name));
  uint32_t direct_table = kDirectTable;
  std::string app_vnet;
  if (const IntegrationLink* const integration = worker.integration_of(site)) {
    app_vnet = fabric.app_vnet_link(site_name, worker.key());
    const std::string& vnet_side = fabric.link(worker.name, app_vnet_port(site_name));
    const bool whole = enters_whole(site);
    join_app(worker, app, app_vnet, vnet_side, kAppVnetNet, slot,
             whole ? kFirstIntegrationTable + integration->number
                   : integration_table_of_scoped(worker, site, *integration));
    worker.zones.push_back({{vnet_side}, integration->number});
    for (const uint16_t port : site.private_ports) {
      worker.private_ports.push_back(
          {{integration->worker_link, uint32_t{port}}, app_address(kAppVnetNet, slot)});
    }
    direct_table = whole ? direct_table_of_entering(worker)
                         : direct_table_of_scoped(worker, site, *integration, direct_port);
  }
  join_app(worker, app, "eth0", direct_port, kAppDirectNet, slot, direct_table);
  add_to_sandbox(worker, direct_port,
                 app_vnet.empty() ? "" : fabric.link(worker.name, app_vnet_port(site_name)));
  if (site.front_end != policy::kNowhere) {
    add_front_of(worker, site_name, direct_port, slot, direct_table);
  }
  add_app_routes(fabric.netns(app.name()), site, app_vnet);
}

void add_integration(Worker& worker, const IntegrationLink& link) {
  const policy::Network::Subnet& subnet = worker.fabric.network.subnets[link.interface->subnet];
  const uint32_t table = kFirstIntegrationTable + link.number;
  const Ipv4Address gateway = gateway_of(worker, link);
  const std::string vnet = vnet_netns(worker.fabric.options.prefix, subnet.ref.vnet);

  // Here, too, somebody else may be the rightful owner of what is this worker's other lease.
  Fabric::End integration =
      worker.fabric.endpoint(worker.name, link.worker_link, true, "integration " + subnet.name);
  integration.accept_local = true;
  const Fabric::End port =
      router_port(vnet, worker.fabric.link(vnet, link.vnet_port),
                  fmt::format("{} of {}", link.worker_link, worker.called.alone));
  if (has_wires(worker.fabric.network, worker.key())) {
    worker.fabric.wire(integration, port);
  } else {
    worker.fabric.veth(integration, port);
  }
  worker.netns().addresses.insert({link.worker_link, link.interface->address, 32});
  add_exit(worker, table, link.worker_link, gateway, gateway_in(kAppVnetNet));
  add(worker.netns(),
      route_via(table, Ipv4Prefix::host(kInstanceMetadata), link.worker_link, gateway));
  // The integration itself, which the firewall refuses.
  add(worker.netns(),
      special_route(table, Ipv4Prefix::host(link.interface->address), state::RouteKind::kThrow));
  worker.zones.push_back({{link.worker_link}, link.number});
  worker.sources.push_back({{link.worker_link}, link.interface->address});
}

void add_direct_path(Worker& worker) {
  Fabric& fabric = worker.fabric;
  const Ipv4Address inside = fabric.inside_of_worker(worker.key());
  const std::string stamp = stamp_netns(fabric.options.prefix);
  const std::string& port = fabric.link(stamp, direct_port(worker.key()));
  // An Internet host may have the address that is this worker's lease in a public address space.
  Fabric::End direct = fabric.endpoint(worker.name, "direct0", true, "direct path");
  direct.accept_local = true;
  fabric.veth(direct, router_port(stamp, port, "direct0 of " + worker.called.alone));
  worker.netns().addresses.insert({"direct0", inside, 32});
  add_direct_exit(worker, kDirectTable);
  fabric.netns(stamp).neighbours.insert({port, inside, direct.mac});
  add(fabric.netns(stamp), route_on_link(kMainTable, Ipv4Prefix::host(inside), port));
  worker.sources.push_back({{"direct0"}, inside});
}

// New packets between apps and front ends go one way.
void add_requests(const Worker& worker, state::NftTable& table) {
  if (worker.requests.empty()) return;
  table.maps["called"] =
      make_map({.key = {NftField::kDaddr}, .data = NftData::kAddress}, worker.requests);
  table.chains["requests"] = {
      .hook = state::NftHook{"nat", "prerouting", -100},
      .rules = {{"iifname \"f-*\" dnat to ip daddr map @called", "to the app"}}};
  table.chains["from_front"] = {
      .rules = {{"ct status dnat accept", "requests"}, {"counter drop", "nothing else"}}};
  const std::vector<state::NftRule> one_way = {
      {"iifname \"f-*\" goto from_front", "by a front end"},
      {"oifname \"f-*\" counter drop", "answers alone"}};
  auto& rules = table.chains.at("forwarding").rules;
  rules.insert(rules.begin() + 1, one_way.begin(), one_way.end());  // behind answers
}

void add_firewall(Worker& worker) {
  state::NftTable table;
  table.maps["sources"] =
      make_map({.key = {NftField::kOifname}, .data = NftData::kAddress}, worker.sources);
  table.maps["own"] = make_map({.key = {NftField::kIifname, NftField::kSaddr}}, worker.own);
  const auto& links = worker.integrations;
  if (std::any_of(links.begin(), links.end(), [](const auto& link) { return link.number > 0; })) {
    table.maps["zones"] =
        make_map({.key = {NftField::kIifname}, .data = NftData::kZone}, worker.zones);
    table.maps["platform_zones"] =
        make_map({.key = {NftField::kIifname}, .data = NftData::kZone}, worker.platform_zones);
    table.chains["zones"] = {
        .hook = state::NftHook{"filter", "prerouting", -300},
        .rules = {{fmt::format("ip daddr {} ct zone set iifname map @platform_zones",
                               kAzurePlatform.to_string()),
                   "to the platform by an integration"},
                  {"ct zone set iifname map @zones", "equal addresses apart"}}};
  }
  table.chains["refuse"] = refusal("integrations are outbound only");
  table.chains["input"] = {
      .hook = state::NftHook{"filter", "input", 0, true},
      .rules = {
          {"ct state established,related accept", "answers"},
          {"ip daddr 169.254.0.0/16 drop", "gateways"},
          {fmt::format("iifname \"integ*\" udp dport {} counter drop", policy::kHealthProbePort),
           "health probe"},
          {"iifname . ip saddr != @own counter drop", "not an app's own"},
          {"goto refuse", "integrations"}}};
  // Routes have chosen the way; nothing new comes in by it. What belongs to no flow is not
  // translated either, so it would leave as it is.
  table.chains["from_network"] = {
      .rules = {{"ct state related accept", "errors"}, {"counter drop", "outbound only"}}};
  table.chains["forwarding"] = {
      .hook = state::NftHook{"filter", "forward", 0, true},
      .rules = {
          {"ct state established accept", "answers"},
          {"iifname \"integ*\" goto from_network", "by an integration"},
          {"iifname \"direct0\" goto from_network", "by the direct path"},
          {"meta l4proto { tcp, udp } th dport 137-139 " + state::log_and_drop(kNetBios), kNetBios},
          {"oifname \"direct0\" tcp dport 25 " + state::log_and_drop(kDirectMail), kDirectMail},
          {"meta l4proto != { tcp, udp, icmp } counter drop", "not carried for apps"},
          {"ct state new accept", "from the apps"},
          {"ct state related iifname . ct original ip saddr @own accept",
           "errors about an app's own flows"},
          {"counter drop", "no flow of the app"}}};
  std::vector<state::NftRule> translation = key_vault_translation(worker);
  translation.push_back({"snat to oifname map @sources", "WEBSITE_PRIVATE_IP or direct"});
  table.chains["translation"] = {.hook = state::NftHook{"nat", "postrouting", 100},
                                 .rules = std::move(translation)};
  table.chains["replies"] = silence();
  add_sandbox(worker, table);
  add_requests(worker, table);
  add_private_ports(table, worker.private_ports);
  if (gives_tokens(worker.fabric.network.situation.lab, worker.key().server_farm)) {
    open_identity_endpoint(table);
  }
  worker.netns().firewall = state::make_firewall(std::move(table));
}

// What the ports of the apps, their lanes and their front ends are called, for Fabric::link.
std::set<std::string> ports_of(const policy::Network& network, const Numbers& sites) {
  std::set<std::string> ports;
  for (const auto& [name, slot] : sites) {
    const policy::Network::Site& site = network.sites.at(name);
    ports.insert({app_direct_port(name), app_vnet_port(name)});
    for (const policy::Lane* lane : site.lanes_in_use()) ports.insert(lane_port(name, *lane));
    if (site.front_end != policy::kNowhere) ports.insert(front_port(name));
  }
  return ports;
}

}  // namespace

const IntegrationLink* Worker::integration_of(const policy::Network::Site& site) const {
  const auto found = std::find_if(
      integrations.begin(), integrations.end(),
      [&](const IntegrationLink& link) { return link.interface->subnet == site.subnet; });
  return found == integrations.end() ? nullptr : &*found;
}

Result<Numbers> app_slots(const policy::Situation& situation, const std::string& server_farm) {
  std::vector<std::string> sites;
  for (const auto& [name, site] : situation.lab.sites) {
    if (site.server_farm == server_farm) sites.push_back(name);
  }
  return assign_slots(fmt::format("apps in plan '{}'", server_farm), sites, 2, 254,
                      numbers_in(situation.numbers, book_of_apps(server_farm)));
}

Status number_apps(const policy::Situation& situation, NumberBook& book) {
  for (const auto& [name, farm] : situation.lab.server_farms) {
    ASSIGN_OR_RETURN(book[book_of_apps(name)], app_slots(situation, name));
  }
  return {};
}

Ipv4Address app_address(const Ipv4Prefix& net, uint32_t slot) {
  return {net.first().bits + slot};
}

Ipv4Address gateway_in(const Ipv4Prefix& net) {
  return {net.first().bits + 1};
}

// By policy rules: a worker has few apps, and a rule costs a packet less than a look into a map of
// interfaces. They also hold every packet to the sender's own address, whatever connection tracking
// makes of it.
void join_sender(Worker& worker, const SenderLink& link) {
  Fabric& fabric = worker.fabric;
  const std::string& netns = link.netns.name();
  Fabric::End end = fabric.endpoint(netns, link.link, false,
                                    fmt::format("{} of {}", link.link, link.netns.alone));
  // A program can look for as many neighbours as it likes, and all namespaces share one table of
  // them.
  end.arp = false;
  fabric.netns(netns).neighbours.insert({link.link, link.gateway, kRouterMac});
  worker.netns().neighbours.insert({link.port, link.address, end.mac});
  fabric.veth(end, router_port(worker.name, link.port, link.netns.alone));
  fabric.netns(netns).addresses.insert({link.link, link.address, link.length});
  worker.netns().addresses.insert({link.port, link.gateway, 32});
  add(worker.netns(), route_on_link(kMainTable, Ipv4Prefix::host(link.address), link.port));
  auto& rules = worker.netns().rules;
  rules.insert({.priority = kSteeringPriority,
                .table = link.table,
                .iif = link.port,
                .source = link.address});
  rules.insert({.priority = kForgeryPriority, .table = kNowhereTable, .iif = link.port});
  worker.own.push_back({{link.port, link.address}});
}

std::string direct_port(const policy::WorkerKey& worker) {
  return fmt::format("d-{}-{}", worker.server_farm,
                     lab::instance_text(worker.instance, worker.incarnation));
}

Status add_workers(Fabric& fabric) {
  const policy::Network& network = fabric.network;
  NumberBook slots;  // of apps, by plan
  for (const policy::Network::Instance& instance : instances_of(network)) {
    const std::string& server_farm = instance.name.server_farm;
    const auto known = slots.find(server_farm);
    if (known == slots.end()) {
      ASSIGN_OR_RETURN(slots[server_farm], app_slots(network.situation, server_farm));
    }
    const Numbers& sites = slots.at(server_farm);
    const InstanceNetns called = worker_namespace(fabric.options.prefix, instance);
    Worker worker{fabric, instance, called, called.name(),
                  integration_links(network, instance.name)};
    fabric.link_names[worker.name] = assign_link_names(ports_of(network, sites));
    add_direct_path(worker);
    add_key_vault_path(worker);
    for (const IntegrationLink& link : worker.integrations) add_integration(worker, link);
    for (const auto& [site, slot] : sites) {
      add_app(worker, site, network.sites.at(site), slot);
      add_lanes(worker, site, slot);
    }
    // Whoever is not on an integration may well reach for an address that this worker holds there.
    place_local_table(worker.netns(), kSharedPriority);
    add(worker.netns(), special_route(kNowhereTable, {}, state::RouteKind::kBlackhole));
    add_firewall(worker);
    refuse_everybody(worker.netns());
  }
  return {};
}

}  // namespace egress::compile
