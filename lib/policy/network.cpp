// SPDX-License-Identifier: MIT
#include "policy/network.hpp"

#include <algorithm>

#include "policy/declared_names.hpp"
#include "policy/endpoints.hpp"
#include "policy/gateways.hpp"
#include "policy/interfaces.hpp"
#include "policy/internet_prefixes.hpp"
#include "policy/nat_gateway.hpp"
#include "policy/network_rules.hpp"
#include "policy/outbound.hpp"
#include "policy/private_ports.hpp"

namespace egress::policy {
namespace {

class Analysis {
 public:
  Analysis(Network& out, const Network* previous)
      : out_(out),
        lab_(out.situation.lab),
        previous_(previous),
        routes_(lab_, out.situation.numbers, out.situation.learned),
        lists_(lab_, out.situation.learned) {}

  void run() {
    add_vnets();
    add_nat_gateways(out_);
    policy::add_gateways(out_);
    add_workers();
    out_.endpoints = endpoint_addresses(lab_, out_.situation.numbers);
    add_interfaces(out_, places_);
    add_routing();
    add_ways();
    add_gates();
    add_sites();
    add_front_ends();
    add_names();
    add_network_rules(out_);
  }

 private:
  void add_vnets() {
    for (const auto& [name, vnet] : lab_.virtual_networks) {
      const auto index = static_cast<Index>(out_.vnets.size());
      places_.vnets[name] = index;
      Network::Vnet& added = out_.vnets.emplace_back(Network::Vnet{
          .name = name, .declared = &vnet, .space = address_set(vnet.address_prefixes)});
      for (const auto& [subnet_name, subnet] : vnet.subnets) {
        added.subnets.push_back(static_cast<Index>(out_.subnets.size()));
        const lab::SubnetRef ref{name, subnet_name};
        places_.subnets[ref] = added.subnets.back();
        out_.subnets.push_back({.ref = ref,
                                .name = ref.to_string(),
                                .vnet = index,
                                .declared = &subnet,
                                .integration = lab::is_integration_subnet(subnet)});
      }
    }
    for (Network::Vnet& vnet : out_.vnets) {
      for (const std::string& peer : connected_peers(lab_, vnet.name)) {
        vnet.accepts_forwarded_from[places_.vnets.at(peer)] =
            vnet.declared->virtual_network_peerings.at(peer).allow_forwarded_traffic;
      }
    }
  }

  void add_workers() {
    for (const auto& [name, farm] : lab_.server_farms) {
      const std::vector<Ipv4Address> addresses = lab::outbound_addresses(lab_, farm);
      for (const auto& set : lab::instance_sets(lab_, out_.situation.instances, name)) {
        for (int instance = 0; instance < set.capacity; ++instance) {
          out_.workers[{name, instance, set.incarnation}] = {
              .outbound = outbound_address(addresses, name, instance),
              .interface = farm.interface,
              .standing = set.standing,
              .is_next = set.is_next};
        }
      }
    }
  }

  // Which subnets of a VNet have equal routes.
  struct RoutingKey {
    Index vnet = kNowhere;
    std::optional<std::string> route_table{};
    std::vector<std::pair<std::string, std::vector<std::string>>> endpoints{};
    bool of_gateways = false;
    auto operator<=>(const RoutingKey&) const = default;
  };

  static RoutingKey routing_key(const Network::Subnet& subnet) {
    RoutingKey key{.vnet = subnet.vnet,
                   .route_table = subnet.declared->route_table,
                   .of_gateways = is_gateway_subnet(subnet.ref)};
    for (const lab::ServiceEndpoint& each : subnet.declared->service_endpoints) {
      key.endpoints.emplace_back(each.service, each.locations);
    }
    return key;
  }

  void add_routing() {
    std::map<RoutingKey, std::shared_ptr<const Routing>> known;
    for (Network::Subnet& subnet : out_.subnets) {
      std::shared_ptr<const Routing>& shared = known[routing_key(subnet)];
      if (!shared) {
        auto routing = std::make_shared<Routing>(routes_.of(subnet.ref));
        for (const EffectiveRoute& route : routing->routes) {
          routing->targets.push_back(target_of(subnet.vnet, route));
        }
        shared = std::move(routing);
      }
      subnet.routing = shared;
    }
  }

  Index target_of(Index vnet, const EffectiveRoute& route) const {
    if (!route.peer.empty()) return places_.vnets.at(route.peer);
    if (route.next_hop_type == EffectiveNextHop::kInterfaceEndpoint) {
      return machine_near(vnet, route.address_prefix.address);
    }
    if (route.next_hop_type == EffectiveNextHop::kVirtualNetworkGateway) {
      const Index gateway = gateway_for(out_, vnet, route);
      return gateway == kNowhere ? kNowhere : out_.gateways[gateway].interface;
    }
    if (!route.next_hop_ip_address) return kNowhere;
    const Index found = machine_near(vnet, *route.next_hop_ip_address);
    if (found == kNowhere) return kNowhere;
    const InterfaceKind kind = out_.interfaces[found].kind;
    return kind == InterfaceKind::kHost || kind == InterfaceKind::kFrontend ? found : kNowhere;
  }

