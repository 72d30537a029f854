// SPDX-License-Identifier: MIT
#pragma once

// What an app's instance sends, by whom it is sent and why. Each class has its own switch, which
// decides whether it enters the virtual network (azure-facts 1.1.1, 2.1).

#include <map>
#include <set>
#include <string>

namespace egress::lab {

struct Lab;

enum class TrafficClass {
  kApplication,  // by the app's own code; all others by the platform on its behalf
  kImagePull,
  kContentShare,
  kBackupRestore,
  kManagedIdentity,
  kKeyVault
};
const char* name_of(TrafficClass traffic);  // "image-pull"

// By site, without those of no class but the application's: the classes that the start of the site
// needs (lab/platform_tasks.hpp) and those that expectations ask about.
std::map<std::string, std::set<TrafficClass>> traffic_in_use(const Lab& lab);

}  // namespace egress::lab
