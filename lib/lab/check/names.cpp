// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "lab/check/checks.hpp"

namespace egress::lab {
namespace {

struct NameRule {
  std::string kind{};
  size_t max_length = 0;
  std::string inner{};  // besides letters and digits, anywhere but at the ends
  std::string ends{};   // besides letters and digits, first and last as well
  std::string words{};  // the same for people
};

NameRule network_name(std::string kind, size_t max_length = 80) {
  return {std::move(kind), max_length, "_.-", "_",
          "letters, digits, '_', '.' and '-', neither '.' nor '-' first or last"};
}

NameRule label_name(std::string kind, size_t max_length) {
  return {std::move(kind), max_length, "-", "", "letters, digits and '-', no '-' first or last"};
}

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

class NameCheck {
 public:
  NameCheck(Checks& checks, NameRule rule, std::string parent)
      : checks_(checks), rule_(std::move(rule)), parent_(std::move(parent)) {}

  void operator()(const std::string& name) {
    if (!follows(rule_, name)) {
      checks_.error_in_name(parent_ + "." + name,
                            fmt::format("'{}' cannot name {}", shown(name), rule_.kind),
                            fmt::format("1 to {} {}", rule_.max_length, rule_.words));
    }
    const auto [other, fresh] = seen_.emplace(lower_case(name), name);
    if (!fresh) {
      checks_.error_in_name(parent_ + "." + name,
                            fmt::format("'{}' and '{}' differ only in case, which Azure ignores",
                                        other->second, name));
    }
  }

 private:
  Checks& checks_;
  NameRule rule_;
  std::string parent_;
  std::map<std::string, std::string> seen_{};
};

template <typename Map>
void check_keys(Checks& checks, NameRule rule, const std::string& parent, const Map& map) {
  NameCheck check(checks, std::move(rule), parent);
  for (const auto& [name, value] : map) check(name);
}

// RFC 1123: labels of letters, digits and hyphens, joined by dots.
bool is_domain_name(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    if (!follows(label_name({}, 63), name.substr(begin, dot - begin))) return false;
    begin = dot + 1;
  }
  return true;
}

void check_host_names(const Lab& lab, Checks& checks) {
  std::map<std::string, std::string> owners;
  for (const auto& [name, host] : lab.hosts) owners.emplace(lower_case(name), name);
  for (const auto& [name, host] : lab.hosts) {
    for (size_t i = 0; i < host.names.size(); ++i) {
      const std::string path = fmt::format("hosts.{}.names[{}]", name, i);
      if (!is_domain_name(host.names[i])) {
        checks.error(path, "name", fmt::format("'{}' is not a host name", shown(host.names[i])),
                     "labels of letters, digits and '-', joined by '.'");
        continue;
      }
      const auto [owner, fresh] = owners.emplace(lower_case(host.names[i]), name);
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
  check_keys(checks, network_name("a virtual network", 64), "virtualNetworks",
             lab.virtual_networks);
  for (const auto& [name, vnet] : lab.virtual_networks) {
    check_keys(checks, network_name("a subnet"), vnet_path(name) + ".subnets", vnet.subnets);
  }
  check_keys(checks, network_name("a network security group"), "networkSecurityGroups",
             lab.network_security_groups);
  for (const auto& [name, group] : lab.network_security_groups) {
    check_keys(checks, network_name("a security rule"),
               "networkSecurityGroups." + name + ".securityRules", group.security_rules);
  }
  check_keys(checks, network_name("a route table"), "routeTables", lab.route_tables);
  for (const auto& [name, table] : lab.route_tables) {
    check_keys(checks, network_name("a route"), "routeTables." + name + ".routes", table.routes);
  }
  NameCheck check_group(checks, network_name("an application security group"),
                        "applicationSecurityGroups");
  for (const std::string& name : lab.application_security_groups) check_group(name);
  check_keys(checks, label_name("an App Service plan", 40), "serverFarms", lab.server_farms);
  check_keys(checks, label_name("a site", 60), "sites", lab.sites);
  check_keys(checks, label_name("a host", 63), "hosts", lab.hosts);
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
