// SPDX-License-Identifier: MIT
#pragma once

// Time as an argument: a program's main hands one of these to all that asks for the time, and a
// test makes up its own. How long the kernel or another process is waited for is not asked here.

#include <chrono>
#include <functional>

namespace egress {

struct Clock {
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
  // For durations: never set back.
  std::function<std::chrono::steady_clock::time_point()> monotonic = std::chrono::steady_clock::now;
};

}  // namespace egress
