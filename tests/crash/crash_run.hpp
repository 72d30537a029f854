// SPDX-License-Identifier: MIT
#pragma once

// One daemon's life in rounds: an operation begins, the daemon is killed in the midst of it,
// perhaps again while it starts, and then has to come back with the lab and the leases that were
// stored, agree with the kernel, and be able to leave the machine as it was. Everything random
// derives from the seed and the round, so that a run can be replayed up to the same kill.

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tests/crash/daemon_process.hpp"
#include "tests/crash/kill.hpp"
#include "tests/crash/known.hpp"
#include "tests/crash/operation.hpp"

namespace egress::crash {

class CrashRun {
 public:
  CrashRun(std::vector<LabPointer> labs, const std::string& directory);

  // At random points until there were as many kills; an error tells what went wrong at last.
  Status run(uint64_t seed, uint32_t kills);
  // Once before each lasting system call of some operations, one after the other.
  Status sweep();

  uint32_t kills() const { return kills_; }
  // Those that came before the operation had answered, by what it was.
  const std::map<std::string, uint32_t>& in_the_middle() const { return in_the_middle_; }
  // How the last round began and what came after, one step a line.
  std::string story();

 private:
  // crash_run.cpp: a round and its parts
  Status begin();
  Status round();
  Operation choose();
  Status make_way(const Operation& operation);
  Status come_back(const Operation& operation);
  bool is_set_aside() const;
  Status take_up_again(const Operation& operation);
  Status recover();
  Status check_in_force();
  Status remove_lab();
  Status finish();
  // Without a kill: has to succeed, and says how many objects were changed.
  Result<int> carry_out(const Operation& operation);
  // That it is in force, with leases that follow from those before.
  Status now_in_force(const Known& target);
  Status comes_in_sync();
  void begin_story(uint64_t round);
  void note(std::string step) { story_.push_back(std::move(step)); }

  // kill_during.cpp: the kills
  Status kill_during(const Operation& operation);
  Status kill_after_a_time(const Operation& operation);
  Status kill_before_some_call(const Operation& operation);
  // Before its `index`th lasting call; false when it ended without making so many.
  Result<bool> kill_before_call(const Operation& operation, uint32_t index);
  Status check_killed(const Operation& operation, const ctl::Answer& answer);
  Status sweep(const LabPointer& before, const Operation& operation);
  Result<bool> sweep_call(const LabPointer& before, const Operation& operation, uint32_t index);
  LabPointer lab(const std::string& name) const;

  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  bool chance(uint32_t percent) { return below(100) < percent; }
  double fraction() { return below(10'001) / 10'000.0; }
  LabPointer any_lab() { return labs_[below(static_cast<uint32_t>(labs_.size()))]; }

  std::vector<LabPointer> labs_;
  DaemonProcess daemon_;
  std::mt19937_64 random_{};
  Known known_{};
  uint32_t kills_ = 0;
  uint32_t starts_killed_ = 0;  // in this round
  std::map<std::string, uint32_t> in_the_middle_{};
  std::map<std::string, Duration> spans_{};  // how long operations take
  std::map<std::string, uint32_t> calls_{};  // how many lasting calls they make
  std::string machine_before_{};             // with a daemon, before any lab
  std::vector<std::string> story_{};
};

}  // namespace egress::crash
