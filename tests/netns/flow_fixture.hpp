// SPDX-License-Identifier: MIT
#pragma once

// A whole lab in the kernel, and what one of its namespaces tracks.

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "flows/ageing.hpp"
#include "reconcile/pass.hpp"
#include "tests/netns/linux_fixture.hpp"

namespace egress::kernel_tests {

class FlowFixture : public LinuxFixture {
 protected:
  explicit FlowFixture(state::NetnsName netns) : netns_(std::move(netns)) {}

  void reach(const state::KernelState& state) {
    const auto report = reconcile::run(kernel(), state);
    ASSERT_TRUE(report.in_sync());
  }

  std::vector<state::TrackedFlow> tracked() {
    auto flows = flow_table()->list();
    EXPECT_TRUE(flows.ok());
    return *std::move(flows);
  }
  // As the daemon does it when the lab's clock is moved on.
  void age(std::chrono::seconds by) {
    const flows::Aged aged = flows::aged(tracked(), by);
    forget(aged.ended);
    EXPECT_OK(flow_table()->set_timeouts(aged.remaining));
  }
  void forget(const std::vector<state::TrackedFlow>& flows) {
    EXPECT_OK(flow_table()->remove(flows));
  }

 private:
  std::shared_ptr<kernel::FlowTable> flow_table() {
    auto table = kernel().flows(netns_);
    EXPECT_TRUE(table.ok());
    return *std::move(table);
  }

  state::NetnsName netns_{};
};

}  // namespace egress::kernel_tests
