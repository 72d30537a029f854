// SPDX-License-Identifier: MIT
#pragma once

// The provider of processes.

#include "kernel/held_netns.hpp"
#include "kernel/process/processes.hpp"
#include "kernel/provider.hpp"

namespace egress::kernel {

class ProcessProvider final : public Provider {
 public:
  ProcessProvider(HeldNetns& held, Processes processes)
      : held_(held), processes_(std::move(processes)) {}

  Status observe(state::KernelState& observed) override;
  bool provides(const state::Object& object) const override;
  Status apply(const state::Op& op) override;

 private:
  HeldNetns& held_;
  Processes processes_;
};

}  // namespace egress::kernel
