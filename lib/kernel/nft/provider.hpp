// SPDX-License-Identifier: MIT
#pragma once

// The provider of firewalls.

#include <map>
#include <string>

#include "kernel/held_netns.hpp"
#include "kernel/nft/context.hpp"
#include "kernel/provider.hpp"

namespace egress::kernel {

class NftProvider final : public Provider {
 public:
  explicit NftProvider(HeldNetns& held) : held_(held) {}

  Status observe(state::KernelState& observed) override;
  bool provides(const state::Object& object) const override;
  Status apply(const state::Op& op) override;
  void let_go() override { used_contexts_.close(); }
  // As Kernel::counters().
  Result<std::map<std::string, uint64_t>> counters(const state::NetnsName& netns);

 private:
  HeldNetns& held_;
  UsedNftContexts used_contexts_{};
};

}  // namespace egress::kernel
