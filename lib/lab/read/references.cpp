// SPDX-License-Identifier: MIT

#include "lab/check/checks.hpp"
#include "lab/read/resources.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/service_types.hpp"

namespace egress::lab {
namespace {

// Whether `name` is one of `declared`, a set or a map's keys; then it takes that spelling.
template <typename Declared>
bool resolve(std::string& name, const Declared& declared) {
  const auto found = declared.find(name);
  if (found == declared.end()) return false;
  name = name_in(*found);
  return true;
}

template <typename Declared>
void resolve(std::optional<std::string>& name, const Declared& declared) {
  if (name) resolve(*name, declared);
}

void resolve(SubnetRef& ref, const Lab& lab) {
  if (resolve(ref.vnet, lab.virtual_networks)) {
    resolve(ref.subnet, lab.virtual_networks.at(ref.vnet).subnets);
  }
}

void resolve(std::optional<SubnetRef>& ref, const Lab& lab) {
  if (ref) resolve(*ref, lab);
}

// A network, or one of its subnets.
void resolve_scope(std::string& scope, const Lab& lab) {
  const size_t slash = scope.find('/');
  if (slash == std::string::npos) {
    resolve(scope, lab.virtual_networks);
    return;
  }
  SubnetRef subnet{scope.substr(0, slash), scope.substr(slash + 1)};
  resolve(subnet, lab);
  scope = subnet.to_string();
}

// The keys of a map that are references themselves.
template <typename T, typename Declared>
void resolve_keys(Named<T>& map, const Declared& declared) {
  Named<T> resolved;
  for (auto& [key, value] : map) {
    std::string name = key;
    resolve(name, declared);
    resolved.emplace(std::move(name), std::move(value));
  }
  map = std::move(resolved);
}

void resolve_network(VirtualNetwork& vnet, const Lab& lab) {
  resolve(vnet.subscription, lab.subscriptions);
  for (auto& [name, subnet] : vnet.subnets) {
    resolve(subnet.nat_gateway, lab.nat_gateways);
    resolve(subnet.network_security_group, lab.network_security_groups);
    resolve(subnet.route_table, lab.route_tables);
  }
  resolve_keys(vnet.virtual_network_peerings, lab.virtual_networks);
}

void resolve_balancer(LoadBalancer& balancer, const Lab& lab) {
  for (auto& [name, frontend] : balancer.frontend_ip_configurations) resolve(frontend.subnet, lab);
  for (auto& [name, pool] : balancer.backend_address_pools) {
    for (std::string& host : pool.backend_ip_configurations) resolve(host, lab.hosts);
  }
  for (auto& [name, rule] : balancer.load_balancing_rules) {
    resolve(rule.frontend_ip_configuration, balancer.frontend_ip_configurations);
    resolve(rule.backend_address_pool, balancer.backend_address_pools);
  }
}

// A service or a site, and its groups as its type spells them.
void resolve_endpoint(PrivateEndpoint& endpoint, const Lab& lab) {
  resolve(endpoint.subnet, lab);
  if (!resolve(endpoint.private_link_service, lab.services)) {
    resolve(endpoint.private_link_service, lab.sites);
  }
  for (std::string& zone : endpoint.private_dns_zones) resolve(zone, lab.private_dns_zones);
  const auto profile = profile_behind(lab, endpoint);
  if (!profile || profile->type == nullptr) return;
  for (std::string& id : endpoint.group_ids) {
    if (const ServiceGroup* group = profile->type->find(id)) id = group->id;
  }
}

void resolve_services(Lab& lab) {
  for (auto& [name, service] : lab.services) {
    resolve(service.subscription, lab.subscriptions);
    if (!service.network_acls) continue;
    for (SubnetRef& subnet : service.network_acls->virtual_network_rules) resolve(subnet, lab);
  }
  for (auto& [name, zone] : lab.private_dns_zones) {
    resolve_keys(zone.virtual_network_links, lab.virtual_networks);
  }
  for (auto& [name, endpoint] : lab.private_endpoints) resolve_endpoint(endpoint, lab);
  for (auto& [name, certificate] : lab.certificates) {
    if (!resolve(certificate.key_vault, lab.services)) continue;
    resolve(certificate.key_vault_secret_name, lab.services.at(certificate.key_vault).secrets);
  }
}

// "BALANCER/RULE" or "BALANCER/FRONTEND".
std::string resolved_part(const std::string& name, const Lab& lab) {
  const size_t slash = name.find('/');
  const auto found = lab.load_balancers.find(name.substr(0, slash));
  if (slash == std::string::npos || found == lab.load_balancers.end()) return name;
  std::string part = name.substr(slash + 1);
  if (!resolve(part, found->second.load_balancing_rules)) {
    resolve(part, found->second.frontend_ip_configurations);
  }
  return found->first + "/" + part;
}

// "nsg/rule", "table/route", "vnet/peering", "zone/network" and those that begin with a lab's key.
void resolve_decider(std::string& by, const Lab& lab) {
  const size_t slash = by.find('/');
  if (slash == std::string::npos) return;
  const std::string owner = by.substr(0, slash);
  std::string name = by.substr(slash + 1);
  const auto& defaults = default_security_rules();
  const Names default_rules(defaults.begin(), defaults.end());
  const auto group = lab.network_security_groups.find(owner);
  const auto table = lab.route_tables.find(owner);
  const auto vnet = lab.virtual_networks.find(owner);
  const auto zone = lab.private_dns_zones.find(owner);
  if (group != lab.network_security_groups.end() &&
      (resolve(name, group->second.security_rules) || resolve(name, default_rules))) {
    by = group->first + "/" + name;
  } else if (table != lab.route_tables.end() && resolve(name, table->second.routes)) {
    by = table->first + "/" + name;
  } else if (vnet != lab.virtual_networks.end()) {
    resolve(name, vnet->second.virtual_network_peerings);
    by = vnet->first + "/" + name;
  } else if (owner == "privateEndpoints" && resolve(name, lab.private_endpoints)) {
    by = owner + "/" + name;
  } else if (owner == "subscriptions" && resolve(name, lab.subscriptions)) {
    by = owner + "/" + name;
  } else if (owner == "natGateways" && resolve(name, lab.nat_gateways)) {
    by = owner + "/" + name;
  } else if (owner == "gateways" && resolve(name, lab.virtual_network_gateways)) {
    by = owner + "/" + name;
  } else if (owner == "loadBalancers") {
    by = owner + "/" + resolved_part(name, lab);
  } else if (owner == "serviceEndpoints") {
    const auto& known = service_endpoint_names();
    resolve(name, Names(known.begin(), known.end()));
    by = owner + "/" + name;
  } else if (zone != lab.private_dns_zones.end()) {
    resolve(name, zone->second.virtual_network_links);
    by = zone->first + "/" + name;
  }
}

}  // namespace

void resolve_references(Lab& lab) {
  resolve(lab.subscription, lab.subscriptions);
  for (auto& [name, gateway] : lab.nat_gateways) {
    for (auto& address : gateway.public_ip_addresses) resolve(address, lab.public_ip_addresses);
  }
  for (auto& [name, gateway] : lab.virtual_network_gateways) {
    resolve(gateway.virtual_network, lab.virtual_networks);
    resolve_keys(gateway.connections, lab.on_premises);
  }
  for (auto& [name, balancer] : lab.load_balancers) resolve_balancer(balancer, lab);
  for (auto& [name, vnet] : lab.virtual_networks) resolve_network(vnet, lab);
  for (auto& [name, group] : lab.network_security_groups) {
    for (auto& [rule_name, rule] : group.security_rules) {
      for (AddressMatch* match : {&rule.source, &rule.destination}) {
        for (auto& asg : match->application_security_groups) {
          resolve(asg, lab.application_security_groups);
        }
      }
    }
  }
  if (lab.role_assignments) {
    for (RoleAssignment& assignment : *lab.role_assignments) resolve_scope(assignment.scope, lab);
  }
  for (auto& [name, farm] : lab.server_farms) resolve(farm.subscription, lab.subscriptions);
  for (auto& [name, site] : lab.sites) {
    resolve(site.subscription, lab.subscriptions);
    resolve(site.server_farm, lab.server_farms);
    resolve(site.virtual_network_subnet, lab);
  }
  for (auto& [name, host] : lab.hosts) {
    resolve(host.subnet, lab);
    resolve(host.on_premises, lab.on_premises);
    for (auto& asg : host.application_security_groups) {
      resolve(asg, lab.application_security_groups);
    }
  }
  resolve_services(lab);
  for (Expectation& expectation : lab.expectations) {
    resolve(expectation.from, lab.sites);
    resolve(expectation.host, lab.hosts);
    if (expectation.by) resolve_decider(*expectation.by, lab);
  }
}

}  // namespace egress::lab
