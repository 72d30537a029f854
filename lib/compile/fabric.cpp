// SPDX-License-Identifier: MIT
#include "compile/fabric.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compile/data_path.hpp"
#include "compile/inside_addresses.hpp"
#include "compile/instances.hpp"
#include "compile/lanes.hpp"
#include "compile/translations.hpp"
#include "lab/service_types.hpp"

namespace egress::compile {
namespace {

std::string worker_key(const policy::WorkerKey& worker) {
  return "worker/" + instance_key(worker);
}

std::string key_vault_key(const policy::WorkerKey& worker) {
  return "key-vault/" + instance_key(worker);
}

std::string lease_key(const lab::Integration& integration) {
  return fmt::format(
      "lease/{}/{}",
      instance_key({integration.server_farm, integration.instance, integration.incarnation}),
      integration.subnet.to_string());
}

std::string nat_key(const std::string& gateway) {
  return "nat/" + gateway;
}

std::string front_key(const std::string& site) {
  return "front/" + site;
}

std::string front_instance_key(const std::string& site, const policy::WorkerKey& worker) {
  return fmt::format("front/{}/{}", site, lab::instance_text(worker.instance, worker.incarnation));
}

std::string interface_key(const std::string& netns, const std::string& link) {
  return netns + "/" + link;
}

Status check_address(const lab::Lab& lab, const lab::SubnetRef& ref, Ipv4Address address,
                     const std::string& owner) {
  const lab::Subnet* subnet = lab.find(ref);
  const bool inside = subnet != nullptr &&
                      std::any_of(subnet->address_prefixes.begin(), subnet->address_prefixes.end(),
                                  [&](const Ipv4Prefix& own) { return own.contains(address); });
  if (inside) return {};
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("{} has the address {}, which is not in subnet '{}'", owner,
                                      address.to_string(), ref.to_string())};
}

Status check_addresses(const policy::Situation& situation) {
  const lab::Lab& lab = situation.lab;
  const auto worker_of = [](const lab::Integration& integration) {
    return fmt::format("instance {} of plan '{}'", integration.instance, integration.server_farm);
  };
  for (const lab::Integration& wanted : lab::integrations(lab, situation.instances)) {
    if (situation.leases.count(wanted) != 0) continue;
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("{} has no address in subnet '{}'", worker_of(wanted),
                                        wanted.subnet.to_string())};
  }
  for (const auto& [integration, address] : situation.leases) {
    RETURN_IF_ERROR(check_address(lab, integration.subnet, address, worker_of(integration)));
  }
  for (const auto& [name, host] : lab.hosts) {
    if (!host.subnet) continue;
    RETURN_IF_ERROR(check_address(lab, *host.subnet, host.ip_address, "host '" + name + "'"));
  }
  return {};
}

constexpr const char* kInsideBook = "inside addresses";

Result<Numbers> inside_slots(const policy::Situation& situation) {
  const lab::Lab& lab = situation.lab;
  std::vector<std::string> keys;
  for (const auto& [name, farm] : lab.server_farms) {
    for (const auto& worker : policy::workers_of(lab, situation.instances, name)) {
      keys.push_back(worker_key(worker));
    }
  }
  for (const auto& worker : workers_asking_key_vault(situation)) {
    keys.push_back(key_vault_key(worker));
  }
  for (const auto& [integration, address] : situation.leases) {
    keys.push_back(lease_key(integration));
  }
  for (const auto& [name, gateway] : lab.nat_gateways) keys.push_back(nat_key(name));
  for (const auto& [name, site] : lab.sites) {
    if (!site.inbound_ip_address && !lab::has_private_endpoint(lab, name)) continue;
    keys.push_back(front_key(name));
    for (const auto& worker : policy::workers_of(lab, situation.instances, site.server_farm)) {
      keys.push_back(front_instance_key(name, worker));
    }
  }
  return assign_slots("workers, integrations, NAT gateways and front ends", keys,
                      kInsideSpace.first().bits + 1, kInsideSpace.last().bits - 1,
                      numbers_in(situation.numbers, kInsideBook));
}

