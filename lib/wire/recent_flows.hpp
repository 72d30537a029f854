// SPDX-License-Identifier: MIT
#pragma once

// The flows of which a network has told lately that they began there, each to be asked for once.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "wire/packet.hpp"

namespace egress::wire {

class RecentFlows {
 public:
  explicit RecentFlows(size_t most) : last_(most) {}

  // The one that was added first gives way where there are too many.
  void add(const FlowKey& flow);
  bool take(const FlowKey& flow);  // and forgets it; whether it was there
  void clear();

 private:
  struct Hash {
    size_t operator()(const FlowKey& flow) const { return hash_of(flow); }
  };

  std::vector<FlowKey> last_;  // a ring
  uint64_t added_ = 0;
  std::unordered_map<FlowKey, uint64_t, Hash> numbers_{};  // which of the added it was
};

}  // namespace egress::wire
