// SPDX-License-Identifier: MIT
#include "tests/oracle/windows.hpp"

#include "ipam/leases.hpp"

namespace egress::oracle {
namespace {

// Containers need addresses of their own, which a small subnet has not.
bool has_room(const lab::Lab& lab) {
  return ipam::first_addresses(lab).ok();
}

}  // namespace

void draw_windows(lab::Lab& lab, Random& random) {
  for (auto& [name, farm] : lab.server_farms) {
    farm.reserved = !random.chance(25);
    if (farm.reserved || !random.chance(30)) continue;
    farm.hyper_v = true;
    farm.hyper_v = has_room(lab);
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