// By "NETNS/LINK", what an interface is known by for as long as it is there.
using Interfaces = std::map<std::string, std::string>;

void add_interface(Interfaces& all, const std::string& netns, const std::string& link) {
  all.emplace(interface_key(netns, link), interface_key(netns, link));
}

void add_interface(Interfaces& all, const InstanceNetns& netns, const std::string& link) {
  all.emplace(interface_key(netns.name(), link), interface_key(netns.lasting, link));
}

// Those of workers, apps and lanes.
void add_interfaces_of_instances(const Fabric& fabric, Interfaces& all) {
  const std::string& prefix = fabric.options.prefix;
  for (const policy::Network::Instance& instance : instances_of(fabric.network)) {
    const InstanceNetns netns = worker_namespace(prefix, instance);
    add_interface(all, netns, "direct0");
    for (const IntegrationLink& link : integration_links(fabric.network, instance.name)) {
      add_interface(all, netns, link.worker_link);
    }
  }
  for (const auto& [name, site] : fabric.network.sites) {
    for (const policy::Network::Instance& instance : site.instances) {
      const InstanceNetns app = app_namespace(prefix, name, instance);
      add_interface(all, app, "eth0");
      add_interface(all, app, fabric.app_vnet_link(name, instance.name));
    }
    for (const InstanceNetns& lane : lane_namespaces(prefix, name, site)) {
      add_interface(all, lane, "eth0");
    }
  }
}

// Those of instances and hosts; ports of routers all show the same MAC.
Interfaces machine_interfaces(const Fabric& fabric) {
  const std::string& prefix = fabric.options.prefix;
  Interfaces all;
  add_interfaces_of_instances(fabric, all);
  for (const policy::Interface& machine : fabric.network.interfaces) {
    if (has_eth0(machine)) add_interface(all, machine_netns(prefix, machine), "eth0");
  }
  for (const Way& way : fabric.ways) {
    const std::string netns = machine_netns(prefix, fabric.network.interfaces[way.receiver]);
    add_interface(all, netns, fabric.link(netns, way.link));
  }
  return all;
}

std::map<std::string, state::MacAddress> macs_of(const Interfaces& interfaces) {
  std::set<std::string> lasting;
  for (const auto& [interface, known_by] : interfaces) lasting.insert(known_by);
  const auto by_lasting = assign_macs(lasting);
  std::map<std::string, state::MacAddress> macs;
  for (const auto& [interface, known_by] : interfaces) {
    macs.emplace_hint(macs.end(), interface, by_lasting.at(known_by));
  }
  return macs;
}

void name_ways(Fabric& fabric) {
  std::map<std::string, std::set<std::string>> links;
  for (const Way& way : fabric.ways) {
    const policy::Interface& receiver = fabric.network.interfaces[way.receiver];
    links[machine_netns(fabric.options.prefix, receiver)].insert(way.link);
  }
  for (const auto& [netns, texts] : links) fabric.link_names[netns] = assign_link_names(texts);
}

}  // namespace

Result<Fabric> make_fabric(const policy::Network& network, const Options& options) {
  RETURN_IF_ERROR(check_addresses(network.situation));
  Fabric fabric{.network = network, .options = options};
  ASSIGN_OR_RETURN(fabric.ways, ways_of(network));
  name_ways(fabric);
  ASSIGN_OR_RETURN(fabric.inside, inside_slots(network.situation));
  ASSIGN_OR_RETURN(fabric.snat_ports, snat_ports(network));
  ASSIGN_OR_RETURN(fabric.key_vault_ports, key_vault_ports(network));
  fabric.macs = macs_of(machine_interfaces(fabric));
  return fabric;
}

