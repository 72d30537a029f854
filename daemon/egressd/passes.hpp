// SPDX-License-Identifier: MIT
#pragma once

// The passes that bring the kernel to the lab in force, one at a time: those that an operation asks
// for, and those nobody asked for (at the start, when the kernel tells of a change, every 30 s for
// what it does not tell, after a failure with growing delay). An unrequested one gives way to a
// requested one, which finishes what it left. Behind a pass that has changed something, flows that
// are there follow.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "control/protocol.hpp"
#include "egressd/flow_review.hpp"
#include "egressd/operation_observer.hpp"
#include "egressd/pass_runner.hpp"
#include "egressd/wires.hpp"
#include "inspect/status.hpp"
#include "kernel/kernel.hpp"
#include "session/session.hpp"
#include "uv/loop.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

class Passes {
 public:
  using Observer = std::shared_ptr<OperationObserver>;

  // `on_idle` is called whenever a pass has ended and none follows at once.
  Passes(uv::Loop& loop, uv::Workers& workers, kernel::Kernel& kernel, session::Session& session,
         Wires& wires, Clock clock, uv::Callback on_idle);

  // The pass of a requested operation that has been taken already; none may be at work.
  void begin(const char* what, const std::vector<lab::Finding>& warnings, const Observer& observer);
  // Until a lab is taken again nothing is wanted in the kernel; what is stored goes once it is
  // empty.
  void want_nothing() { removing_ = true; }
  void want_lab() { removing_ = false; }

  // The lab in force has changed without anybody asking for it, and the kernel follows at once. No
  // requested pass may be at work.
  void follow();
  // A pass for the lab in force, unless one is at work.
  void reconcile_now();
  // The kernel is not as it was left: a pass follows when things have had time to settle.
  void reconcile_soon();
  // What others change stays until then, unless an operation or what a gateway learns makes all
  // that the lab has anew.
  void hold(std::chrono::seconds duration);
  // Goes back to repairing.
  void release();
  // Starts no pass any more; an unrequested one is left where it is.
  void wind_down();
  bool winding_down() const { return winding_down_; }

  // A requested pass, or the review of flows behind it, is at work.
  bool requested() const { return requested_; }
  // The last pass left the kernel as the lab wants it.
  bool last_clean() const { return last_clean_; }
  // How often lab or kernel have been changed; empty while a pass changes the kernel.
  std::optional<uint64_t> changes() const;
  // Something else than a pass changes what the kernel has.
  void count_change() { ++changes_; }

  // What only this class knows of a status: the last pass, and problems.
  void describe(inspect::StatusReport& report) const;

 private:
  void on_timer();
  void start_pass(const Observer& observer);
  void finish_pass(const PassOutcome& outcome, const Observer& observer);
  void end_pass(bool clean, const control::PassResult& result, const Observer& observer);
  // Flows that are there follow what a pass has brought into force.
  void review_flows(const uv::Callback& then);
  void note_review(const Result<FlowReview::Report>& report);
  void note_state(const Status& stored);
  void note_repair(const PassOutcome& outcome);
  void log_outcome(const PassOutcome& outcome);
  void schedule(bool clean);

  uv::Workers& workers_;
  kernel::Kernel& kernel_;
  session::Session& session_;
  Wires& wires_;
  Clock clock_;
  uv::Callback on_idle_;
  PassRunner runner_;
  uv::Timer timer_;
  std::optional<uv::Poll> watch_{};  // on while nothing else will lead to a pass soon
  bool requested_ = false;
  // What a pass has last arrived at: there whatever differs is repaired, and nothing is on the way.
  std::shared_ptr<const state::KernelState> reached_{};
  // By which flows were last reviewed; null before that, and when it has failed.
  FlowReview::Translations reviewed_{};
  bool following_ = false;  // the pass is follow()'s
  bool removing_ = false;   // nothing is wanted in the kernel, and it is not empty yet
  bool winding_down_ = false;
  enum class Settling { kNot, kShortly, kInFull };
  struct Hold {
    std::chrono::steady_clock::time_point end{};
    std::chrono::system_clock::time_point told{};  // the same, for people
  };
  std::optional<Hold> hold_{};
  Settling settling_ = Settling::kNot;  // the timer runs for reconcile_soon()
  bool last_clean_ = false;
  int failures_ = 0;  // in a row
  uint64_t changes_ = 0;
  std::optional<inspect::LastPass> last_pass_{};
  std::optional<inspect::LastRepair> last_repair_{};
  inspect::PassCounts counts_{};
  std::set<std::string> known_faults_{};  // logged already
  std::vector<std::string> review_problems_{};
  std::string state_problem_{};  // of the last pass: what is stored could not be written
};

}  // namespace egress::daemon
