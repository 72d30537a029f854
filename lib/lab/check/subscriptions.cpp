// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>

#include "lab/check/checks.hpp"

namespace egress::lab {
namespace {

void check_owner(const std::string& path, const std::string& subscription, const Lab& lab,
                 Checks& checks) {
  if (subscription.empty()) return;
  checks.refers(path + "subscription", "subscription", subscription, lab.subscriptions,
                "subscriptions");
}

// The resources in a map that stands in the lab file under `map`.
template <typename T>
void check_owners(const std::string& map, const Named<T>& resources, const Lab& lab,
                  Checks& checks) {
  for (const auto& [name, resource] : resources) {
    check_owner(fmt::format("{}.{}.", map, name), resource.subscription, lab, checks);
  }
}

// Of a network, or of one of its subnets.
void check_scope(const std::string& path, const std::string& scope, const Lab& lab,
                 Checks& checks) {
  const size_t slash = scope.find('/');
  if (slash == std::string::npos) {
    checks.refers(path, "virtual network", scope, lab.virtual_networks, "virtualNetworks");
  } else {
    checks.refers_to_subnet(path, {scope.substr(0, slash), scope.substr(slash + 1)}, lab);
  }
}

}  // namespace

void check_subscriptions(const Lab& lab, Checks& checks) {
  check_owner({}, lab.subscription, lab, checks);
  check_owners("virtualNetworks", lab.virtual_networks, lab, checks);
  check_owners("services", lab.services, lab, checks);
  check_owners("serverFarms", lab.server_farms, lab, checks);
  check_owners("sites", lab.sites, lab, checks);
}

void check_role_assignments(const Lab& lab, Checks& checks) {
  if (!lab.role_assignments) return;
  for (size_t i = 0; i < lab.role_assignments->size(); ++i) {
    check_scope(fmt::format("roleAssignments[{}].scope", i), (*lab.role_assignments)[i].scope, lab,
                checks);
  }
}

}  // namespace egress::lab
