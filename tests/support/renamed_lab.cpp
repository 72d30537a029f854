// SPDX-License-Identifier: MIT
#include "tests/support/renamed_lab.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "lab/document.hpp"
#include "lab/key_path.hpp"

namespace egress::testing_support {
namespace {

// Told from others by the last letters alone. The hyphen keeps names apart that differ in letters
// at their start alone.
std::string at_length(size_t length, const std::string& name) {
  const size_t missing = length - name.size();
  if (missing < 2) return std::string(missing, 'n') + name;
  std::string head;
  while (head.size() < missing) head += "as-long-as-names-may-be-";
  head.resize(missing - 1);
  if (head.back() == '-') head.back() = 'x';
  return head + "-" + name;
}

std::string network_name(const std::string& name) {
  return at_length(64, name);
}
// Of network rules, public IP addresses, NAT gateways, certificates, private endpoints, subnets,
// security groups and rules, route tables and routes, application security groups.
std::string part_name(const std::string& name) {
  return at_length(80, name);
}
// Of networks on-premises, too.
std::string plan_name(const std::string& name) {
  return at_length(40, name);
}
std::string site_name(const std::string& name) {
  return at_length(60, name);
}
// Of services, too.
std::string host_name(const std::string& name) {
  return at_length(63, name);
}

template <typename Value>
lab::Named<Value> with_keys(std::string (*rename)(const std::string&),
                            const lab::Named<Value>& map) {
  lab::Named<Value> renamed;
  for (const auto& [name, value] : map) renamed.emplace(rename(name), value);
  return renamed;
}

void rename_all(std::string (*rename)(const std::string&), std::vector<std::string>& names) {
  for (std::string& name : names) name = rename(name);
}

// A gateway's subnet is known by its name.
std::string subnet_name(const std::string& name) {
  return name == lab::kGatewaySubnet ? name : part_name(name);
}

void rename(lab::SubnetRef& ref) {
  ref = {network_name(ref.vnet), subnet_name(ref.subnet)};
}
void rename(std::optional<lab::SubnetRef>& ref) {
  if (ref) rename(*ref);
}

// Of services, of the endpoints that lead there and of the networks that zones are linked with.
void rename_services(lab::Lab& lab) {
  lab::Named<lab::PrivateEndpoint> endpoints = with_keys(part_name, lab.private_endpoints);
  for (auto& [name, endpoint] : endpoints) {
    const bool service = lab.services.contains(endpoint.private_link_service);
    rename(endpoint.subnet);
    endpoint.private_link_service = service ? host_name(endpoint.private_link_service)
                                            : site_name(endpoint.private_link_service);
  }
  lab.private_endpoints = std::move(endpoints);
  lab.services = with_keys(host_name, lab.services);
  for (auto& [name, service] : lab.services) {
    if (!service.network_acls) continue;
    for (lab::SubnetRef& subnet : service.network_acls->virtual_network_rules) rename(subnet);
  }
  for (auto& [name, zone] : lab.private_dns_zones) {
    zone.virtual_network_links = with_keys(network_name, zone.virtual_network_links);
  }
}

void rename_contents(lab::VirtualNetwork& vnet) {
  vnet.subnets = with_keys(subnet_name, vnet.subnets);
  vnet.virtual_network_peerings = with_keys(network_name, vnet.virtual_network_peerings);
  for (auto& [name, subnet] : vnet.subnets) {
    if (subnet.network_security_group) {
      subnet.network_security_group = part_name(*subnet.network_security_group);
    }
    if (subnet.route_table) subnet.route_table = part_name(*subnet.route_table);
    if (subnet.nat_gateway) subnet.nat_gateway = part_name(*subnet.nat_gateway);
  }
}

// Of what translates, and of subscriptions, which are called as networks are.
void rename_owners(lab::Lab& lab) {
  const auto rename_owner = [](std::string& subscription) {
    if (!subscription.empty()) subscription = network_name(subscription);
  };
  lab.subscriptions = with_keys(network_name, lab.subscriptions);
  rename_owner(lab.subscription);
  for (auto& [name, vnet] : lab.virtual_networks) rename_owner(vnet.subscription);
  for (auto& [name, service] : lab.services) rename_owner(service.subscription);
  for (auto& [name, farm] : lab.server_farms) rename_owner(farm.subscription);
  for (auto& [name, site] : lab.sites) rename_owner(site.subscription);
  lab.public_ip_addresses = with_keys(part_name, lab.public_ip_addresses);
  lab.nat_gateways = with_keys(part_name, lab.nat_gateways);
  for (auto& [name, gateway] : lab.nat_gateways) rename_all(part_name, gateway.public_ip_addresses);
  lab.certificates = with_keys(part_name, lab.certificates);
  for (auto& [name, certificate] : lab.certificates) {
    certificate.key_vault = host_name(certificate.key_vault);
  }
}

void rename_gateways(lab::Lab& lab) {
  lab.on_premises = with_keys(plan_name, lab.on_premises);
  lab.virtual_network_gateways = with_keys(part_name, lab.virtual_network_gateways);
  for (auto& [name, gateway] : lab.virtual_network_gateways) {
    gateway.virtual_network = network_name(gateway.virtual_network);
    gateway.connections = with_keys(plan_name, gateway.connections);
  }
  for (auto& [name, host] : lab.hosts) {
    if (host.on_premises) host.on_premises = plan_name(*host.on_premises);
  }
}

// The hosts of their pools are called as all hosts are.
void rename_load_balancers(lab::Lab& lab) {
  lab.load_balancers = with_keys(part_name, lab.load_balancers);
  for (auto& [name, balancer] : lab.load_balancers) {
    balancer.frontend_ip_configurations = with_keys(part_name, balancer.frontend_ip_configurations);
    balancer.backend_address_pools = with_keys(part_name, balancer.backend_address_pools);
    balancer.load_balancing_rules = with_keys(part_name, balancer.load_balancing_rules);
    for (auto& [frontend, configuration] : balancer.frontend_ip_configurations) {
      rename(configuration.subnet);
    }
    for (auto& [pool_name, pool] : balancer.backend_address_pools) {
      rename_all(host_name, pool.backend_ip_configurations);
    }
    for (auto& [rule_name, rule] : balancer.load_balancing_rules) {
      rule.frontend_ip_configuration = part_name(rule.frontend_ip_configuration);
      rule.backend_address_pool = part_name(rule.backend_address_pool);
    }
  }
}

void rename_scopes(lab::Lab& lab) {
  for (lab::RoleAssignment& assignment : *lab.role_assignments) {
    const size_t slash = assignment.scope.find('/');
    const std::string vnet = network_name(assignment.scope.substr(0, slash));
    assignment.scope = slash == std::string::npos
                           ? vnet
                           : vnet + "/" + part_name(assignment.scope.substr(slash + 1));
  }
}

// Paths through the maps whose names they hold; `before` is the lab under its old names.
void rename_paths(std::vector<lab::NotEmulated>& properties, const lab::Lab& before) {
  const std::map<std::string, std::string (*)(const std::string&)> maps{
      {"virtualNetworks", network_name},
      {"virtualNetworkPeerings", network_name},
      {"subnets", subnet_name},
      {"networkSecurityGroups", part_name},
      {"routeTables", part_name},
      {"serverFarms", plan_name},
      {"sites", site_name}};
  const lab::Document document = lab::document_of(before);
  for (lab::NotEmulated& property : properties) {
    std::vector<std::string> keys = lab::place_at(document, property.path).keys;
    for (size_t i = 1; i < keys.size(); ++i) {
      if (const auto map = maps.find(keys[i - 1]); map != maps.end())
        keys[i] = map->second(keys[i]);
    }
    property.path = fmt::format("{}", fmt::join(keys, "."));
  }
  std::sort(properties.begin(), properties.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
}

}  // namespace

lab::Lab with_longest_names(const lab::Lab& lab) {
  lab::Lab renamed = lab;
  renamed.virtual_networks = with_keys(network_name, lab.virtual_networks);
  for (auto& [name, vnet] : renamed.virtual_networks) rename_contents(vnet);
  renamed.network_security_groups = with_keys(part_name, lab.network_security_groups);
  for (auto& [name, group] : renamed.network_security_groups) {
    group.security_rules = with_keys(part_name, group.security_rules);
    for (auto& [rule_name, rule] : group.security_rules) {
      rename_all(part_name, rule.source.application_security_groups);
      rename_all(part_name, rule.destination.application_security_groups);
    }
  }
  renamed.route_tables = with_keys(part_name, lab.route_tables);
  for (auto& [name, table] : renamed.route_tables)
    table.routes = with_keys(part_name, table.routes);
  renamed.application_security_groups.clear();
  for (const std::string& name : lab.application_security_groups) {
    renamed.application_security_groups.insert(part_name(name));
  }
  renamed.server_farms = with_keys(plan_name, lab.server_farms);
  renamed.sites = with_keys(site_name, lab.sites);
  for (auto& [name, site] : renamed.sites) {
    site.slot_of.clear();  // its name would have to begin with that of its app
    site.server_farm = plan_name(site.server_farm);
    rename(site.virtual_network_subnet);
  }
  renamed.hosts = with_keys(host_name, lab.hosts);
  for (auto& [name, host] : renamed.hosts) {
    rename(host.subnet);
    rename_all(part_name, host.application_security_groups);
    if (host.network_security_group) {
      host.network_security_group = part_name(*host.network_security_group);
    }
    if (host.public_ip_address && lab.public_ip_addresses.contains(*host.public_ip_address)) {
      host.public_ip_address = part_name(*host.public_ip_address);
    }
    host.network_rules = with_keys(part_name, host.network_rules);
  }
  rename_services(renamed);
  rename_owners(renamed);
  rename_gateways(renamed);
  rename_load_balancers(renamed);
  if (renamed.role_assignments) rename_scopes(renamed);
  rename_paths(renamed.not_emulated, lab);
  renamed.expectations.clear();
  return renamed;
}

}  // namespace egress::testing_support
