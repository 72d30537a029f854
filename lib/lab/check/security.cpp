// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <map>
#include <set>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/service_tags.hpp"

namespace egress::lab {
namespace {

// Which virtual networks the members of each application security group are in.
using GroupNetworks = Named<std::set<std::string>>;

GroupNetworks group_networks(const Lab& lab) {
  GroupNetworks networks;
  for (const std::string& group : lab.application_security_groups) networks[group];
  for (const auto& [name, host] : lab.hosts) {
    if (!host.subnet) continue;
    for (const std::string& group : host.application_security_groups) {
      networks[group].insert(host.subnet->vnet);
    }
  }
  return networks;
}

class GroupCheck {
 public:
  GroupCheck(const std::string& name, const GroupNetworks& networks, Checks& checks)
      : path_("networkSecurityGroups." + name), networks_(networks), checks_(checks) {}

  void check(const NetworkSecurityGroup& group) {
    std::map<std::pair<Direction, int>, std::string> priorities;
    for (const auto& [name, rule] : group.security_rules) {
      const std::string path = path_ + ".securityRules." + name;
      check_rule(path, rule);
      const auto [first, fresh] =
          priorities.emplace(std::pair{rule.direction, rule.priority}, name);
      if (!fresh) {
        const std::string other = path_ + ".securityRules." + first->second;
        const std::string has = fmt::format(" has priority {} already", rule.priority);
        const auto called = [direction = rule.direction](const std::string& each) {
          return fmt::format("{} rule '{}'", name_of(direction), each);
        };
        checks_.clash("priority-duplicate", {path + ".priority", called(first->second), has},
                      {other + ".priority", called(name), has},
                      {path + ".direction", other + ".direction"});
      }
    }
    check_limits(group);
  }

 private:
  void check_rule(const std::string& path, const SecurityRule& rule) {
    if (rule.priority < kMinPriority || rule.priority > kMaxPriority) {
      checks_.error(path + ".priority", "priority-range",
                    fmt::format("priority {} is not from {} to {}", rule.priority, kMinPriority,
                                kMaxPriority));
    }
    if (rule.description.size() > kMaxDescription) {
      checks_.error(path + ".description", "limit",
                    fmt::format("a description has at most {} characters", kMaxDescription));
    }
    check_ports(path + ".sourcePortRanges[0]", path, rule, rule.source_ports);
    check_ports(path + ".destinationPortRanges[0]", path, rule, rule.destination_ports);
    std::set<std::string> networks;
    check_groups(path + ".sourceApplicationSecurityGroups", rule.source, networks);
    check_groups(path + ".destinationApplicationSecurityGroups", rule.destination, networks);
    if (networks.size() > 1) {
      checks_.error(path, "security-group-networks",
                    fmt::format("the application security groups of a rule have members in '{}' "
                                "and '{}': they must be in one virtual network",
                                *networks.begin(), *std::next(networks.begin())),
                    {}, {"hosts"});
    }
  }

  void check_ports(const std::string& path, const std::string& rule_path, const SecurityRule& rule,
                   const PortSet& ports) {
    const bool has_ports = rule.protocol == SecurityRuleProtocol::kTcp ||
                           rule.protocol == SecurityRuleProtocol::kUdp ||
                           rule.protocol == SecurityRuleProtocol::kAny;
    if (has_ports || ports.is_all() || ports.empty()) return;
    checks_.error(path, "protocol-without-ports",
                  fmt::format("{} has no ports", name_of(rule.protocol)), "write \"*\"",
                  {rule_path + ".protocol"});
  }

  void check_groups(const std::string& path, const AddressMatch& match,
                    std::set<std::string>& networks) {
    const auto& groups = match.application_security_groups;
    for (size_t i = 0; i < groups.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", path, i);
      if (!checks_.refers(at, "application security group", groups[i], networks_,
                          "applicationSecurityGroups")) {
        continue;
      }
      const auto& members = networks_.at(groups[i]);
      networks.insert(members.begin(), members.end());
      used_.insert(groups[i]);
    }
    checks_.limit(path, groups.size(), kMaxApplicationSecurityGroupsPerSide,
                  "application security groups", " on a side");
  }

