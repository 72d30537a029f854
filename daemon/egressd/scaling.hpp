// SPDX-License-Identifier: MIT
#pragma once

// Plans that are scaled up or down, brought from stage to stage (lifecycle/stages.hpp): the new
// instances serve once a pass has made them and they have started, whatever that came to; the old
// ones end with the pass after that. Each stage is stored, so a daemon that comes in between goes
// on.

#include <cstdint>
#include <string>
#include <vector>

#include "egressd/operations.hpp"
#include "session/session.hpp"

namespace egress::daemon {

class Scaling {
 public:
  Scaling(session::Session& session, Operations& operations)
      : session_(session), operations_(operations) {}

  // For an operation that may scale a plan up or down: `observer` hears of its end once no plan has
  // two sets of instances any more, or none gets further for now.
  Operations::Observer awaiting(const Operations::Observer& observer);
  // The next stage, if one is left to be reached and nothing is in its way. To be called whenever
  // starts are at rest behind a pass.
  void go_on();
  // Problems.
  void describe(inspect::StatusReport& report) const;
  // Begins nothing any more, and lets nobody wait.
  void wind_down();

 private:
  struct Waiting {
    Operations::Observer observer{};
    control::PassResult result{};
  };

  void end_waiting();
  void go_on_with(const std::string& what);
  // For all who wait: what a stage could not do.
  void note_failed(const std::vector<control::FailedObject>& failed);

  session::Session& session_;
  Operations& operations_;
  std::vector<Waiting> waiting_{};
  bool winding_down_ = false;
  uint64_t refused_version_ = 0;  // of the lab whose next stage was refused; that stays so
  std::string problem_{};         // why
};

}  // namespace egress::daemon
