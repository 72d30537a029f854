// SPDX-License-Identifier: MIT
#pragma once

// The one seam to the kernel. LinuxKernel implements it over netlink, nftables and processes;
// FakeKernel (tests/support) keeps maps and refuses what the kernel refuses. One contract suite
// runs against both.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "state/foreign_netns.hpp"
#include "state/kernel_state.hpp"
#include "state/ops.hpp"
#include "state/tracked_flow.hpp"

namespace egress::kernel {

// What connection tracking of one namespace holds, IPv4 alone. May be used on another thread than
// the kernel is, by one at a time.
class FlowTable {
 public:
  virtual ~FlowTable() = default;

  virtual Result<std::vector<state::TrackedFlow>> list() = 0;
  // All change what has these addresses and ports now: a flow that has ended since it was listed
  // is no error, and one that has taken its place is taken for it, as the kernel may give it the
  // same identity.
  virtual Status remove(const std::vector<state::TrackedFlow>& flows) = 0;
  // Each its own `timeout_seconds`, which its next packet resets.
  virtual Status set_timeouts(const std::vector<state::TrackedFlow>& flows) = 0;
  virtual Status set_marks(const std::vector<state::TrackedFlow>& flows) = 0;
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  // Everything that is ours, every field that apply() writes.
  virtual Result<state::KernelState> observe() = 0;

  // What observe() finds equal to this shares it, and so compares with it at a look.
  virtual void expect(const std::shared_ptr<const state::KernelState>& /*desired*/) {}

  // What the last observe() found under names that begin like ours and is not ours. It is no part
  // of what observe() gives, and no op touches it: adding a namespace of that name is kExists, and
  // to all else it is as if there were none.
  virtual const state::ForeignNames& foreign() const = 0;

  // A descriptor that is readable while something of ours may have changed since observe() looked,
  // by whomever; -1 when this kernel does not tell. Not every change is told.
  virtual int changes_fd() const { return -1; }

  // Performs one op. Already so is success: adding what exists equal, removing what is gone.
  // Errors name the object and carry errno and the kernel's own words.
  virtual Status apply(const state::Op& op) = 0;

  // Packets counted per chain of the namespace's firewall that holds exactly one rule with a
  // counter: "out/integration/deny-sql" -> 12.
  virtual Result<std::map<std::string, uint64_t>> counters(const state::NetnsName& netns) = 0;

  // The flows of a namespace of ours, kNotFound when it is none. No pass looks at them: they are
  // what packets have left behind, and no part of a state.
  virtual Result<std::shared_ptr<FlowTable>> flows(const state::NetnsName& netns) = 0;
};

}  // namespace egress::kernel
