// SPDX-License-Identifier: MIT
#pragma once

// Connection tracking whose changes the flow cache notices: what it has learned of a flow that is
// ended or marked counts no more.

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/flow_cache/programs.hpp"
#include "kernel/kernel.hpp"

namespace egress::kernel {

class UncachedFlowTable final : public FlowTable {
 public:
  UncachedFlowTable(std::shared_ptr<FlowTable> table, std::shared_ptr<FlowCachePrograms> programs)
      : table_(std::move(table)), programs_(std::move(programs)) {}

  Result<std::vector<state::TrackedFlow>> list() override { return table_->list(); }
  Result<std::optional<state::TrackedFlow>> find(const state::TrackedFlow& flow) override {
    return table_->find(flow);
  }
  Status remove(const std::vector<state::TrackedFlow>& flows) override {
    const FlowCacheChange change(programs_);
    return table_->remove(flows);
  }
  Status set_timeouts(const std::vector<state::TrackedFlow>& flows) override {
    const FlowCacheChange change(programs_);
    return table_->set_timeouts(flows);
  }
  Status set_marks(const std::vector<state::TrackedFlow>& flows) override {
    const FlowCacheChange change(programs_);
    return table_->set_marks(flows);
  }

 private:
  std::shared_ptr<FlowTable> table_;
  std::shared_ptr<FlowCachePrograms> programs_;
};

}  // namespace egress::kernel
