// SPDX-License-Identifier: MIT
#include "wire/recent_flows.hpp"

namespace egress::wire {

void RecentFlows::add(const FlowKey& flow) {
  FlowKey& place = last_[added_ % last_.size()];
  if (added_ >= last_.size()) {
    const auto before = numbers_.find(place);
    if (before != numbers_.end() && before->second == added_ - last_.size()) numbers_.erase(before);
  }
  place = flow;
  numbers_[flow] = added_++;
}

bool RecentFlows::take(const FlowKey& flow) {
  return numbers_.erase(flow) != 0;
}

void RecentFlows::clear() {
  numbers_.clear();
}

}  // namespace egress::wire
