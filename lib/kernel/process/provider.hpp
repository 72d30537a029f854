// SPDX-License-Identifier: MIT
#pragma once

// The provider of processes: the responders of emulated hosts.

#include <string>

#include "kernel/held_netns.hpp"
#include "kernel/process/responders.hpp"
#include "kernel/provider.hpp"

namespace egress::kernel {

class ProcessProvider final : public Provider {
 public:
  // `prefix` is that of the namespaces' names.
  ProcessProvider(HeldNetns& held, std::string prefix, Responders responders)
      : held_(held), prefix_(std::move(prefix)), responders_(std::move(responders)) {}

  Status observe(state::KernelState& observed) override;
  bool provides(const state::Object& object) const override;
  Status apply(const state::Op& op) override;

 private:
  HeldNetns& held_;
  std::string prefix_;
  Responders responders_;
};

}  // namespace egress::kernel
