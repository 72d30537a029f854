// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "tests/crash/crash_run.hpp"

namespace egress::crash {
namespace {

constexpr Duration kFirstMoments{10};
// A little more than an operation takes, since it does not always take the same.
constexpr double kOvershoot = 1.2;
// More than any operation makes: one whose calls were never counted goes on to its end.
constexpr uint32_t kManyCalls = 1'000'000;

constexpr uint32_t kEnoughMisses = 10;

Error wrong(std::string what) {
  return {.code = Errc::kBug, .message = std::move(what)};
}

}  // namespace

Status CrashRun::kill_during(const Operation& operation) {
  // A start begins with a daemon that is dead.
  if (operation.kind == OperationKind::kStart) {
    daemon_.end(SIGKILL);
    ++starts_killed_;
  }
  return chance(50) ? kill_after_a_time(operation) : kill_before_some_call(operation);
}

Status CrashRun::kill_after_a_time(const Operation& operation) {
  const std::string what = to_text(operation);
  // The daemon is most delicate before it knows what it has to do.
  const bool at_once = operation.kind == OperationKind::kStart && chance(30);
  const Duration after = fraction() * (at_once ? kFirstMoments : kOvershoot * spans_[what]);
  note(fmt::format("{}, killed after {:.2f} ms of about {:.0f}", what, after.count(),
                   spans_[what].count()));
  ctl::Answer answer = ctl::Failure{};
  if (operation.kind == OperationKind::kStart) daemon_.spawn();
  {
    const TimedKill kill(daemon_.pid(), after);
    if (operation.kind != OperationKind::kStart) answer = perform(daemon_.client(), operation);
  }
  return check_killed(operation, answer);
}

Status CrashRun::kill_before_some_call(const Operation& operation) {
  const auto counted = calls_.find(to_text(operation));
  const double all = counted == calls_.end() ? kManyCalls : kOvershoot * counted->second;
  const auto killed = kill_before_call(operation, static_cast<uint32_t>(fraction() * all));
  return killed.ok() ? Status() : killed.error();
}

Result<bool> CrashRun::kill_before_call(const Operation& operation, uint32_t index) {
  const std::string what = to_text(operation);
  note(fmt::format("{}, killed before its lasting call {}", what, index));
  ctl::Answer answer = ctl::Failure{};
  CountedKill kill(
      [&] {
        if (operation.kind == OperationKind::kStart) daemon_.spawn();
        return daemon_.pid();
      },
      index);
  if (operation.kind == OperationKind::kStart) {
    // Until its first pass has ended, unless it dies before.
    (void)testing_support::eventually([&] {
      const auto status = daemon_.client().get("/v1/status");
      const auto* json = std::get_if<ctl::Json>(&status);
      return !daemon_.running() || (json != nullptr && ctl::flag_of(*json, "inSync"));
    });
  } else {
    answer = perform(daemon_.client(), operation);
  }
  ASSIGN_OR_RETURN(const bool hit, kill.finish());
  RETURN_IF_ERROR(check_killed(operation, answer));
  if (hit) return true;
  calls_[what] = std::max(kill.calls(), calls_[what] * 9 / 10);
  if (operation.kind == OperationKind::kStart || std::holds_alternative<ctl::Json>(answer))
    return false;
  return wrong(what + ": no answer although nobody killed egressd");
}

// The daemon is dead, and that has to be the only reason why there is no answer.
Status CrashRun::check_killed(const Operation& operation, const ctl::Answer& answer) {
  const std::string what = to_text(operation);
  const int status = daemon_.end(SIGKILL);
  ++kills_;
  if (status != 128 + SIGKILL) {
    return wrong(fmt::format("{}: egressd ended by itself with status {}", what, status));
  }
  const auto* failure = std::get_if<ctl::Failure>(&answer);
  if (failure == nullptr) return {};
  ++in_the_middle_[what];
  if (failure->reach != ctl::Reach::kDaemon) return {};
  return wrong(what + ": " + failure->message);
}

Status CrashRun::sweep() {
  RETURN_IF_ERROR(begin());
  const LabPointer full = lab("two-integrations");
  const LabPointer changed = lab("scaled-in");
  RETURN_IF_ERROR(sweep(full, {.kind = OperationKind::kStart}));
  RETURN_IF_ERROR(sweep(full, {.kind = OperationKind::kDown}));
  RETURN_IF_ERROR(sweep(full, {.kind = OperationKind::kRestart, .site = "web"}));
  RETURN_IF_ERROR(sweep(full, {.kind = OperationKind::kTraffic, .site = "web"}));
  RETURN_IF_ERROR(sweep(full, {.kind = OperationKind::kApply, .target = changed}));
  for (const lifecycle::Operation& change :
       {lifecycle::Operation(lifecycle::Scale{"plan", 3, {}}),
        lifecycle::Operation(lifecycle::Disconnect{"web"}),
        lifecycle::Operation(lifecycle::Delete{"site", "web"})}) {
    RETURN_IF_ERROR(sweep(full, {.kind = OperationKind::kChange, .change = change}));
  }
  RETURN_IF_ERROR(sweep(nullptr, {.kind = OperationKind::kApply, .target = full}));
  return finish();
}

Status CrashRun::sweep(const LabPointer& before, const Operation& operation) {
  // How many calls there are varies a little, with the number of slices that a pass takes.
  for (uint32_t index = 0, missed = 0; missed < kEnoughMisses; ++index) {
    begin_story(index);
    ASSIGN_OR_RETURN(const bool hit, sweep_call(before, operation, index));
    if (!hit) ++missed;
  }
  fmt::print("crash: {} makes {} lasting calls\n", to_text(operation), calls_[to_text(operation)]);
  std::fflush(stdout);
  return {};
}

// Every second time the lab is removed without having been looked at: whatever a pass would have
// mended on the way then still has to go.
Result<bool> CrashRun::sweep_call(const LabPointer& before, const Operation& operation,
                                  uint32_t index) {
  if (before != nullptr) {
    RETURN_IF_ERROR(carry_out({.kind = OperationKind::kApply, .target = before}));
  }
  if (operation.kind == OperationKind::kStart) daemon_.end(SIGKILL);
  ASSIGN_OR_RETURN(const bool hit, kill_before_call(operation, index));
  RETURN_IF_ERROR(come_back(operation));
  if (index % 2 == 0) RETURN_IF_ERROR(check_in_force());
  RETURN_IF_ERROR(remove_lab());
  return hit;
}

LabPointer CrashRun::lab(const std::string& name) const {
  const auto found = std::find_if(labs_.begin(), labs_.end(),
                                  [&](const LabPointer& file) { return file->name == name; });
  EG_CHECK(found != labs_.end(), "a lab that the sweep names");
  return *found;
}

}  // namespace egress::crash