Status number_inside_addresses(const policy::Situation& situation, NumberBook& book) {
  ASSIGN_OR_RETURN(book[kInsideBook], inside_slots(situation));
  return {};
}

Result<InsideAddresses> inside_addresses(const policy::Network& network) {
  ASSIGN_OR_RETURN(const auto numbers, inside_slots(network.situation));
  InsideAddresses instances;
  for (const auto& [name, worker] : network.workers) {
    instances.emplace(Ipv4Address{numbers.at(worker_key(name))}, name);
    for (const policy::Index each : worker.integrations) {
      const lab::Integration& integration = *network.interfaces[each].integration;
      instances.emplace(Ipv4Address{numbers.at(lease_key(integration))}, name);
    }
  }
  for (const auto& name : workers_asking_key_vault(network.situation)) {
    instances.emplace(Ipv4Address{numbers.at(key_vault_key(name))}, name);
  }
  return instances;
}

Result<Translations> translations(const policy::Network& network) {
  ASSIGN_OR_RETURN(const auto numbers, inside_slots(network.situation));
  Translations all;
  for (const auto& [name, worker] : network.workers) {
    Translations::Zones& zones = all.workers[name];
    const Ipv4Address direct{numbers.at(worker_key(name))};
    zones[0].insert(direct);
    all.outbound.emplace(direct, worker.outbound);
    for (const policy::Index each : worker.integrations) {
      const Ipv4Address inside{numbers.at(lease_key(*network.interfaces[each].integration))};
      all.integrations.emplace(each, inside);
      all.outbound.emplace(inside, worker.outbound);
    }
    for (const IntegrationLink& link : integration_links(network, name)) {
      zones[static_cast<uint16_t>(link.number)].insert(link.interface->address);
    }
  }
  for (const auto& name : workers_asking_key_vault(network.situation)) {
    const Ipv4Address inside{numbers.at(key_vault_key(name))};
    all.workers[name][0].insert(inside);
    all.outbound.emplace(inside, kKeyVaultAddress);
  }
  for (const policy::Network::NatGateway& gateway : network.nat_gateways) {
    std::set<Ipv4Address>& shown = all.nat_gateways[gateway.name];
    shown.insert(gateway.addresses.begin(), gateway.addresses.end());
    shown.insert(Ipv4Address{numbers.at(nat_key(gateway.name))});
  }
  return all;
}

Ipv4Address Fabric::inside_of_worker(const policy::WorkerKey& worker) const {
  return {inside.at(worker_key(worker))};
}

std::optional<Ipv4Address> Fabric::inside_of_key_vault(const policy::WorkerKey& worker) const {
  const auto number = inside.find(key_vault_key(worker));
  if (number == inside.end()) return std::nullopt;
  return Ipv4Address{number->second};
}

Ipv4Address Fabric::inside_of(const policy::Interface& integration) const {
  return {inside.at(lease_key(*integration.integration))};
}

Ipv4Address Fabric::inside_of(const policy::Network::NatGateway& gateway) const {
  return {inside.at(nat_key(gateway.name))};
}

Ipv4Address Fabric::inside_of_front(const std::string& site) const {
  return {inside.at(front_key(site))};
}

Ipv4Address Fabric::inside_of_instance(const std::string& site,
                                       const policy::WorkerKey& worker) const {
  return {inside.at(front_instance_key(site, worker))};
}

const std::string& Fabric::link(const std::string& netns, const std::string& text) const {
  return link_names.at(netns).at(text);
}

std::string Fabric::app_vnet_link(const std::string& site, const policy::WorkerKey& worker) const {
  return compile::app_vnet_link(site, lab::instance_text(worker.instance, worker.incarnation),
                                network.sites.at(site).restarts);
}

const state::MacAddress& Fabric::mac(const std::string& netns, const std::string& link) const {
  return macs.at(interface_key(netns, link));
}

