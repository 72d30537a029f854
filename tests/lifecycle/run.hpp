// SPDX-License-Identifier: MIT
#pragma once

// A sequence of steps, played on a session with its store and a kernel, and held against the model
// and against what must hold of every lab after each step.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kernel/kernel.hpp"
#include "session/session.hpp"
#include "tests/lifecycle/model.hpp"
#include "tests/lifecycle/steps.hpp"
#include "tests/support/folder.hpp"

namespace egress::life {

// What a run is on.
class World {
 public:
  World() = default;
  virtual ~World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  virtual kernel::Kernel& kernel() = 0;
  // What the daemon knew of the kernel is forgotten, as it has died.
  virtual void forget() {}
  // As it was before the first run on it.
  virtual void clear() = 0;
  // A lab begins, and connections of the one before end.
  virtual void begin() {}
  // What is wrong with connections of sites, of which those of `touched` may have ended; empty when
  // nothing is. Called after each step.
  virtual std::string fault_in_connections(const lab::Lab& /*lab*/,
                                           const std::set<std::string>& /*touched*/) {
    return {};
  }
};

class LifeRun {
 public:
  // `folder` has no store in it.
  LifeRun(World& world, const std::string& folder);

  // What goes wrong first; empty when nothing does.
  std::string play(const Steps& steps);
  // What was done so far, with what became of it.
  struct Deed {
    std::string command{};
    std::string refusal{};  // the code
    std::string remark{};
  };
  const std::vector<Deed>& story() const { return story_; }

 private:
  // What has to be when a step has been done, or why it must not be.
  struct Expected {
    Model model{};
    ModelLeases leases{};
    std::set<std::string> refusals{};
    std::set<std::string> touched{};
  };

  std::string begin();
  std::string step(const Step& step);
  Expected expected_of(const Action& action) const;
  Expected expected_of_nothing() const;
  session::Outcome outcome_of(const Action& action) const;
  std::string adopt(session::Proposal proposal, const Step& step);
  std::string scale_to_the_end();
  std::string restart_daemon();
  std::string check(const Expected& expected);
  std::string check_leases(const ModelLeases& kept) const;
  std::string check_export();
  std::string check_numbers() const;
  std::string reach();

  ipam::TimePoint lab_now() const { return session_->current()->lab_time(machine_now_); }
  const lab::Lab& lab() const { return session_->network()->situation.lab; }
  Model in_force() const { return model_of(lab(), session_->current()->life); }
  ModelLeases leases() const { return leases_of(session_->current()->leases, lab_now()); }

  World& world_;
  std::string store_;
  std::unique_ptr<session::Session> session_{};
  ipam::TimePoint machine_now_{std::chrono::hours(24 * 365 * 50)};
  Model first_{};
  NumberBook numbers_{};     // before the step
  lab::LabText exported_{};  // the last that was looked at
  std::vector<Deed> story_{};
};

// How often which command was done, and refused.
struct Coverage {
  std::map<std::string, int> done{};
  std::map<std::string, int> refused{};
};

struct Drawn {
  uint64_t seed = 1;
  size_t sequences = 0;
  size_t steps = 20;  // of each
};
// With the first seed and the number that EGRESS_LIFE_SEED and EGRESS_LIFE_SEQUENCES say, if they
// do.
Drawn drawn(const Drawn& otherwise);

// Plays random sequences, one after the other. What to show of the first fault, with the steps that
// are enough for it; empty when there is none.
std::string fault_in(World& world, const Drawn& drawn, Coverage& coverage);
// Plays one.
std::string fault_in(World& world, const Steps& steps, Coverage& coverage);

}  // namespace egress::life
