// SPDX-License-Identifier: MIT
#pragma once

// Connection tracking as a list, which takes flows for done that it does not have.

#include <algorithm>
#include <optional>
#include <vector>

#include "kernel/kernel.hpp"

namespace egress::testing_support {

class FakeFlowTable final : public kernel::FlowTable {
 public:
  Result<std::vector<state::TrackedFlow>> list() override {
    if (fault) return *fault;
    return flows;
  }
  Status remove(const std::vector<state::TrackedFlow>& gone) override {
    std::erase_if(flows, [&](const state::TrackedFlow& flow) {
      return std::any_of(gone.begin(), gone.end(),
                         [&](const auto& each) { return same_key(flow, each); });
    });
    return {};
  }
  Status set_timeouts(const std::vector<state::TrackedFlow>& changed) override {
    for (const state::TrackedFlow& each : changed) {
      for (state::TrackedFlow& flow : flows) {
        if (same_key(flow, each)) flow.timeout_seconds = each.timeout_seconds;
      }
    }
    return {};
  }
  Status set_marks(const std::vector<state::TrackedFlow>& changed) override {
    for (const state::TrackedFlow& each : changed) {
      for (state::TrackedFlow& flow : flows) {
        if (same_key(flow, each)) flow.mark = each.mark;
      }
    }
    return {};
  }

  std::vector<state::TrackedFlow> flows{};
  std::optional<Error> fault{};  // of list()

 private:
  static bool same_key(state::TrackedFlow one, const state::TrackedFlow& other) {
    one.mark = other.mark;
    one.timeout_seconds = other.timeout_seconds;
    return one == other;
  }
};

}  // namespace egress::testing_support
