// SPDX-License-Identifier: MIT
#pragma once

// The one way in which tests wait for what comes in its own time.

#include <poll.h>

#include <chrono>

namespace egress::testing_support {

// Only what hangs takes so long.
inline constexpr std::chrono::seconds kHang{120};

// Asks `condition` again and again until it holds or kHang has passed; returns whether it held.
template <typename Condition>
[[nodiscard]] bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kHang;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace egress::testing_support
