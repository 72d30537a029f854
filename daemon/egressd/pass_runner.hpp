// SPDX-License-Identifier: MIT
#pragma once

// Runs one pass at a time on the loop, in slices of about 20 ms, so that clients are answered
// meanwhile. What to do with the report is the caller's business. A pass that runs out of memory
// ends there, and says so.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "control/protocol.hpp"
#include "kernel/kernel.hpp"
#include "reconcile/pass.hpp"
#include "state/kernel_state.hpp"
#include "uv/loop.hpp"

namespace egress::daemon {

struct PassOutcome {
  reconcile::PassReport report{};
  std::vector<std::string> ops{};  // what had to be done, one line each
  double seconds = 0;
};

control::PassResult result_of(const PassOutcome& outcome);

class PassRunner {
 public:
  using OnProgress = std::function<void(const reconcile::Progress&)>;
  using OnDone = std::function<void(const PassOutcome&)>;

  // `before_changes` is called in each pass that changes something, before it does.
  PassRunner(uv::Loop& loop, kernel::Kernel& kernel, Clock clock, uv::Callback before_changes);

  bool running() const { return pass_.has_value(); }
  // It has found something to do.
  bool changing() const { return running() && !pass_->ops().empty(); }
  // Nothing may be running.
  void start(reconcile::Wanted wanted, OnProgress on_progress, OnDone on_done);
  // Leaves the pass where it is; the next one finishes its work.
  void abandon();

 private:
  void slice();
  bool step();
  PassOutcome outcome_of_pass() const;

  kernel::Kernel& kernel_;
  Clock clock_;
  uv::Callback before_changes_;
  uv::Idle idle_;
  std::optional<reconcile::Pass> pass_{};
  std::chrono::steady_clock::time_point started_{};
  OnProgress on_progress_{};
  OnDone on_done_{};
};

}  // namespace egress::daemon
