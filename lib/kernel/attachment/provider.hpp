// SPDX-License-Identifier: MIT
#pragma once

// The provider of attachments. What there is, the processes themselves have listed; which namespace
// it is in, its identity says and not the name in the list.

#include <map>
#include <set>
#include <vector>

#include "kernel/held_netns.hpp"
#include "kernel/process/provider.hpp"
#include "kernel/provider.hpp"

namespace egress::kernel {

class AttachmentProvider final : public Provider {
 public:
  // Observes what `processes` has observed before.
  AttachmentProvider(HeldNetns& held, const ProcessProvider& processes)
      : held_(held), processes_(processes) {}

  Status observe(state::KernelState& observed) override;
  bool provides(const state::Object& object) const override;
  Status apply(const state::Op& op) override;
  // Of what a program does not move, observe() tells as of what has lost its namespace: it is
  // detached, and attached again.
  Status follow(const state::NetnsName& from, const state::NetnsName& to) override;

 private:
  Status attach(const state::Op& op, const state::Attachment& attachment, int folder);
  bool move(const state::ProcessRef& process, const state::NetnsName& from,
            const state::NetnsName& to);
  void finish_move(const state::ProcessRef& process, std::vector<ListedAttachment>& attached);

  HeldNetns& held_;
  const ProcessProvider& processes_;
  // Those that did not answer since the last observation: a pass waits once for each of them.
  std::set<state::ProcessRef> silent_{};
  // Who has, or may have, something attached where.
  std::map<state::NetnsName, std::set<state::ProcessRef>> attached_in_{};
};

}  // namespace egress::kernel