  Index machine_near(Index vnet, Ipv4Address address) const {
    Index found = out_.machine_at(vnet, address);
    for (const auto& [peer, accepts] : out_.vnets[vnet].accepts_forwarded_from) {
      if (found != kNowhere) break;
      found = out_.machine_at(peer, address);
    }
    return found;
  }

  void add_ways() {
    std::set<const Routing*> looked_at;
    for (const Network::Subnet& subnet : out_.subnets) {
      if (subnet.declared->service_endpoints.empty()) continue;
      if (!looked_at.insert(subnet.routing.get()).second) continue;
      for (const auto& [key, index] : out_.owners) {
        const Interface& owner = out_.interfaces[index];
        if (owner.vnet != kNowhere || owner.on_premises != kNowhere) continue;
        const EffectiveRoute& route =
            subnet.routing->routes[subnet.routing->lookup.find(owner.address)];
        if (route.next_hop_type != EffectiveNextHop::kVirtualNetworkServiceEndpoint) continue;
        out_.ways.emplace(subnet.vnet, index);
      }
      for (const Index host : prefix_hosts_behind(*subnet.routing, out_.internet_prefixes)) {
        out_.ways.emplace(subnet.vnet, host);
      }
    }
  }

  void add_gates() {
    lists_mean_the_same_ = previous_ != nullptr && same_meanings(previous_->situation.lab, lab_);
    for (Network::Subnet& subnet : out_.subnets) {
      if (is_gateway_subnet(subnet.ref)) continue;
      subnet.outbound = gate_of(subnet.ref, lab::Direction::kOutbound);
      subnet.inbound = gate_of(subnet.ref, lab::Direction::kInbound);
      subnet.platform = platform_gate_of(subnet.ref);
    }
    for (Interface& interface : out_.interfaces) {
      if (interface.host == nullptr) continue;
      interface.outbound = gate_of(*interface.host, lab::Direction::kOutbound);
      interface.inbound = gate_of(*interface.host, lab::Direction::kInbound);
      interface.platform = platform_gate_of(*interface.host);
    }
    for (const Interface& interface : out_.interfaces) {
      if (interface.endpoint == nullptr) continue;
      Network::Subnet& subnet = out_.subnets[interface.subnet];
      if (list_counts_for_endpoints(*subnet.declared)) {
        subnet.endpoints_inbound = endpoint_gate_of(subnet.ref);
      }
    }
  }

  static bool list_counts_for_endpoints(const lab::Subnet& subnet) {
    using Policies = lab::PrivateEndpointNetworkPolicies;
    return subnet.private_endpoint_network_policies == Policies::kEnabled ||
           subnet.private_endpoint_network_policies == Policies::kNetworkSecurityGroupEnabled;
  }

  using Gates = std::map<SecurityList, std::shared_ptr<const Gate>>;

  // `owner`: a subnet's name, or a host.
  template <typename Owner>
  std::shared_ptr<const Gate> gate_of(const Owner& owner, lab::Direction direction) {
    const auto list = lists_.list_of(owner, direction);
    if (!list) return nullptr;
    std::shared_ptr<const Gate>& gate = out_.gates[*list];
    if (!gate) gate = previous_gate(&Network::gates, *list);
    if (!gate) gate = make_gate(lists_.expand(*list), direction);
    return gate;
  }

  // The inbound gate itself, unless a rule names source ports.
  std::shared_ptr<const Gate> endpoint_gate_of(const lab::SubnetRef& subnet) {
    const auto list = lists_.list_of(subnet, lab::Direction::kInbound);
    if (!list) return nullptr;
    std::shared_ptr<const Gate>& gate = out_.endpoint_gates[*list];
    if (!gate) gate = previous_gate(&Network::endpoint_gates, *list);
    if (gate) return gate;
    gate = out_.gates.at(*list);
    std::vector<EffectiveRule> rules = gate->rules;
    bool differs = false;
    for (EffectiveRule& rule : rules) {
      differs = differs || !rule.rule.source_ports.is_all();
      rule.rule.source_ports = PortSet::all();
    }
    if (differs) gate = make_gate(std::move(rules), lab::Direction::kInbound);
    return gate;
  }

  template <typename Owner>
  std::shared_ptr<const Gate> platform_gate_of(const Owner& owner) {
    const auto list = lists_.list_of(owner, lab::Direction::kOutbound);
    if (!list) return nullptr;
    const auto [known, added] = platform_gates_.emplace(*list, nullptr);
    if (!added) return known->second;
    std::vector<EffectiveRule> rules = lists_.platform_rules(*list);
    if (rules.empty()) return nullptr;
    known->second = make_gate(std::move(rules), lab::Direction::kOutbound);
    return known->second;
  }

