// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "tests/crash/attack.hpp"

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

Status Attack::strike(const Operation& operation) {
  // A start begins with a daemon that is dead.
  if (operation.deed == Deed::kStart) {
    victim_.end(SIGKILL);
    ++starts_killed_;
  }
  return chance(50) ? strike_timed(operation) : strike_counted(operation);
}

Status Attack::strike_timed(const Operation& operation) {
  const std::string what = to_text(operation);
  // The daemon is most delicate before it knows what it has to do.
  const bool at_once = operation.deed == Deed::kStart && chance(30);
  const Duration after = fraction() * (at_once ? kFirstMoments : kOvershoot * spans_[what]);
  note(fmt::format("{}, killed after {:.2f} ms of about {:.0f}", what, after.count(),
                   spans_[what].count()));
  ctl::Answer answer = ctl::Failure{};
  if (operation.deed == Deed::kStart) victim_.spawn();
  {
    const TimedBlow blow(victim_.pid(), after);
    if (operation.deed != Deed::kStart) answer = perform(victim_.client(), operation);
  }
  return bury(operation, answer);
}

Status Attack::strike_counted(const Operation& operation) {
  const auto counted = calls_.find(to_text(operation));
  const double all = counted == calls_.end() ? kManyCalls : kOvershoot * counted->second;
  const auto struck = strike_call(operation, static_cast<uint32_t>(fraction() * all));
  return struck.ok() ? Status() : struck.error();
}

Result<bool> Attack::strike_call(const Operation& operation, uint32_t index) {
  const std::string what = to_text(operation);
  note(fmt::format("{}, killed before its lasting call {}", what, index));
  ctl::Answer answer = ctl::Failure{};
  CountedBlow blow(
      [&] {
        if (operation.deed == Deed::kStart) victim_.spawn();
        return victim_.pid();
      },
      index);
  if (operation.deed == Deed::kStart) {
    // Until its first pass has ended, unless it dies before.
    (void)e2e::eventually([&] {
      const auto status = victim_.client().get("/v1/status");
      const auto* json = std::get_if<ctl::Json>(&status);
      return !victim_.running() || (json != nullptr && ctl::flag_of(*json, "inSync"));
    });
  } else {
    answer = perform(victim_.client(), operation);
  }
  ASSIGN_OR_RETURN(const bool hit, blow.finish());
  RETURN_IF_ERROR(bury(operation, answer));
  if (hit) return true;
  calls_[what] = std::max(blow.calls(), calls_[what] * 9 / 10);
  if (operation.deed == Deed::kStart || std::holds_alternative<ctl::Json>(answer)) return false;
  return wrong(what + ": no answer although nobody killed egressd");
}

// The daemon is dead, and that has to be the only reason why there is no answer.
Status Attack::bury(const Operation& operation, const ctl::Answer& answer) {
  const std::string what = to_text(operation);
  const int status = victim_.end(SIGKILL);
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

Status Attack::sweep() {
  RETURN_IF_ERROR(begin());
  const LabFile* full = lab("two-integrations");
  const LabFile* changed = lab("scaled-in");
  RETURN_IF_ERROR(sweep(full, {.deed = Deed::kStart}));
  RETURN_IF_ERROR(sweep(full, {.deed = Deed::kDown}));
  RETURN_IF_ERROR(sweep(full, {.deed = Deed::kRestart, .site = "web"}));
  RETURN_IF_ERROR(sweep(full, {.deed = Deed::kApply, .target = changed}));
  RETURN_IF_ERROR(sweep(nullptr, {.deed = Deed::kApply, .target = full}));
  return finish();
}

Status Attack::sweep(const LabFile* before, const Operation& operation) {
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
Result<bool> Attack::sweep_call(const LabFile* before, const Operation& operation, uint32_t index) {
  if (before != nullptr) {
    RETURN_IF_ERROR(carry_out({.deed = Deed::kApply, .target = before}));
  }
  if (operation.deed == Deed::kStart) victim_.end(SIGKILL);
  ASSIGN_OR_RETURN(const bool hit, strike_call(operation, index));
  RETURN_IF_ERROR(come_back(operation));
  if (index % 2 == 0) RETURN_IF_ERROR(check_in_force());
  RETURN_IF_ERROR(remove_lab());
  return hit;
}

const LabFile* Attack::lab(const std::string& name) const {
  const auto found = std::find_if(labs_.begin(), labs_.end(),
                                  [&](const LabFile& file) { return file.name == name; });
  EG_CHECK(found != labs_.end(), "a lab that the sweep names");
  return &*found;
}

}  // namespace egress::crash
