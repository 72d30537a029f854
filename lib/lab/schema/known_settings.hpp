// SPDX-License-Identifier: MIT
#pragma once

// App settings that Azure itself reads or sets (azure-facts 1, 2 and 8, and Microsoft's reference
// of environment variables). Every other one is the app's own. egressd-lab(5) lists them from here.

#include <string>
#include <vector>

namespace egress::lab {

enum class SettingUse {
  kEmulated,
  kSet,          // by the platform, whatever the app settings say
  kNotEmulated,  // would have an effect on what a network sees
  kNoNetwork,    // has none
};

struct KnownSettingName {
  std::string name{};
  SettingUse use{};
  // Of one that is not emulated, values that say nothing.
  std::vector<std::string> defaults{};
};

const std::vector<KnownSettingName>& known_setting_names();
const KnownSettingName* find_known_setting(const std::string& name);  // null: the app's own

}  // namespace egress::lab
