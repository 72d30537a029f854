// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "lab/check/checks.hpp"
#include "lab/schema/schema.hpp"

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

void check_name(const std::string& name, const NameRule& rule, const std::string& parent,
                Checks& checks) {
  if (follows(rule, name)) return;
  checks.error_in_name(parent + "." + name,
                       fmt::format("'{}' cannot name {}", shown(name), rule.kind),
                       fmt::format("1 to {} {}", rule.max_length, rule.words));
}

// The names in `resources`, which stand in `property` of the object at `parent`.
template <typename T>
void check_keys(const Named<T>& resources, ObjectType object, const std::string& property,
                const std::string& parent, Checks& checks) {
  const NameRule& rule = schema_of(object).find(property)->names;
  for (const auto& [name, resource] : resources) check_name(name, rule, parent + property, checks);
}

// RFC 1123: labels of letters, digits and hyphens, joined by dots.
bool is_domain_name(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  const NameRule label{.max_length = 63, .inner = "-"};
  for (size_t begin = 0; begin <= name.size();) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    if (!follows(label, name.substr(begin, dot - begin))) return false;
    begin = dot + 1;
  }
  return true;
}

void check_host_names(const Lab& lab, Checks& checks) {
  Named<std::string> owners;
  for (const auto& [name, host] : lab.hosts) owners.emplace(name, name);
  for (const auto& [name, host] : lab.hosts) {
    for (size_t i = 0; i < host.names.size(); ++i) {
      const std::string path = fmt::format("hosts.{}.names[{}]", name, i);
      if (!is_domain_name(host.names[i])) {
        checks.error(path, "name", fmt::format("'{}' is not a host name", shown(host.names[i])),
                     "labels of letters, digits and '-', joined by '.'");
        continue;
      }
      const auto [owner, fresh] = owners.emplace(host.names[i], name);
      if (!fresh) {
        checks.error(
            path, "duplicate-name",
            fmt::format("host '{}' already has the name '{}'", owner->second, host.names[i]), {},
            {fmt::format("hosts.{}.names", owner->second)});
      }
    }
  }
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
  check_top(lab.sites, "sites");
  check_top(lab.hosts, "hosts");
  check_host_names(lab, checks);
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
