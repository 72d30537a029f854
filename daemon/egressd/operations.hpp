// SPDX-License-Identifier: MIT
#pragma once

// Everything that changes the lab or the kernel: apply, restart, down, classes of traffic that are
// asked for, the lab's clock, and the passes nobody asked for (at the start, when the kernel tells
// of a change, every 30 s for what it does not tell, after a failure with growing delay). One
// requested operation at a time; an unrequested pass gives way to it, since the next pass finishes
// what it left. What a lab becomes is computed beside the loop.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "control/protocol.hpp"
#include "egressd/flow_review.hpp"
#include "egressd/operation_observer.hpp"
#include "egressd/pass_runner.hpp"
#include "inspect/status.hpp"
#include "session/session.hpp"
#include "uv/loop.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

inline Error no_lab() {
  return {.code = Errc::kConflict, .message = "no lab is in force"};
}

template <typename T>
using OrRefusal = std::variant<T, session::Refusal>;
// What becomes of a thing that takes long, on the loop's thread.
template <typename T>
using Then = std::function<void(OrRefusal<T>)>;

class Operations {
 public:
  using Observer = std::shared_ptr<OperationObserver>;

  // `on_idle` is called whenever a pass has ended and none follows at once, when an operation was
  // refused late, and when flows have followed the clock.
  Operations(uv::Loop& loop, uv::Workers& workers, kernel::Kernel& kernel,
             session::Session& session, Clock clock, uv::Callback on_idle);

  void apply(lab::LabText text, const Observer& observer);
  void restart(const std::string& site, const Observer& observer);
  void down(const Observer& observer);
  // Somebody wants to send packets of this class as the site (session::propose_traffic). At once
  // when that is possible already.
  void use_traffic(const std::string& site, lab::TrafficClass traffic, const Observer& observer);
  // Moves the lab's clock on: durable first, then in force; then what is idle for so long ends.
  void advance_clock(std::chrono::seconds by, Then<control::ClockAdvance> then);
  // What stands in egressd.yaml cannot be made so: a problem until a lab is applied, or until it is
  // said again, with nothing.
  void refuse_configured(std::string problem);

  // A pass for the lab in force, unless one is at work.
  void reconcile_now();
  // The kernel is not as it was left: a pass follows when things have had time to settle.
  void reconcile_soon();
  // Starts no pass any more; an unrequested one is left where it is.
  void wind_down();
  // A requested operation is at work.
  bool busy() const { return proposing_ || requested_ || ageing_; }
  // How often lab or kernel have been changed; empty while the kernel is being changed. Between two
  // equal answers everything was as it was.
  std::optional<uint64_t> changes() const;
  // The same where packets may be sent now: kBusy while something is being changed, kConflict
  // without a lab, or while names that it has stand for what is not ours.
  Result<uint64_t> quiet_now();

  // What only this class knows of a status: the last pass, and problems.
  void describe(inspect::StatusReport& report) const;

 private:
  template <typename Propose>
  void propose(const char* what, Propose propose, const Observer& observer);
  Status take(session::Proposal proposal);
  void begin(const char* what, const std::vector<lab::Finding>& warnings, const Observer& observer);
  std::optional<Error> why_not_now() const;
  bool refuse_when_busy(OperationObserver& observer) const;
  ipam::TimePoint lab_time() const { return session_.current()->lab_time(clock_.now()); }
  // Flows that are there follow what a pass has brought into force.
  void review_flows(const uv::Callback& then);
  void note_review(const Result<FlowReview::Report>& report);
  void age_flows(std::chrono::seconds by, std::vector<control::FailedObject> failed,
                 Then<control::ClockAdvance> then);
  void start_pass(const Observer& observer);
  void finish_pass(const PassOutcome& outcome, const Observer& observer);
  void end_pass(bool clean, const control::PassResult& result, const Observer& observer);
  void note_state(const Status& stored);
  void note_repair(const PassOutcome& outcome);
  void log_outcome(const PassOutcome& outcome);
  void schedule(bool clean);

  uv::Workers& workers_;
  kernel::Kernel& kernel_;
  session::Session& session_;
  Clock clock_;
  uv::Callback on_idle_;
  PassRunner runner_;
  uv::Timer timer_;
  std::optional<uv::Poll> watch_{};  // on while nothing else will lead to a pass soon
  bool proposing_ = false;           // a requested operation has not begun yet
  bool requested_ = false;           // its pass, or the review of flows behind it, is at work
  // By which flows were last reviewed; null before that, and when it has failed.
  FlowReview::Translations reviewed_{};
  bool ageing_ = false;    // the clock was moved on, and flows have not followed yet
  bool removing_ = false;  // down() is not finished: nothing is wanted in the kernel
  bool winding_down_ = false;
  bool settling_ = false;  // the timer runs for reconcile_soon()
  bool last_clean_ = false;
  int failures_ = 0;  // in a row
  uint64_t changes_ = 0;
  std::optional<inspect::LastPass> last_pass_{};
  std::optional<inspect::LastRepair> last_repair_{};
  std::set<std::string> known_faults_{};  // logged already
  std::string configured_problem_{};
  std::vector<std::string> review_problems_{};
  std::string state_problem_{};  // of the last pass: what is stored could not be written
};

}  // namespace egress::daemon
