// SPDX-License-Identifier: MIT
#pragma once

// What a status says in numbers, in the text format of Prometheus (exposition format 0.0.4).

#include <string>

#include "inspect/status.hpp"

namespace egress::daemon {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4";
std::string metrics_of(const inspect::StatusReport& status);

}  // namespace egress::daemon
