// SPDX-License-Identifier: MIT
#include "lab/traffic.hpp"

#include "lab/platform_tasks.hpp"

namespace egress::lab {

const char* name_of(TrafficClass traffic) {
  switch (traffic) {
    case TrafficClass::kApplication: return "application";
    case TrafficClass::kImagePull: return "image-pull";
    case TrafficClass::kContentShare: return "content-share";
    case TrafficClass::kBackupRestore: return "backup-restore";
    case TrafficClass::kManagedIdentity: return "managed-identity";
    case TrafficClass::kKeyVault: return "key-vault";
  }
  return "application";
}

std::map<std::string, std::set<TrafficClass>> traffic_in_use(const Lab& lab) {
  std::map<std::string, std::set<TrafficClass>> in_use;
  for (const auto& [site, tasks] : startup_tasks(lab)) {
    for (const PlatformTask& task : tasks) in_use[site].insert(task.step);
  }
  for (const Expectation& expectation : lab.expectations) {
    if (expectation.traffic == TrafficClass::kApplication) continue;
    in_use[expectation.from].insert(expectation.traffic);
  }
  return in_use;
}

}  // namespace egress::lab