  void check_limits(const NetworkSecurityGroup& group) {
    size_t sources = 0;
    size_t destinations = 0;
    for (const auto& [name, rule] : group.security_rules) {
      sources += rule.source.prefixes.size();
      destinations += rule.destination.prefixes.size();
    }
    const std::string path = path_ + ".securityRules";
    // Emulated all the same: labs that measure need lists larger than Azure takes.
    const auto warn_of_limit = [&](size_t count, const char* what) {
      if (count <= kMaxAddressesPerSide) return;
      checks_.warning(path, "limit",
                      fmt::format("{} {} addresses and ranges in one group, Azure takes {}", count,
                                  what, kMaxAddressesPerSide));
    };
    checks_.limit(path, group.security_rules.size(), kMaxSecurityRules, "rules in one group");
    warn_of_limit(sources, "source");
    warn_of_limit(destinations, "destination");
    checks_.limit(path, used_.size(), kMaxApplicationSecurityGroupsPerGroup,
                  "application security groups in one group");
  }

  std::string path_;
  const GroupNetworks& networks_;
  Checks& checks_;
  std::set<std::string> used_{};
};

class RouteTableCheck {
 public:
  RouteTableCheck(const std::string& name, Checks& checks)
      : path_("routeTables." + name + ".routes"), checks_(checks) {}

  void check(const RouteTable& table) {
    std::map<std::string, std::string> owners;
    size_t tags = 0;
    for (const auto& [name, route] : table.routes) {
      const std::string path = path_ + "." + name;
      check_next_hop(path, route);
      if (route.address_prefix == Ipv4Prefix{{0}, 32}) {
        checks_.warning(path + ".addressPrefix", "route-prefix", "nothing is sent to 0.0.0.0/32",
                        "write 0.0.0.0/0 for every address");
      }
      if (!route.service_tag.empty()) ++tags;
      if (is_built_in_tag(route.service_tag)) {
        checks_.error(path + ".addressPrefix", "route-tag",
                      fmt::format("service tag {} cannot be a route's prefix", route.service_tag));
      }
      const std::string prefix =
          route.address_prefix ? route.address_prefix->to_string() : route.service_tag;
      if (prefix.empty()) continue;
      const auto [first, fresh] = owners.emplace(prefix, name);
      if (!fresh) {
        const std::string has = fmt::format(" has the prefix {} already", prefix);
        checks_.clash("route-duplicate",
                      {path + ".addressPrefix", fmt::format("route '{}'", first->second), has},
                      {fmt::format("{}.{}.addressPrefix", path_, first->second),
                       fmt::format("route '{}'", name), has});
      }
    }
    checks_.limit(path_, table.routes.size(), kMaxRoutes, "routes in one table");
    checks_.limit(path_, tags, kMaxServiceTagRoutes, "routes with a service tag in one table");
  }

 private:
  void check_next_hop(const std::string& path, const Route& route) {
    const bool appliance = route.next_hop_type == NextHopType::kVirtualAppliance;
    if (appliance && !route.next_hop_ip_address) {
      checks_.error(path, "next-hop", "'nextHopIpAddress' is missing",
                    "next hop type VirtualAppliance needs the appliance's address",
                    {path + ".nextHopType", path + ".nextHopIpAddress"});
    } else if (!appliance && route.next_hop_ip_address) {
      checks_.error(path + ".nextHopIpAddress", "next-hop",
                    fmt::format("next hop type {} takes no address", name_of(route.next_hop_type)),
                    "only VirtualAppliance does", {path + ".nextHopType"});
    }
  }

  std::string path_;
  Checks& checks_;
};

}  // namespace

void check_security(const Lab& lab, Checks& checks) {
  const GroupNetworks networks = group_networks(lab);
  for (const auto& [name, group] : lab.network_security_groups) {
    GroupCheck(name, networks, checks).check(group);
  }
  checks.limit("applicationSecurityGroups", lab.application_security_groups.size(),
               kMaxApplicationSecurityGroups, "application security groups");
}

void check_routes(const Lab& lab, Checks& checks) {
  for (const auto& [name, table] : lab.route_tables) RouteTableCheck(name, checks).check(table);
}

}  // namespace egress::lab
