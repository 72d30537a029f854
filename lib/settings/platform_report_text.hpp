// SPDX-License-Identifier: MIT
#pragma once

// What became of a start as the text that is stored. It holds no value of a secret, as reports hold
// none.

#include <string>

#include "base/result.hpp"
#include "policy/platform/report.hpp"

namespace egress::settings {

std::string to_text(const policy::PlatformReport& report);
// kInvalid says what is wrong with the text.
Result<policy::PlatformReport> parse_platform_report(const std::string& text);

}  // namespace egress::settings
