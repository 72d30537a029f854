// SPDX-License-Identifier: MIT
#pragma once

// One expectation against what was found: empty when it holds, else what differs, for people.

#include <string>
#include <vector>

#include "policy/explain.hpp"
#include "policy/platform/report.hpp"

namespace egress::policy {

// Of one about a flow.
std::vector<std::string> mismatches(const lab::Expectation& expectation, const Explanation& got);
// Of one about a name. A time-out is what the app waits for, whether or not a server says SERVFAIL
// in the end.
std::vector<std::string> mismatches(const lab::Expectation& expectation, const Resolution& got);
// Of one about a start.
std::vector<std::string> mismatches(const lab::Expectation& expectation, const PlatformReport& got);

}  // namespace egress::policy
