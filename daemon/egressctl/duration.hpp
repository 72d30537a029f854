// SPDX-License-Identifier: MIT
#pragma once

// Durations that commands take (base/duration.hpp).

#include <chrono>
#include <string>

#include "base/duration.hpp"

namespace egress::ctl {

// kInvalid for what is none, and for none at all ("0s").
Result<std::chrono::seconds> parse_duration(const std::string& text);

}  // namespace egress::ctl
