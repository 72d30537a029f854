// SPDX-License-Identifier: MIT
#pragma once

// What the platform does for apps, performed: their starts, once a pass has brought about what they
// need, and backups that somebody asks for. Calls are made beside the loop and change nothing, so a
// start that was not performed to its end, with the daemon or by a change of the lab, is performed
// again. What it came to is stored.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "egressd/operations.hpp"
#include "inspect/expectations.hpp"
#include "inspect/startup.hpp"
#include "probe/platform.hpp"
#include "session/session.hpp"
#include "uv/workers.hpp"

namespace egress::daemon {

class Startups {
 public:
  // `on_rest` is called whenever no start is performed any more, and none can be.
  Startups(
      uv::Workers& workers, session::Session& session, Operations& operations,
      std::shared_ptr<probe::Verifier> verifier, Clock clock, uv::Callback on_rest = [] {})
      : workers_(workers),
        session_(session),
        operations_(operations),
        verifier_(std::move(verifier)),
        clock_(std::move(clock)),
        on_rest_(std::move(on_rest)) {}

  // For an operation that may start apps: `observer` hears of its end once no start is left to
  // perform, and who does not run then. Other operations may begin meanwhile.
  Operations::Observer awaiting(const Operations::Observer& observer);
  // A backup of the site, by its first instance. Refused when it declares none.
  void back_up(const std::string& site, const Operations::Observer& observer);

  // Begins with the starts that are left, unless it is at work on some.
  void perform_pending();
  // Begins nothing any more, and lets nobody wait.
  void wind_down();

  // kConflict without a lab, kNotFound when there is no such app.
  Result<inspect::AppStartup> startup_of(const lab::Sender& app) const;
  // How each app stands, and problems.
  void describe(inspect::StatusReport& report) const;

 private:
  // Starts that are performed at once.
  struct Start {
    lab::Sender app{};
    session::Startup startup{};  // as the session had it, with the time by now
    bool recorded = false;
  };
  struct Pending {
    std::vector<Start> starts{};  // in the order of the performance
    std::shared_ptr<probe::Performance> performance{};
    Status stored{};  // whether all that was recorded could be
  };
  struct Waiting {
    Operations::Observer observer{};
    control::PassResult result{};
  };
  using OnRound = std::function<void()>;
  enum class End { kHere, kOvertaken };  // kOvertaken: lab or kernel were changed under a round
  using OnEnd = std::function<void(const Status&, End)>;

  std::shared_ptr<Pending> take_pending() const;
  // Round by round.
  void perform(const std::shared_ptr<probe::Performance>& performance, const OnRound& on_round,
               const OnEnd& on_end);
  void take_round(Pending& pending);
  void end_starts(const Status& status, End end);
  void end_waiting();
  void perform_backup(const lab::Sender& app, lab::PlatformTask task, const Waiting& asked);
  std::vector<inspect::AppStartup> not_running() const;

  uv::Workers& workers_;
  session::Session& session_;
  Operations& operations_;
  std::shared_ptr<probe::Verifier> verifier_;
  Clock clock_;
  uv::Callback on_rest_;
  std::vector<Waiting> waiting_{};
  // Gone when nothing is performed; also when what was to be told of a round is lost, for want of
  // memory.
  std::weak_ptr<Pending> performing_{};
  bool winding_down_ = false;
  std::string problem_{};  // why starts could not be performed
};

// What starts came to has to be what is expected of them, too.
void add_performed(const session::Startups& startups, const policy::Network& network,
                   std::vector<inspect::TestResult>& results);

}  // namespace egress::daemon
