// SPDX-License-Identifier: MIT
#pragma once

// Differences of states that have one, and their ops as text.

#include <string>
#include <vector>

#include "state/ops.hpp"

namespace egress::state {

inline ChangeSet changes(const KernelState& desired, const KernelState& observed) {
  return diff(desired, observed).value();
}

inline std::vector<std::string> texts(const ChangeSet& ops) {
  std::vector<std::string> lines;
  for (const Op& op : ops) lines.push_back(to_text(op));
  return lines;
}

}  // namespace egress::state
