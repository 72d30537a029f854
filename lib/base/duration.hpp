// SPDX-License-Identifier: MIT
#pragma once

// Durations as people type and read them: "90s", "4m", "1h30m", "2d".

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace egress {

// kInvalid for what is none, or longer than 68 years.
Result<std::chrono::seconds> parse_duration(std::string_view text);
std::string duration_text(std::chrono::seconds duration);

}  // namespace egress