state::NetnsState& Fabric::netns(const std::string& name) {
  const auto [entry, added] = state.try_emplace(name);
  if (added) {
    entry->second->rules = state::kernel_rules();
    entry->second->links["lo"] = state::loopback(true);
    entry->second->sysctls["net.ipv4.conf.all.rp_filter"] = {"net.ipv4.conf.all.rp_filter", "0"};
  }
  return entry->second.change();
}

void Fabric::veth(const End& a, const End& b) {
  const auto link = [](const End& here, const End& there) {
    return state::Link{.name = here.link,
                       .peer = {there.netns, there.link},
                       .mac = here.mac,
                       .forwarding = here.forwarding,
                       .accept_local = here.accept_local,
                       .arp = here.arp,
                       .alias = here.alias};
  };
  netns(a.netns).links[a.link] = link(a, b);
  netns(b.netns).links[b.link] = link(b, a);
}

void place_local_table(state::NetnsState& netns, uint32_t priority) {
  for (auto rule = netns.rules.begin(); rule != netns.rules.end(); ++rule) {
    if (rule->table != state::kLocalTable) continue;
    netns.rules.erase(rule);
    break;
  }
  netns.rules.insert({.priority = priority, .table = state::kLocalTable});
}

Fabric::End router_port(std::string netns, std::string link, std::string alias) {
  return {std::move(netns), std::move(link), kRouterMac, true, std::move(alias), true};
}

Fabric::End Fabric::endpoint(const std::string& netns, const std::string& link, bool forwarding,
                             std::string alias) const {
  return {netns, link, mac(netns, link), forwarding, std::move(alias)};
}

void join_routers(Fabric& fabric, const std::string& near, const std::string& near_port,
                  const std::string& far, const std::string& far_port,
                  const std::string& far_called) {
  fabric.veth(router_port(near, near_port, "to " + (far_called.empty() ? far : far_called)),
              router_port(far, far_port, "to " + near));
  fabric.netns(near).neighbours.insert({near_port, kTransitGateway, kRouterMac});
  fabric.netns(far).neighbours.insert({far_port, kTransitGateway, kRouterMac});
}

state::Route route_on_link(uint32_t table, Ipv4Prefix destination, const std::string& link) {
  return {.table = table, .destination = destination, .link = link};
}

state::Route route_via(uint32_t table, Ipv4Prefix destination, const std::string& link,
                       Ipv4Address gateway) {
  return {
      .table = table, .destination = destination, .link = link, .gateway = gateway, .onlink = true};
}

state::Route special_route(uint32_t table, Ipv4Prefix destination, state::RouteKind kind) {
  return {.table = table, .destination = destination, .kind = kind};
}

void add(state::NetnsState& netns, state::Route route) {
  const state::RouteKey key = state::key_of(route);
  // Most come in the order of their prefixes.
  netns.routes.insert_or_assign(netns.routes.end(), key, std::move(route));
}

void refuse_everybody(state::NetnsState& netns) {
  constexpr const char* kRateLimit = "net.ipv4.icmp_ratelimit";
  netns.sysctls[kRateLimit] = {kRateLimit, "0"};
}

void set_conntrack(state::NetnsState& netns, const std::string& name, int64_t value) {
  const std::string full = "net.netfilter.nf_conntrack_" + name;
  netns.sysctls[full] = {full, std::to_string(value)};
}

Ipv4Address gateway_of(const lab::Subnet& subnet, Ipv4Address address) {
  const auto& prefixes = subnet.address_prefixes;
  const auto holder = std::find_if(prefixes.begin(), prefixes.end(), [&](const Ipv4Prefix& prefix) {
    return prefix.contains(address);
  });
  EG_CHECK(holder != prefixes.end(), "make_fabric() has looked at all addresses");
  return {holder->first().bits + 1};
}

state::NftChain refusal(const std::string& comment) {
  return {.rules = {{"meta l4proto tcp counter reject with tcp reset", comment},
                    {"counter reject", comment}}};
}

}  // namespace egress::compile
