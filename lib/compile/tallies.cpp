// SPDX-License-Identifier: MIT
// How many objects of the kernel each part of a lab becomes, at most: what compile makes, without
// making it.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "compile/tally.hpp"
#include "lab/public_addresses.hpp"
#include "lab/service_types.hpp"
#include "lab/slots.hpp"
#include "policy/size_estimate.hpp"
#include "policy/traffic_routing.hpp"

namespace egress::compile {
namespace {

// Of one exit of a worker (worker_exits.cpp, add_exit), and of a subnet whatever its network.
constexpr uint64_t kRoutesPerExit = 6;
constexpr uint64_t kSystemRoutes = 16;

std::string path_of_plan(const std::string& name) {
  return "serverFarms." + name;
}
std::string path_of_vnet(const std::string& name) {
  return "virtualNetworks." + name;
}

uint64_t instances(const lab::ServerFarm& farm) {
  return static_cast<uint64_t>(farm.capacity);
}

void count_plans(const lab::Lab& lab, Tallies& counts) {
  for (const auto& [name, farm] : lab.server_farms) {
    const std::string path = path_of_plan(name);
    counts.namespaces.add(path, instances(farm));
    counts.links.add(path, instances(farm));  // the direct path
    // The way back from the stamp, and where forged packets end.
    counts.routes.add(path, instances(farm) * (kRoutesPerExit + 2));
  }
  policy::ServiceEndpoints endpoints(lab);
  for (const auto& [name, site] : lab.sites) {
    const auto farm = lab.server_farms.find(site.server_farm);
    if (farm == lab.server_farms.end()) continue;
    const policy::TrafficRouting routing =
        policy::traffic_routing(site, lab::TrafficClass::kApplication);
    const uint64_t links = routing.integrated ? 2 : 1;
    const uint64_t scope =
        routing.scope == policy::TrafficRouting::Scope::kPrivate
            ? policy::virtual_network_scope(lab, site, endpoints.of(*site.virtual_network_subnet))
                  .size()
            : 0;
    // In the worker: a way of its own to the platform beside the direct path, and what each of its
    // interfaces is for; or what eth0 is left with.
    const uint64_t scoped = kRoutesPerExit + 1 + 2 * scope + 3;
    const uint64_t beside = scope != 0 ? scoped : (routing.integrated ? 2 : 0);
    const std::string path = path_of_plan(site.server_farm);
    counts.namespaces.add(path, instances(farm->second));
    counts.links.add(path, instances(farm->second) * links);
    counts.routes.add(path, instances(farm->second) * (links + 1 + scope + beside));
  }
}

void count_integrations(const lab::Lab& lab, Tallies& counts) {
  std::set<std::pair<std::string, lab::SubnetRef>> joined;  // plan and subnet
  std::set<std::string> left_by_the_stamp;
  for (const auto& [name, site] : lab.sites) {
    const auto farm = lab.server_farms.find(site.server_farm);
    if (farm == lab.server_farms.end() || !site.virtual_network_subnet) continue;
    const lab::SubnetRef& subnet = *site.virtual_network_subnet;
    if (!joined.emplace(site.server_farm, subnet).second) continue;
    const std::string path = path_of_plan(site.server_farm);
    const bool wired = farm->second.interface == lab::IntegrationInterface::kTun;
    counts.links.add(path, instances(farm->second) * (wired ? 2 : 1));
    counts.wires.add(path, wired ? instances(farm->second) : 0);
    // The way out, the endpoint in the network, the way back from the stamp.
    counts.routes.add(path, instances(farm->second) * (kRoutesPerExit + 2));
    if (left_by_the_stamp.insert(subnet.vnet).second)
      counts.links.add(path_of_vnet(subnet.vnet), 1);
  }
}

void count_hosts(const lab::Lab& lab, Tallies& counts) {
  counts.namespaces.add("hosts", lab.hosts.size());
  counts.links.add("hosts", lab.hosts.size());
  counts.routes.add("hosts", lab.hosts.size() * 3);
  // In the Internet, in hosts that have some, and for their answers.
  for (const auto& [prefix, host] : lab::host_prefixes(lab)) {
    counts.routes.add("hosts", host.empty() ? 1 : 2);
  }
}

// Of the classes in use, each with a namespace for every instance; Key Vault with two, where the
// site is integrated, and with a way back from the stamp.
void count_lanes(const lab::Lab& lab, const policy::TrafficInUse& traffic, Tallies& counts) {
  constexpr uint64_t kRoutesPerLane = 2;
  std::set<std::string> asking_key_vault;  // plans
  for (const auto& [name, classes] : traffic) {
    const auto site = lab.sites.find(name);
    if (site == lab.sites.end()) continue;
    const auto farm = lab.server_farms.find(site->second.server_farm);
    if (farm == lab.server_farms.end()) continue;
    const bool key_vault = classes.count(lab::TrafficClass::kKeyVault) != 0;
    const bool twice = key_vault && site->second.virtual_network_subnet.has_value();
    const uint64_t lanes = (classes.size() + (twice ? 1 : 0)) * instances(farm->second);
    const std::string path = "sites." + name;
    counts.namespaces.add(path, lanes);
    counts.links.add(path, lanes);
    counts.routes.add(path, lanes * kRoutesPerLane);
    if (!key_vault || !asking_key_vault.insert(farm->first).second) continue;
    counts.routes.add(path, instances(farm->second));
  }
  if (!asking_key_vault.empty()) counts.routes.add("outboundIpAddresses", 1);
}

// Of sites that something leads to from outside.
void count_fronts(const lab::Lab& lab, Tallies& counts) {
  for (const auto& [name, site] : lab.sites) {
    const auto farm = lab.server_farms.find(site.server_farm);
    const uint64_t inbound = site.inbound_ip_address ? 1 : 0;
    if (farm == lab.server_farms.end()) continue;
    if (inbound == 0 && !lab::has_private_endpoint(lab, name)) continue;
    const std::string path = "sites." + name;
    counts.namespaces.add(path, 1);
    counts.links.add(path, inbound + instances(farm->second));
    counts.routes.add(path, 2 * (inbound + instances(farm->second)));
  }
}

// Where the network lets them on, and where the worker leads.
void count_private_ports(const lab::Lab& lab, Tallies& counts) {
  for (const auto& [name, site] : lab.sites) {
    const auto farm = lab.server_farms.find(site.server_farm);
    if (farm == lab.server_farms.end() || !site.virtual_network_subnet) continue;
    const auto ports = static_cast<uint64_t>(site.vnet_private_ports_count);
    counts.firewall_elements.add("sites." + name, 2 * ports * instances(farm->second));
  }
}

// What service endpoints may lead to.
std::vector<Ipv4Address> receivers(const lab::Lab& lab) {
  std::vector<Ipv4Address> all;
  for (const auto& [name, host] : lab.hosts) {
    if (host.internet() && host.has_address()) all.push_back(host.ip_address);
  }
  for (const auto& [name, service] : lab.services) all.push_back(service.ip_address);
  for (const auto& [name, site] : lab.sites) {
    if (site.inbound_ip_address) all.push_back(*site.inbound_ip_address);
  }
  return all;
}

// Their prefixes in the tables of subnets, and a way from each network to each receiver in them.
void count_service_endpoints(const lab::Lab& lab, Tallies& counts) {
  const std::vector<Ipv4Address> outside = receivers(lab);
  const lab::HostPrefixes prefixes = lab::host_prefixes(lab);
  policy::ServiceEndpoints endpoints(lab);
  for (const auto& [name, vnet] : lab.virtual_networks) {
    const std::string path = path_of_vnet(name);
    std::vector<Ipv4Prefix> led;
    uint64_t tables = 0;
    for (const auto& [subnet_name, subnet] : vnet.subnets) {
      if (subnet.service_endpoints.empty()) continue;
      ++tables;
      for (const policy::EndpointPrefix& each : endpoints.of({name, subnet_name})) {
        counts.routes.add(path + ".subnets", 1);
        led.push_back(each.prefix);
      }
    }
    const AddressSet reached = address_set(led);
    const auto ways = static_cast<uint64_t>(
        std::count_if(outside.begin(), outside.end(),
                      [&](Ipv4Address address) { return reached.contains(address.bits); }));
    counts.links.add(path, ways);
    counts.routes.add(path, ways * (tables + 1));
    counts.firewall_elements.add(path, ways);
    std::set<std::string> hosts;
    for (const auto& [prefix, host] : prefixes) {
      if (host.empty() || reached.intersected(address_set({prefix})).empty()) continue;
      counts.routes.add(path, tables);
      hosts.insert(host);
    }
    counts.links.add(path, hosts.size());
    counts.routes.add(path, hosts.size());
    counts.firewall_elements.add(path, hosts.size());
  }
}

// Of gateways that subnets have.
void count_nat_gateways(const lab::Lab& lab, Tallies& counts) {
  std::set<std::string> used;
  for (const auto& [vnet, network] : lab.virtual_networks) {
    for (const auto& [name, subnet] : network.subnets) {
      if (subnet.nat_gateway) used.insert(*subnet.nat_gateway);
    }
  }
  for (const std::string& name : used) {
    const auto gateway = lab.nat_gateways.find(name);
    if (gateway == lab.nat_gateways.end()) continue;
    const std::string path = "natGateways." + name;
    counts.namespaces.add(path, 1);
    counts.links.add(path, 2);
    // To its network, to the Internet, and from there to its addresses and the one that it has
    // inside.
    counts.routes.add(path, 3 + lab::addresses_of(lab, gateway->second).size());
  }
}

void count_gateways(const lab::Lab& lab, Tallies& counts) {
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    const std::string path = "virtualNetworkGateways." + name;
    counts.namespaces.add(path, 1);
    counts.links.add(path, 1 + gateway.connections.size());
    const auto routes = lab::routes_of(lab, name);
    counts.routes.add(path, 2 + routes.size());
    size_t again = 0;  // for prefixes that another connection has, too
    for (size_t i = 1; i < routes.size(); ++i) again += routes[i].prefix == routes[i - 1].prefix;
    if (again == 0) continue;
    counts.routes.add(path, gateway.connections.size());
    counts.firewall_elements.add(path, routes.size());
  }
  for (const auto& [name, network] : lab.on_premises) {
    const std::string path = "onPremises." + name;
    counts.namespaces.add(path, 1);
    counts.links.add(path, network.internet_address ? 1 : 0);
    counts.routes.add(path, 2);
  }
}

// Routes by which their machines are next hops, and what looks frontends up.
void count_load_balancers(const lab::Lab& lab, Tallies& counts) {
  for (const auto& [name, balancer] : lab.load_balancers) {
    const std::string path = "loadBalancers." + name;
    const uint64_t frontends = balancer.frontend_ip_configurations.size();
    counts.firewall_elements.add(path, frontends);
    for (const auto& [pool_name, pool] : balancer.backend_address_pools) {
      counts.routes.add(path, pool.backend_ip_configurations.size());
    }
  }
}

void count_services(const lab::Lab& lab, Tallies& counts) {
  counts.namespaces.add("services", lab.services.size());
  counts.links.add("services", lab.services.size());
  counts.routes.add("services", lab.services.size() * 2);
  counts.links.add("privateEndpoints", lab.private_endpoints.size());
  counts.routes.add("privateEndpoints", lab.private_endpoints.size() * 2);
  counts.firewall_elements.add("privateEndpoints", lab.private_endpoints.size());
}

// By table; a tag of many prefixes stands in many.
std::map<std::string, uint64_t> user_routes(const lab::Lab& lab) {
  std::map<std::string, uint64_t> tags;
  std::map<std::string, uint64_t> routes;
  for (const auto& [name, table] : lab.route_tables) {
    for (const auto& [route_name, route] : table.routes) {
      const auto [known, added] = tags.try_emplace(route.service_tag, 1);
      if (added && lab.service_tags) {
        const auto tag = lab.service_tags->find(route.service_tag);
        if (tag != lab.service_tags->end()) {
          known->second = to_prefixes(tag->second.addresses).size();
        }
      }
      routes[name] += known->second;
    }
  }
  return routes;
}

void count_networks(const lab::Lab& lab, Tallies& counts) {
  const std::map<std::string, uint64_t> routes = user_routes(lab);
  for (const auto& [name, estimate] : policy::estimate_vnets(lab)) {
    const std::string path = path_of_vnet(name);
    counts.namespaces.add(path, 1);
    counts.links.add(path, 1 + estimate.peerings + estimate.transits);
    counts.routes.add(path, 2 + estimate.transits);
    const uint64_t system = estimate.prefixes + kSystemRoutes;
    for (const auto& [subnet_name, subnet] : lab.virtual_networks.at(name).subnets) {
      const uint64_t tables = lab::answers_past_nat_gateway(lab, {name, subnet_name}) ? 2 : 1;
      counts.routes.add(path + ".subnets", tables * system);
      if (!subnet.route_table) continue;
      const auto own = routes.find(*subnet.route_table);
      if (own != routes.end()) counts.routes.add("routeTables." + own->first, tables * own->second);
    }
  }
}

void count_outside(const lab::Lab& lab, Tallies& counts) {
  counts.namespaces.add("outboundIpAddresses", 2);
  counts.links.add("outboundIpAddresses", 1);
  counts.routes.add("outboundIpAddresses", lab::outbound_addresses(lab).size() + 3);
}

}  // namespace

Tallies tallies_of(const lab::Lab& lab, const policy::TrafficInUse& traffic) {
  Tallies counts;
  count_plans(lab, counts);
  count_integrations(lab, counts);
  count_hosts(lab, counts);
  count_services(lab, counts);
  count_service_endpoints(lab, counts);
  count_fronts(lab, counts);
  count_nat_gateways(lab, counts);
  count_gateways(lab, counts);
  count_load_balancers(lab, counts);
  count_lanes(lab, traffic, counts);
  count_private_ports(lab, counts);
  count_networks(lab, counts);
  count_outside(lab, counts);
  return counts;
}

}  // namespace egress::compile
