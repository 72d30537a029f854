// SPDX-License-Identifier: MIT
#include "tests/lifecycle/shrink.hpp"

#include <algorithm>

namespace egress::life {

Steps shrink(Steps steps, const std::function<bool(const Steps&)>& still_shows,
             size_t most_questions) {
  size_t part = std::max<size_t>(1, steps.size() / 2);
  while (part > 0 && most_questions > 0) {
    bool shorter = false;
    for (size_t first = 0; first < steps.size() && most_questions > 0;) {
      Steps without = steps;
      const auto begin = without.begin() + static_cast<std::ptrdiff_t>(first);
      const size_t length = std::min(part, steps.size() - first);
      without.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
      --most_questions;
      if (still_shows(without)) {
        steps = std::move(without);
        shorter = true;
      } else {
        first += part;
      }
    }
    if (part > 1) {
      part /= 2;
    } else if (!shorter) {
      break;
    }
  }
  return steps;
}

}  // namespace egress::life
