// SPDX-License-Identifier: MIT
#pragma once

// Results of `egressctl test` in the two forms that CI systems read: TAP version 13 and JUnit XML.

#include <string>

#include "egressctl/json_access.hpp"

namespace egress::ctl {

struct TestCounts {
  size_t total = 0;
  size_t failed = 0;
};
TestCounts count_results(const Json& results);

// `results` is {"results": […]} of the control interface; `file` is the lab file's name.
std::string render_tap(const Json& results, const std::string& file);
std::string render_junit(const Json& results, const std::string& file);

}  // namespace egress::ctl
