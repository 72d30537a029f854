// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <cctype>

#include "lab/check/checks.hpp"
#include "lab/domain_name.hpp"
#include "lab/schema/schema.hpp"
#include "lab/service_types.hpp"
#include "lab/slots.hpp"

namespace egress::lab {
namespace {

bool is_alphanumeric(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && std::isalnum(byte) != 0;
}

bool follows(const NameRule& rule, const std::string& name) {
  if (name.empty() || name.size() > rule.max_length) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool at_end = i == 0 || i + 1 == name.size();
    const std::string& others = at_end ? rule.ends : rule.inner;
    if (!is_alphanumeric(name[i]) && others.find(name[i]) == std::string::npos) return false;
  }
  return true;
}

// " for its '_'", which is part of no host's name in Azure either.
std::string reason_against(const NameRule& rule, const std::string& name) {
  const bool underscore = name.find('_') != std::string::npos;
  return underscore && rule.inner.find('_') == std::string::npos ? " for its '_'" : "";
}

void check_name(const std::string& name, const NameRule& rule, const std::string& parent,
                Checks& checks) {
  if (follows(rule, name)) return;
  checks.error_in_name(
      parent + "." + name,
      fmt::format("'{}' cannot name {}{}", shown(name), rule.kind, reason_against(rule, name)),
      fmt::format("1 to {} {}", rule.max_length, rule.words));
}

// The names in `resources`, which stand in `property` of the object at `parent`.
template <typename T>
void check_keys(const Named<T>& resources, ObjectType object, const std::string& property,
                const std::string& parent, Checks& checks) {
  const NameRule& rule = schema_of(object).find(property)->names;
  for (const auto& [name, resource] : resources) check_name(name, rule, parent + property, checks);
}

struct NameOwner {
  std::string text{};  // "host 'sql'"
  std::string path{};
  Ipv4Address address{};
};

// Public names have one owner. Bare names are those of hosts alone.
class NameSpace {
 public:
  explicit NameSpace(Checks& checks) : checks_(checks) {}

  // With a finding at `path` when somebody else has it.
  void claim(const std::string& name, const NameOwner& owner, const std::string& path) {
    const auto [before, fresh] = owners_.emplace(name, owner);
    if (fresh) return;
    checks_.error(path, "duplicate-name",
                  fmt::format("{} already has the name '{}'", before->second.text, name), {},
                  {before->second.path});
  }

  void check_records(const RecordSets& sets) {
    for (const auto& [name, set] : sets) {
      const auto owner = owners_.find(name);
      if (owner == owners_.end() || set.a == std::vector{owner->second.address}) continue;
      checks_.warning(
          "publicDns.recordSets." + name, "name-shadowed",
          fmt::format("'{}' is also a name of {}: the record decides", name, owner->second.text),
          {}, {owner->second.path});
    }
  }

 private:
  Checks& checks_;
  Named<NameOwner> owners_{};
};

void claim_host_names(const std::string& name, const Host& host, NameSpace& names, Checks& checks) {
  const std::string at = "hosts." + name;
  for (size_t i = 0; i < host.names.size(); ++i) {
    const std::string path = fmt::format("{}.names[{}]", at, i);
    if (is_host_name(host.names[i])) {
      names.claim(host.names[i], {fmt::format("host '{}'", name), at, host.ip_address}, path);
    } else {
      checks.error(path, "name", fmt::format("'{}' is not a host name", shown(host.names[i])),
                   "labels of letters, digits and '-', joined by '.'");
    }
  }
}

// That of a slot is part of its app's host name.
void check_site_names(const Lab& lab, Checks& checks) {
  const NameRule& of_sites = schema_of(ObjectType::kLab).find("sites")->names;
  const NameRule& of_slots = schema_of(ObjectType::kSite).find("slots")->names;
  for (const auto& [name, site] : lab.sites) {
    if (site.slot_of.empty()) {
      check_name(name, of_sites, "sites", checks);
      continue;
    }
    const std::string slot = slot_name(name, site);
    check_name(slot, of_slots, "sites." + site.slot_of + ".slots", checks);
    if (!follows(of_slots, slot) || name.size() <= of_sites.max_length) continue;
    checks.error_in_name(
        "sites." + name,
        fmt::format("the slot would be called '{}', {} characters", shown(name), name.size()),
        fmt::format("{} together with the app's name and '-'", of_sites.max_length));
  }
}

void check_public_names(const Lab& lab, Checks& checks) {
  NameSpace names(checks);
  for (const auto& [name, host] : lab.hosts) {
    if (!host.has_address()) continue;
    const std::string path = "hosts." + name;
    names.claim(name, {fmt::format("host '{}'", name), path, host.ip_address}, path);
  }
  for (const auto& [name, host] : lab.hosts) claim_host_names(name, host, names, checks);
  for (const auto& [name, service] : lab.services) {
    const std::string path = "services." + name;
    const NameOwner owner{fmt::format("service '{}'", name), path, service.ip_address};
    const ServiceProfile profile = profile_of(name, service);
    for (size_t i = 0; i < profile.names.size(); ++i) {
      names.claim(profile.names[i].name, owner,
                  service.names.empty() ? path : fmt::format("{}.names[{}]", path, i));
    }
  }
  for (const auto& [name, site] : lab.sites) {
    const std::string path = "sites." + name;
    const NameOwner owner{fmt::format("site '{}'", name), path,
                          site.inbound_ip_address.value_or(kDefaultInboundAddress)};
    for (const PublicName& own : profile_of_site(name, lab).names) {
      names.claim(own.name, owner, path);
    }
  }
  names.check_records(lab.public_dns.record_sets);
}

}  // namespace

