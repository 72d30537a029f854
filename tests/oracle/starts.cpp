// SPDX-License-Identifier: MIT
#include "tests/oracle/starts.hpp"

#include <fmt/format.h>

#include "lab/app_settings.hpp"
#include "lab/known_names.hpp"
#include "lab/platform_tasks.hpp"

namespace egress::oracle {

void aim_starts(lab::Lab& lab, Random& random) {
  std::vector<std::string> names;
  for (const std::string& name : lab::known_names(lab)) {
    if (name.find('*') == std::string::npos) names.push_back(name);
  }
  if (names.empty()) return;
  for (auto& entry : lab.sites) {
    lab::Site& site = entry.second;
    const auto aim = [&](const char* setting, const char* form) {
      const auto found = site.app_settings.find(setting);
      if (found == site.app_settings.end() || random.chance(20)) return;
      found->second = fmt::format(fmt::runtime(form), random.pick(names));
    };
    aim("SECRET", "@Microsoft.KeyVault(SecretUri=https://{}/secrets/db)");
    aim(lab::kContentConnectionSetting, "FileEndpoint=https://{}/");
    if (site.linux_fx_version.starts_with("DOCKER|") && random.chance(80)) {
      const int port = random.chance(70) ? 443 : 8080;
      site.linux_fx_version = fmt::format("DOCKER|{}:{}/site:1", random.pick(names), port);
    }
  }
}

std::vector<StartCase> all_starts(const lab::Lab& lab) {
  std::vector<StartCase> starts;
  for (const auto& [site, tasks] : lab::startup_tasks(lab)) {
    const int instances = lab.server_farms.at(lab.sites.at(site).server_farm).capacity;
    for (int i = 0; i < instances; ++i) starts.push_back({{site, i}});
  }
  return starts;
}

}  // namespace egress::oracle
