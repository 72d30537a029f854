// SPDX-License-Identifier: MIT
#include "policy/platform/notes.hpp"

#include <fmt/format.h>

#include "lab/app_settings.hpp"
#include "lab/service_types.hpp"
#include "policy/traffic_routing.hpp"

namespace egress::policy {
namespace {

using lab::PlatformTask;
using lab::TrafficClass;
using Services = lab::Named<const lab::Service*>;

bool skips_validation(const lab::Site& site) {
  const auto setting = site.app_settings.find(lab::kSkipShareValidationSetting);
  return setting != site.app_settings.end() && lab::is_on(setting->second);
}

// azure-facts 2.2.3.
std::string note_of_share(const lab::Site& site, const PlatformTask& task,
                          const Services& services) {
  const auto account = services.find(task.calls.front().host);
  const auto routing = traffic_routing(site, TrafficClass::kContentShare);
  if (routing.scope == TrafficRouting::Scope::kNothing || account == services.end() ||
      !lab::refuses_public_access(*account->second) || skips_validation(site)) {
    return {};
  }
  return fmt::format(
      "Azure checks the share when the app is created, over the public path, which {} refuses: set "
      "{}=1 and name an existing share in {}.",
      account->first, lab::kSkipShareValidationSetting, lab::kContentShareSetting);
}

}  // namespace

std::vector<std::string> platform_notes(const lab::Site& site,
                                        const std::vector<PlatformTask>& tasks,
                                        const Services& services) {
  std::vector<std::string> notes;
  bool starts = true;
  for (const PlatformTask& task : tasks) {
    if (task.step == TrafficClass::kContentShare) {
      if (auto note = note_of_share(site, task, services); !note.empty()) {
        notes.push_back(std::move(note));
      }
    } else if (task.step == TrafficClass::kBackupRestore) {
      starts = false;
      const bool databases = site.backup && !site.backup->databases.empty();
      if (databases && site.virtual_network_subnet) notes.emplace_back(lab::kNoDatabaseBackup);
    }
  }
  if (starts && (lab::are_private(site.logs.application_logs, services) ||
                 lab::are_private(site.logs.http_logs, services))) {
    notes.emplace_back(lab::kNoPrivateLogs);
  }
  return notes;
}

}  // namespace egress::policy
