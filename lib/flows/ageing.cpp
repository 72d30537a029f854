// SPDX-License-Identifier: MIT
#include "flows/ageing.hpp"

namespace egress::flows {

Aged aged(const std::vector<state::TrackedFlow>& flows, std::chrono::seconds by) {
  Aged result;
  for (state::TrackedFlow flow : flows) {
    if (std::chrono::seconds(flow.timeout_seconds) <= by) {
      result.ended.push_back(flow);
    } else {
      flow.timeout_seconds -= static_cast<uint32_t>(by.count());
      result.remaining.push_back(flow);
    }
  }
  return result;
}

}  // namespace egress::flows
