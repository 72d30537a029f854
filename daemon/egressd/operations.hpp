// SPDX-License-Identifier: MIT
#pragma once

// Everything that somebody asks for and that changes the lab or the kernel: apply, operations on
// the lab in force, restart, down, classes of traffic, what wires do to packets, the lab's clock.
// One at a time. What a lab becomes is computed beside the loop; the kernel follows by a pass
// (passes.hpp).

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "control/protocol.hpp"
#include "egressd/answers.hpp"
#include "egressd/operation_observer.hpp"
#include "egressd/passes.hpp"
#include "inspect/status.hpp"
#include "session/session.hpp"
#include "uv/loop.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

class Operations {
 public:
  using Observer = std::shared_ptr<OperationObserver>;

  // `on_idle` is called whenever a pass has ended and none follows at once, when an operation was
  // refused late, and when flows have followed the clock.
  Operations(uv::Loop& loop, uv::Workers& workers, kernel::Kernel& kernel,
             session::Session& session, Wires& wires, Clock clock, uv::Callback on_idle);

  void apply(lab::LabText text, const Observer& observer);
  // What somebody does to the lab in force (session::propose_operation).
  void operate(const lifecycle::Operation& operation, const Observer& observer);
  // A plan that is being scaled up or down a stage further (session::propose_stage).
  void go_on_scaling(const Observer& observer);
  void restart(const std::string& site, const Observer& observer);
  void down(const Observer& observer);
  // Somebody wants to send packets of this class as the site (session::propose_traffic). At once
  // when that is possible already.
  void use_traffic(const std::string& site, lab::TrafficClass traffic, const Observer& observer);
  // In place of what wires do to packets (session::propose_impairment).
  void impose(const WireSelection& which, const control::ImposeRequest& request,
              const Observer& observer);
  // What gateways have learned, in place of what they had (session::propose_learned). Nobody asks
  // for it, so it gives way to whatever is asked for: `why_not` is kBusy then. Nothing once it is
  // in force; the kernel follows.
  void learn(lab::LearnedRoutes learned,
             const std::function<void(const std::optional<Error>& why_not)>& then);
  // Moves the lab's clock on: durable first, then in force; then what is idle for so long ends.
  void advance_clock(std::chrono::seconds by, Then<control::ClockAdvance> then);
  // What stands in egressd.yaml cannot be made so: a problem until a lab is applied, or until it is
  // said again, with nothing.
  void refuse_configured(std::string problem);

  // As Passes has them.
  void reconcile_now() { passes_.reconcile_now(); }
  void reconcile_soon() { passes_.reconcile_soon(); }
  void wind_down() { passes_.wind_down(); }
  // The last pass left the kernel as the lab wants it.
  bool last_clean() const { return passes_.last_clean(); }
  // Changes by others are left alone for so long, or not any more (passes.hpp).
  void hold(std::chrono::seconds duration) { passes_.hold(duration); }
  void release() { passes_.release(); }
  // A requested operation is at work.
  bool busy() const { return running_.has_value(); }
  // How often lab or kernel have been changed; empty while the kernel is being changed. Between two
  // equal answers everything was as it was.
  std::optional<uint64_t> changes() const;
  // The same where packets may be sent now: kBusy while something is being changed, kConflict
  // without a lab, or while names that it has stand for what is not ours.
  Result<uint64_t> quiet_now();

  // What only this class knows of a status: the last pass, and problems.
  void describe(inspect::StatusReport& report) const;

 private:
  class Tracked;
  void begin(const char* what);
  // Who applies a file is told of all that is to be warned of, an operation of what it brings
  // about.
  enum class Warns { kOfAll, kOfWhatIsNew };
  template <typename Propose>
  void propose(const char* what, Propose propose, const Observer& observer,
               Warns warns = Warns::kOfWhatIsNew);
  Status take(session::Proposal proposal);
  Status take_learned(session::Outcome outcome);
  std::optional<Error> why_not_now() const;
  bool refuse_when_busy(OperationObserver& observer) const;
  ipam::TimePoint lab_time() const { return session_.current()->lab_time(clock_.now()); }
  void age_flows(std::chrono::seconds by, std::vector<control::FailedObject> failed,
                 Then<control::ClockAdvance> then);

  uv::Workers& workers_;
  kernel::Kernel& kernel_;
  session::Session& session_;
  Clock clock_;
  uv::Callback on_idle_;
  Passes passes_;
  std::optional<inspect::RunningOperation> running_{};
  bool learning_ = false;  // what was learned is being analysed
  bool ageing_ = false;    // the clock was moved on, and flows have not followed yet
  std::string configured_problem_{};
};

}  // namespace egress::daemon
