// SPDX-License-Identifier: MIT
#pragma once

// Everything that changes the lab or the kernel: apply, restart, down, and the passes nobody asked
// for (at the start, when the kernel tells of a change, every 30 s for what it does not tell, after
// a failure with growing delay). One requested operation at a time; an unrequested pass gives way
// to it, since the next pass finishes what it left.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "control/protocol.hpp"
#include "egressd/http_server.hpp"
#include "egressd/loop.hpp"
#include "egressd/pass_runner.hpp"
#include "egressd/session.hpp"

namespace egress::daemon {

class Operations {
 public:
  // `on_idle` is called whenever a pass has ended and none follows at once.
  Operations(Loop& loop, kernel::Kernel& kernel, Session& session, Callback on_idle);

  // Answers with a stream of progress, or says at once why not.
  HttpResponse apply(control::LabText text);
  HttpResponse restart(const std::string& site);
  HttpResponse down();
  // What stands in egressd.yaml cannot be made so: a problem until a lab is applied, or until it is
  // said again, with nothing.
  void refuse_configured(std::string problem);

  // A pass for the lab in force, unless a requested operation is at work.
  void reconcile_now();
  // The kernel is not as it was left: a pass follows when things have had time to settle.
  void reconcile_soon();
  // Starts no pass any more; an unrequested one is left where it is.
  void wind_down();
  // A requested operation is at work.
  bool busy() const { return requested_; }

  // What only this class knows of a status: the last pass, and problems.
  void describe(control::StatusReport& report) const;
  bool last_pass_clean() const { return last_clean_; }

 private:
  // kConflict when a proposed lab needs names that others have.
  Status check_names(const Proposal& proposal);
  HttpResponse begin(const char* what);
  HttpResponse refuse_when_busy() const;
  void start_pass(const std::shared_ptr<LineStream>& stream);
  void finish_pass(const PassOutcome& outcome, const std::shared_ptr<LineStream>& stream);
  void note_state(const Status& stored);
  void note_repair(const PassOutcome& outcome);
  void log_outcome(const PassOutcome& outcome);
  void schedule(bool clean);

  kernel::Kernel& kernel_;
  Session& session_;
  Callback on_idle_;
  PassRunner runner_;
  Timer timer_;
  std::optional<Poll> changes_{};  // on while nothing else will lead to a pass soon
  bool requested_ = false;
  bool removing_ = false;  // down() is not finished: nothing is wanted in the kernel
  bool winding_down_ = false;
  bool settling_ = false;  // the timer runs for reconcile_soon()
  bool last_clean_ = false;
  int failures_ = 0;  // in a row
  std::optional<control::LastPass> last_pass_{};
  std::optional<control::LastRepair> last_repair_{};
  std::set<std::string> known_faults_{};  // logged already
  std::string configured_problem_{};
  std::string state_problem_{};  // of the last pass: what is stored could not be written
};

}  // namespace egress::daemon
