// SPDX-License-Identifier: MIT
#pragma once

// App settings that the platform itself reads. What they hold is an app's own text: one that is no
// value counts as absent.

#include <cstdint>
#include <optional>
#include <string_view>

#include "lab/lab.hpp"

namespace egress::lab {

// A setting that is a number, and its bounds.
struct NumberSetting {
  const char* name = "";
  int least = 0;
  int most = 0;
};

std::optional<int> parse_setting(const NumberSetting& setting, std::string_view text);

// On which of its ports an app takes the requests that come to its front end.
inline constexpr NumberSetting kPortSetting{"WEBSITES_PORT", 1, 65535};
uint16_t port_of_app(const Site& site);

// "https://HOST", the registry of an image that names none.
inline constexpr const char* kRegistrySetting = "DOCKER_REGISTRY_SERVER_URL";
// By what a content share is reached, and its name (azure-facts 2.2.3).
inline constexpr const char* kContentConnectionSetting = "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING";
inline constexpr const char* kContentShareSetting = "WEBSITE_CONTENTSHARE";
// On: the share is not looked for when the app is created.
inline constexpr const char* kSkipShareValidationSetting = "WEBSITE_SKIP_CONTENTSHARE_VALIDATION";

// Whether a value says "1", or "true" in any case.
bool is_on(std::string_view value);

}  // namespace egress::lab
