// SPDX-License-Identifier: MIT
#pragma once

// The lab in force: its text, its analysis, its leases and restarts, and the store that remembers
// them. A change is proposed, which alters nothing, and then adopted: durable first, in memory
// after. Knows nothing of the kernel or the loop.
//
// A lab may be the end of the daemon, and would be so again at each start: too much memory, or a
// fault of ours. So starts are counted until their first pass has ended, and after two that did not
// get so far the lab is set aside: it stays stored, nothing is done with it, and whoever applies a
// lab or takes it down finds somebody to talk to.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compile/size.hpp"
#include "control/protocol.hpp"
#include "ipam/leases.hpp"
#include "ipam/store.hpp"
#include "lab/load.hpp"
#include "policy/network.hpp"
#include "state/kernel_state.hpp"

namespace egress::daemon {

// A lab that can be made so.
struct Proposal {
  control::LabText text{};
  std::vector<lab::Finding> warnings{};
  ipam::LeaseChange leases{};
  std::shared_ptr<const policy::Network> network{};
  state::KernelState desired{};
};

// Why a lab cannot be.
struct Refusal {
  Error error{};
  std::vector<lab::Finding> findings{};
};

class Session {
 public:
  Session(std::string prefix, ipam::Store store, compile::SizeLimits limits = {});

  // Takes up what an earlier process left. A stored lab that no longer loads, or that is set aside,
  // is not an error: it becomes a problem, and there is no network. Errors are the store's.
  Status restore(ipam::TimePoint now);
  // Counts this start, if restore() has found no lab and so has not: a lab is about to be applied
  // without anybody asking for it.
  Status begin_start();
  // The first pass has ended, or there is none, or the daemon ends in good order.
  Status end_start();
  bool set_aside() const { return set_aside_; }

  // What it proposes can be compiled, and made from nothing.
  std::variant<Proposal, Refusal> propose(control::LabText text, ipam::TimePoint now) const;
  Status adopt(Proposal proposal);
  // New interfaces for all instances of the site. kNotFound when there is no such site.
  Status restart(const std::string& site);
  // Forgets the lab in memory; erase() later removes what is stored.
  void forget();
  Status erase();

  // Null when no lab is in force.
  const std::shared_ptr<const policy::Network>& network() const { return network_; }
  const std::string& prefix() const { return prefix_; }
  const ipam::Leases& leases() const { return leases_; }
  std::optional<std::string> lab_file() const;
  // Why there is no network although a lab is stored; empty when all is well.
  const std::string& problem() const { return problem_; }

  const state::KernelState& desired() const { return desired_; }  // empty without a network

 private:
  Status take_up(ipam::TimePoint now);
  Result<state::KernelState> compiled(const policy::Network& network) const;

  std::string prefix_;
  ipam::Store store_;
  compile::SizeLimits limits_;
  std::optional<control::LabText> text_{};
  ipam::Leases leases_{};
  ipam::Generations generations_{};
  std::shared_ptr<const policy::Network> network_{};
  state::KernelState desired_{};
  std::string problem_{};
  bool forgotten_ = false;  // what is stored waits for erase()
  bool set_aside_ = false;
  int unfinished_starts_ = 0;  // as stored
  bool start_counted_ = false;
};

// A lab file from disk with the files it names.
Result<control::LabText> read_lab_text(const std::string& path);
lab::Loaded load(const control::LabText& text);

}  // namespace egress::daemon