void check_names(const Lab& lab, Checks& checks) {
  const auto check_top = [&](const auto& resources, const std::string& property) {
    check_keys(resources, ObjectType::kLab, property, "", checks);
  };
  check_top(lab.virtual_networks, "virtualNetworks");
  for (const auto& [name, vnet] : lab.virtual_networks) {
    check_keys(vnet.subnets, ObjectType::kVirtualNetwork, "subnets", vnet_path(name) + ".", checks);
  }
  check_top(lab.network_security_groups, "networkSecurityGroups");
  for (const auto& [name, group] : lab.network_security_groups) {
    check_keys(group.security_rules, ObjectType::kNetworkSecurityGroup, "securityRules",
               "networkSecurityGroups." + name + ".", checks);
  }
  check_top(lab.route_tables, "routeTables");
  for (const auto& [name, table] : lab.route_tables) {
    check_keys(table.routes, ObjectType::kRouteTable, "routes", "routeTables." + name + ".",
               checks);
  }
  const std::string groups = "applicationSecurityGroups";
  for (const std::string& name : lab.application_security_groups) {
    check_name(name, schema_of(ObjectType::kLab).find(groups)->names, groups, checks);
  }
  check_top(lab.server_farms, "serverFarms");
  check_site_names(lab, checks);
  check_top(lab.hosts, "hosts");
  check_top(lab.services, "services");
  for (const auto& [name, host] : lab.hosts) {
    check_keys(host.network_rules, ObjectType::kHost, "networkRules", "hosts." + name + ".",
               checks);
  }
  for (const auto& [name, service] : lab.services) {
    check_keys(service.secrets, ObjectType::kService, "secrets", "services." + name + ".", checks);
  }
  check_top(lab.private_endpoints, "privateEndpoints");
  check_top(lab.subscriptions, "subscriptions");
  check_top(lab.public_ip_addresses, "publicIPAddresses");
  check_top(lab.nat_gateways, "natGateways");
  check_top(lab.virtual_network_gateways, "virtualNetworkGateways");
  check_top(lab.on_premises, "onPremises");
  check_top(lab.load_balancers, "loadBalancers");
  for (const auto& [name, balancer] : lab.load_balancers) {
    const std::string path = "loadBalancers." + name + ".";
    check_keys(balancer.frontend_ip_configurations, ObjectType::kLoadBalancer,
               "frontendIPConfigurations", path, checks);
    check_keys(balancer.backend_address_pools, ObjectType::kLoadBalancer, "backendAddressPools",
               path, checks);
    check_keys(balancer.load_balancing_rules, ObjectType::kLoadBalancer, "loadBalancingRules", path,
               checks);
  }
  check_top(lab.certificates, "certificates");
  check_public_names(lab, checks);
  for (const auto& [name, site] : lab.sites) {
    for (const auto& [setting, value] : site.app_settings) {
      if (setting.empty() || setting.find_first_of(std::string("=\0", 2)) != std::string::npos) {
        checks.error_in_name("sites." + name + ".appSettings." + setting,
                             fmt::format("'{}' cannot name an app setting", shown(setting)),
                             "it becomes an environment variable: not empty, no '='");
      }
    }
  }
}

}  // namespace egress::lab
