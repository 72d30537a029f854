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

}  // namespace

void check_subscriptions(const Lab& lab, Checks& checks) {
  check_owner({}, lab.subscription, lab, checks);
  check_owners("virtualNetworks", lab.virtual_networks, lab, checks);
  check_owners("services", lab.services, lab, checks);
  check_owners("serverFarms", lab.server_farms, lab, checks);
  check_owners("sites", lab.sites, lab, checks);
}

}  // namespace egress::lab
