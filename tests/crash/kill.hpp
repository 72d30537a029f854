// SPDX-License-Identifier: MIT
#pragma once

// How a process is killed at a chosen point of what it does: after a time, or before the so-manyth
// system call that could leave something behind. Time finds the long moments, calls the short ones.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <thread>

#include "base/result.hpp"

namespace egress::crash {

using Duration = std::chrono::duration<double, std::milli>;

// The destructor waits for it.
class TimedKill {
 public:
  TimedKill(pid_t pid, Duration delay);
  ~TimedKill() { thread_.join(); }
  TimedKill(const TimedKill&) = delete;
  TimedKill& operator=(const TimedKill&) = delete;

 private:
  std::thread thread_;
};

// Watches a child of ours, and kills it when it is about to make its `index`th lasting call (0 is
// the next) or, if it does not come so far, when `finish()` is called.
class CountedKill {
 public:
  // `child` is asked once for its number, and may start it just then: it is watched from there on.
  CountedKill(std::function<pid_t()> child, uint32_t index);
  ~CountedKill();
  CountedKill(const CountedKill&) = delete;
  CountedKill& operator=(const CountedKill&) = delete;

  // Returns when the process is dead: whether it died before the call rather than now. An error
  // when it could not be watched.
  Result<bool> finish();
  // How many lasting calls it has made.
  uint32_t calls() const { return calls_; }

 private:
  void watch(const std::function<pid_t()>& child);
  void follow();

  uint32_t index_;
  pid_t pid_ = -1;
  int trace_errno_ = 0;
  std::promise<void> begun_{};
  std::atomic<uint32_t> calls_{0};
  std::atomic<bool> hit_{false};
  std::thread thread_{};
};

}  // namespace egress::crash
