// SPDX-License-Identifier: MIT
#include "lab/app_settings.hpp"

#include "base/number.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {

std::optional<int> parse_setting(const NumberSetting& setting, std::string_view text) {
  const auto number = parse_number<int>(text);
  return number && *number >= setting.least && *number <= setting.most ? number : std::nullopt;
}

uint16_t port_of_app(const Site& site) {
  constexpr int kDefault = 80;
  const auto setting = site.app_settings.find(kPortSetting.name);
  if (setting == site.app_settings.end()) return kDefault;
  return static_cast<uint16_t>(parse_setting(kPortSetting, setting->second).value_or(kDefault));
}

bool is_on(std::string_view value) {
  return value == "1" || equal_ignoring_case(value, "true");
}

}  // namespace egress::lab