  static std::shared_ptr<const Gate> make_gate(std::vector<EffectiveRule> rules,
                                               lab::Direction direction) {
    Classifier classifier = compile_classifier(rules, direction);
    return std::make_shared<const Gate>(Gate{std::move(rules), std::move(classifier)});
  }

  std::shared_ptr<const Gate> previous_gate(Gates Network::*gates, const SecurityList& list) const {
    if (!lists_mean_the_same_) return nullptr;
    const auto& groups = previous_->situation.lab.network_security_groups;
    const auto group = groups.find(list.group);
    const bool as_before =
        group != groups.end() && group->second == lab_.network_security_groups.at(list.group);
    const auto gate = (previous_->*gates).find(list);
    return as_before && gate != (previous_->*gates).end() ? gate->second : nullptr;
  }

  void add_sites() {
    TrafficInUse in_use = traffic_in_use(lab_, out_.situation.traffic);
    for (const auto& [name, site] : lab_.sites) {
      const std::vector<Ipv4Prefix> scope =
          site.virtual_network_subnet
              ? virtual_network_scope(lab_, site,
                                      routes_.service_endpoints().of(*site.virtual_network_subnet))
              : std::vector<Ipv4Prefix>{};
      Network::Site& added = out_.sites[name];
      added = {.declared = &site,
               .lanes = lanes_of(site, dns_of(name, site)),
               .classes_in_use = std::move(in_use[name]),
               .scope = scope,
               .scope_addresses = address_set(scope)};
      if (site.virtual_network_subnet)
        added.subnet = places_.subnets.at(*site.virtual_network_subnet);
      place(added);
      const auto restarts = out_.situation.restarts.find(name);
      if (restarts != out_.situation.restarts.end()) added.restarts = restarts->second;
    }
    for (const auto& [farm, ignored] : lab_.server_farms) {
      for (auto& [site, ports] : private_ports(lab_, farm, out_.situation.numbers)) {
        out_.sites.at(site).private_ports = std::move(ports);
      }
    }
  }

  void place(Network::Site& site) const {
    const std::string& server_farm = site.declared->server_farm;
    for (WorkerKey& name : workers_of(lab_, out_.situation.instances, server_farm)) {
      const Network::Worker& worker = out_.workers.at(name);
      if (worker.standing == lab::Standing::kServing) site.workers.push_back(&worker);
      site.instances.push_back({std::move(name), &worker});
    }
  }

  void add_front_ends() {
    for (Index index = 0; index < out_.interfaces.size(); ++index) {
      const Interface& interface = out_.interfaces[index];
      if (interface.kind == InterfaceKind::kFrontEnd) {
        out_.sites.at(interface.name).front_end = index;
      }
    }
  }

  // The same value for as long as names say the same, so that nobody has to compare them.
  void add_names() {
    auto names = std::make_shared<const Names>(names_of(lab_, out_.endpoints));
    const bool as_before = previous_ != nullptr && *previous_->names == *names;
    out_.names = as_before ? previous_->names : std::move(names);
  }

  DnsSettings dns_of(const std::string& name, const lab::Site& site) const {
    const lab::ServerFarm& plan = lab_.server_farms.at(site.server_farm);
    if (!site.virtual_network_subnet) return dns_settings(site, plan, {});
    const auto& by_now = lab_.virtual_networks.at(site.virtual_network_subnet->vnet).dns_servers;
    const auto at_start = out_.situation.dns_at_start.find(name);
    if (at_start == out_.situation.dns_at_start.end()) return dns_settings(site, plan, by_now);
    return running_dns_settings(site, plan, at_start->second, by_now);
  }

  Network& out_;
  const lab::Lab& lab_;
  const Network* previous_;
  EffectiveRoutes routes_;
  SecurityLists lists_;
  bool lists_mean_the_same_ = false;
  Places places_{};
  Gates platform_gates_{};
};

}  // namespace

std::vector<WorkerKey> workers_of(const lab::Lab& lab, const lab::Instances& instances,
                                  const std::string& server_farm) {
  std::vector<WorkerKey> workers;
  for (const lab::InstanceSet& set : lab::instance_sets(lab, instances, server_farm)) {
    for (int instance = 0; instance < set.capacity; ++instance) {
      workers.push_back({server_farm, instance, set.incarnation});
    }
  }
  return workers;
}

Routing::Routing(std::vector<EffectiveRoute> effective)
    : routes(std::move(effective)), lookup(routes) {}

std::shared_ptr<const Network> analyse(Situation situation, const Network* previous) {
  auto network = std::make_shared<Network>();
  network->situation = std::move(situation);
  Analysis(*network, previous).run();
  return network;
}

std::shared_ptr<Network> copy_of(const Network& network) {
  auto copy = std::make_shared<Network>();
  copy->situation = network.situation;
  Analysis(*copy, &network).run();
  return copy;
}

}  // namespace egress::policy
