// SPDX-License-Identifier: MIT
#include "tests/oracle/windows.hpp"

#include <algorithm>

#include "ipam/leases.hpp"
#include "lab/platform_tasks.hpp"

namespace egress::oracle {
namespace {

// Containers need addresses of their own, which a small subnet has not. What they look up is kept
// for half a minute whatever their settings say, so those that start with lookups stay out.
bool takes_containers(const lab::Lab& lab, const std::string& plan) {
  const auto tasks = lab::startup_tasks(lab);
  const bool looks_up = std::any_of(lab.sites.begin(), lab.sites.end(), [&](const auto& site) {
    return site.second.server_farm == plan && tasks.contains(site.first);
  });
  return !looks_up && ipam::first_addresses(lab).ok();
}

// Windows keeps answers from one lab to the next, unless it is told not to.
void keep_no_answers(lab::Lab& lab, const std::string& plan) {
  for (auto& [name, site] : lab.sites) {
    if (site.server_farm != plan) continue;
    if (!site.dns_configuration) site.dns_configuration.emplace();
    site.dns_configuration->dns_max_cache_timeout = 0;
  }
}

}  // namespace

void draw_windows(lab::Lab& lab, Random& random) {
  for (auto& [name, farm] : lab.server_farms) {
    farm.reserved = !random.chance(25);
    if (farm.reserved) continue;
    keep_no_answers(lab, name);
    if (!random.chance(30)) continue;
    farm.hyper_v = true;
    farm.hyper_v = takes_containers(lab, name);
  }
}

std::set<std::string> windows_features(const lab::Lab& lab) {
  std::set<std::string> features;
  for (const auto& [name, site] : lab.sites) {
    const lab::ServerFarm& farm = lab.server_farms.at(site.server_farm);
    if (farm.reserved) continue;
    features.insert(farm.hyper_v                  ? "Windows container"
                    : site.virtual_network_subnet ? "Windows app with an integration"
                                                  : "Windows app without one");
  }
  return features;
}

std::string feature_of_sandbox(const policy::Explanation& explanation) {
  if (explanation.decided_by.name != "sandbox") return {};
  return explanation.refused ? "refused by a sandbox" : "not sent by a sandbox";
}

}  // namespace egress::oracle
