// SPDX-License-Identifier: MIT
#include <utility>

#include "tests/oracle/parts.hpp"

namespace egress::oracle {
namespace {

using lab::Lab;

// The limits of the names (azure-facts 3.1, lab/check_names.cpp).
constexpr size_t kVnet = 64;
constexpr size_t kNetwork = 80;  // subnets, groups, rules, tables, routes
constexpr size_t kPlan = 40;
constexpr size_t kSite = 60;
constexpr size_t kHost = 63;

// As long as may be, told from others by its last letters alone.
std::string lengthened(const std::string& name, size_t length) {
  std::string head;
  while (head.size() + name.size() + 1 < length) head += "as-long-as-names-may-be-";
  head.resize(length - name.size() - 1);
  if (head.back() == '-') head.back() = 'x';
  return head + "-" + name;
}

template <typename T>
void rename_all(lab::Named<T>& things, size_t length) {
  lab::Named<T> renamed;
  for (auto& [name, thing] : things) renamed[lengthened(name, length)] = std::move(thing);
  things = std::move(renamed);
}

void rename(std::optional<std::string>& reference, size_t length) {
  if (reference) reference = lengthened(*reference, length);
}

void rename(std::optional<lab::SubnetRef>& reference) {
  if (!reference) return;
  reference = {lengthened(reference->vnet, kVnet), lengthened(reference->subnet, kNetwork)};
}

void rename(std::vector<std::string>& groups) {
  for (std::string& group : groups) group = lengthened(group, kNetwork);
}

}  // namespace

Lab with_long_names(Lab lab) {
  rename_all(lab.virtual_networks, kVnet);
  for (auto& [name, vnet] : lab.virtual_networks) {
    rename_all(vnet.virtual_network_peerings, kVnet);
    rename_all(vnet.subnets, kNetwork);
    for (auto& [subnet_name, subnet] : vnet.subnets) {
      rename(subnet.network_security_group, kNetwork);
      rename(subnet.route_table, kNetwork);
    }
  }
  rename_all(lab.network_security_groups, kNetwork);
  for (auto& [name, group] : lab.network_security_groups) {
    rename_all(group.security_rules, kNetwork);
    for (auto& [rule_name, rule] : group.security_rules) {
      rename(rule.source.application_security_groups);
      rename(rule.destination.application_security_groups);
    }
  }
  rename_all(lab.route_tables, kNetwork);
  for (auto& [name, table] : lab.route_tables) rename_all(table.routes, kNetwork);
  std::vector<std::string> groups(lab.application_security_groups.begin(),
                                  lab.application_security_groups.end());
  rename(groups);
  lab.application_security_groups = {groups.begin(), groups.end()};
  rename_all(lab.server_farms, kPlan);
  rename_all(lab.sites, kSite);
  for (auto& [name, site] : lab.sites) {
    site.server_farm = lengthened(site.server_farm, kPlan);
    rename(site.virtual_network_subnet);
  }
  rename_all(lab.hosts, kHost);
  for (auto& [name, host] : lab.hosts) {
    rename(host.subnet);
    rename(host.application_security_groups);
  }
  return lab;
}

}  // namespace egress::oracle
