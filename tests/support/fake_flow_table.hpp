// SPDX-License-Identifier: MIT
#pragma once

// Connection tracking as a list, which takes flows for done that it does not have.

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include "kernel/kernel.hpp"

namespace egress::testing_support {

class FakeFlowTable final : public kernel::FlowTable {
 public:
  Result<std::vector<state::TrackedFlow>> list() override {
    if (fault) return *fault;
    return flows;
  }
  Result<std::optional<state::TrackedFlow>> find(const state::TrackedFlow& wanted) override {
    const auto found = std::find_if(flows.begin(), flows.end(), [&](const auto& flow) {
      return has_tuple(flow, wanted) || has_tuple(reply_of(flow), wanted);
    });
    if (found == flows.end()) return std::optional<state::TrackedFlow>();
    return std::optional(*found);
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
  static bool has_tuple(const state::TrackedFlow& flow, const state::TrackedFlow& wanted) {
    const auto tuple = [](const state::TrackedFlow& each) {
      return std::tuple(each.protocol, each.source, each.destination, each.source_port,
                        each.destination_port, each.zone);
    };
    return tuple(flow) == tuple(wanted);
  }
  static state::TrackedFlow reply_of(const state::TrackedFlow& flow) {
    return {.protocol = flow.protocol,
            .source = flow.destination,
            .destination = flow.reply_destination,
            .source_port = flow.destination_port,
            .destination_port = flow.reply_destination_port,
            .zone = flow.zone};
  }
  static bool same_key(state::TrackedFlow one, const state::TrackedFlow& other) {
    one.mark = other.mark;
    one.timeout_seconds = other.timeout_seconds;
    return one == other;
  }
};

}  // namespace egress::testing_support
