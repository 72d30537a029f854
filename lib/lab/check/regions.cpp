// SPDX-License-Identifier: MIT

// Regions that Azure does not have, each where it is first said.

#include "lab/schema/regions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/check/checks.hpp"

namespace egress::lab {

void check_regions(const Lab& lab, Checks& checks) {
  const auto& known = azure_regions();
  std::set<std::string> told;
  const auto check = [&](const std::string& path, const std::string& region) {
    if (region.empty() || std::find(known.begin(), known.end(), region) != known.end()) return;
    if (!told.insert(region).second) return;
    checks.warning(path + "location", "unknown-region",
                   fmt::format("'{}' is not one of Azure's regions", shown(region)),
                   checks.wants_suggestions() ? suggestion(region, known) : std::string{});
  };
  check("", lab.location);
  for (const auto& [name, vnet] : lab.virtual_networks) check(vnet_path(name) + ".", vnet.location);
  for (const auto& [name, farm] : lab.server_farms) {
    check("serverFarms." + name + ".", farm.location);
  }
  for (const auto& [name, site] : lab.sites) check("sites." + name + ".", site.location);
  for (const auto& [name, service] : lab.services) {
    check("services." + name + ".", service.location);
  }
}

}  // namespace egress::lab
