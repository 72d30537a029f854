// SPDX-License-Identifier: MIT
#include "tests/crash/crash_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/support/machine.hpp"

namespace egress::crash {
namespace {

using Clock = std::chrono::steady_clock;

// The mounts are part of what must not stay, and no inventory of `ip` shows them.
std::string machine_text() {
  return testing_support::inventory() + "== home\n" + testing_support::home_inventory() +
         "== mounts\n" +
         testing_support::run_script("cut -d' ' -f4- /proc/self/mountinfo | grep ' /run' || true")
             .out;
}

Error wrong(std::string what) {
  return {.code = Errc::kBug, .message = std::move(what)};
}

Status expect_machine(const std::string& expected) {
  const std::string found = machine_text();
  if (found == expected) return {};
  return wrong(fmt::format("the machine is not as it was; before:\n{}after:\n{}", expected, found));
}

}  // namespace

CrashRun::CrashRun(std::vector<LabPointer> labs, const std::string& directory)
    : labs_(std::move(labs)), daemon_(directory) {}

Status CrashRun::run(uint64_t seed, uint32_t kills) {
  RETURN_IF_ERROR(begin());
  for (uint64_t number = 1; kills_ < kills; ++number) {
    random_.seed(seed * 1'000'003 + number);
    begin_story(number);
    RETURN_IF_ERROR(round());
  }
  return finish();
}

// Tells how long operations take, so that instants can be drawn from that.
Status CrashRun::begin() {
  // The directory of namespaces is then the daemon's to make and to remove.
  std::error_code ignored;
  std::filesystem::remove("/run/netns", ignored);
  const auto start = Clock::now();
  daemon_.spawn();
  RETURN_IF_ERROR(daemon_.comes_up());
  spans_["start"] = Clock::now() - start;
  machine_before_ = machine_text();
  for (const LabPointer& lab : labs_) {
    RETURN_IF_ERROR(carry_out({.kind = OperationKind::kApply, .target = lab}));
    const std::string site = lab->lab.sites.begin()->first;
    RETURN_IF_ERROR(carry_out({.kind = OperationKind::kRestart, .site = site}));
    RETURN_IF_ERROR(carry_out({.kind = OperationKind::kTraffic, .site = site}));
    random_.seed(1);
    RETURN_IF_ERROR(carry_out(random_change(known_, random_)));
  }
  return remove_lab();
}

void CrashRun::begin_story(uint64_t round) {
  story_.clear();
  note(
      fmt::format("round {} with {} in force, {}", round, name_of(known_), to_text(known_.leases)));
}

Status CrashRun::round() {
  const Operation operation = choose();
  starts_killed_ = 0;
  RETURN_IF_ERROR(make_way(operation));
  RETURN_IF_ERROR(kill_during(operation));
  while (chance(35)) RETURN_IF_ERROR(kill_during({.kind = OperationKind::kStart}));
  RETURN_IF_ERROR(come_back(operation));
  RETURN_IF_ERROR(recover());
  RETURN_IF_ERROR(check_in_force());
  if (chance(12)) return remove_lab();
  return {};
}

Operation CrashRun::choose() {
  const uint32_t kind = below(100);
  Operation operation{.kind = OperationKind::kApply, .target = any_lab()};
  if (known_.lab == nullptr || kind < 30) return operation;
  const auto& sites = known_.lab->lab.sites;
  if (kind < 37) {
    operation.target = known_.lab;
  } else if (kind < 48 && !sites.empty()) {
    const auto site = std::next(sites.begin(), below(static_cast<uint32_t>(sites.size())));
    operation = {.kind = chance(50) ? OperationKind::kRestart : OperationKind::kTraffic,
                 .site = site->first};
  } else if (kind < 73) {
    operation = random_change(known_, random_);
  } else if (kind < 84) {
    operation = {.kind = OperationKind::kDown};
  } else {
    operation = {.kind = OperationKind::kStart};
  }
  return operation;
}

// A lab that moves or drops a subnet in use comes once nobody uses it.
Status CrashRun::make_way(const Operation& operation) {
  while (const auto first = what_comes_first(operation, known_)) {
    RETURN_IF_ERROR(carry_out(*first));
  }
  return {};
}

// Either what was in force before the operation or what it was to bring; nothing in between.
Status CrashRun::come_back(const Operation& operation) {
  daemon_.spawn();
  RETURN_IF_ERROR(daemon_.comes_up());
  if (is_set_aside()) return take_up_again(operation);
  ASSIGN_OR_RETURN(const InForce found, in_force(daemon_.client()));
  ASSIGN_OR_RETURN(Known target, after(operation, known_));
  if (is_lab_of(found, known_)) {
    note("came back with " + name_of(known_));
    if (found.leases == known_.leases) return {};
    return wrong("the leases were " + to_text(known_.leases) + " and are now " +
                 to_text(found.leases));
  }
  note("came back with " + name_of(target));
  return now_in_force(target);
}

Status CrashRun::now_in_force(const Known& target) {
  ASSIGN_OR_RETURN(InForce found, in_force(daemon_.client()));
  if (!is_lab_of(found, target)) {
    return wrong(fmt::format("what is in force is not {}: {}, with {} links left behind\n{}",
                             name_of(target), found.text.file, found.orphans.size(),
                             found.text.text));
  }
  if (target.lab != nullptr) {
    RETURN_IF_ERROR(check_leases(known_.leases, target.lab->lab, found.leases));
  }
  known_ = {target.lab, target.orphans, std::move(found.leases)};
  return {};
}

// After two kills within one start after the other, which look like a lab that ends the daemon.
bool CrashRun::is_set_aside() const {
  const ctl::Answer answer = daemon_.client().get("/v1/status");
  const auto* status = std::get_if<ctl::Json>(&answer);
  if (status == nullptr) return false;
  const std::vector<std::string> problems = ctl::texts_of(*status, "problems");
  return std::any_of(problems.begin(), problems.end(), [](const std::string& problem) {
    return problem.find("set aside") != std::string::npos;
  });
}

// Nothing may have changed: the machine by no pass, the leases by no other lab.
Status CrashRun::take_up_again(const Operation& operation) {
  if (starts_killed_ < 2) return wrong("a lab is set aside that had no part in the end");
  note("came back with the lab set aside");
  // Whether the operation was stored, nobody is told; what it was to bring is the same from either,
  // but for the links that it leaves.
  ASSIGN_OR_RETURN(const Known target, after(operation, known_));
  const Operation apply{.kind = OperationKind::kApply,
                        .target = target.lab == nullptr ? known_.lab : target.lab};
  note(to_text(apply));
  const ctl::Answer answer = perform(daemon_.client(), apply);
  if (const auto* failure = std::get_if<ctl::Failure>(&answer)) return wrong(failure->message);
  ASSIGN_OR_RETURN(const InForce found, in_force(daemon_.client()));
  RETURN_IF_ERROR(now_in_force({apply.target, found.orphans, {}}));
  return operation.change ? remove_lab() : Status();
}

Status CrashRun::recover() {
  const uint32_t kind = below(100);
  if (known_.lab != nullptr && kind < 45) return comes_in_sync();
  const LabPointer target = known_.lab != nullptr && kind < 70 ? known_.lab : any_lab();
  if (kind >= 90) return remove_lab();
  RETURN_IF_ERROR(carry_out({.kind = OperationKind::kApply, .target = target}));
  return {};
}

Status CrashRun::check_in_force() {
  if (known_.lab == nullptr) return {};
  RETURN_IF_ERROR(comes_in_sync());
  ASSIGN_OR_RETURN(const int changed,
                   carry_out({.kind = OperationKind::kApply, .target = known_.lab}));
  if (changed == 0) return {};
  return wrong(fmt::format("applying the lab in force again changed {} objects", changed));
}

Status CrashRun::remove_lab() {
  RETURN_IF_ERROR(carry_out({.kind = OperationKind::kDown}));
  for (const auto& entry : std::filesystem::directory_iterator(daemon_.state_directory())) {
    if (entry.path().filename() != "egressd.lock") {
      return wrong(entry.path().string() + " is left after down");
    }
  }
  return expect_machine(machine_before_);
}

Status CrashRun::finish() {
  story_.clear();
  note("the end");
  RETURN_IF_ERROR(remove_lab());
  const int status = daemon_.end(SIGTERM);
  if (status == 0) return expect_machine(machine_before_);
  return wrong(fmt::format("egressd ended with status {}", status));
}

Result<int> CrashRun::carry_out(const Operation& operation) {
  RETURN_IF_ERROR(make_way(operation));
  const std::string what = to_text(operation);
  note(operation.change ? lifecycle::to_text(*operation.change) : what);
  ASSIGN_OR_RETURN(const Known target, after(operation, known_));
  const auto since = Clock::now();
  const ctl::Answer answer = perform(daemon_.client(), operation);
  if (const auto* failure = std::get_if<ctl::Failure>(&answer)) {
    return wrong(what + ": " + failure->message);
  }
  const auto& result = std::get<ctl::Json>(answer);
  if (!ctl::list_of(result, "failed").empty() || !ctl::list_of(result, "drift").empty()) {
    return wrong(what + " is not complete: " + result.dump());
  }
  const int changed = static_cast<int>(ctl::number_of(result, "changed"));
  // What changed nothing tells nothing about how long it takes to change something.
  if (changed > 0) spans_[what] = std::max(Duration(Clock::now() - since), spans_[what] * 0.8);
  RETURN_IF_ERROR(now_in_force(target));
  return changed;
}

Status CrashRun::comes_in_sync() {
  const auto since = Clock::now();
  std::string said;
  const bool in_sync = testing_support::eventually([&] {
    const ctl::Answer answer = daemon_.client().get("/v1/status");
    const auto* status = std::get_if<ctl::Json>(&answer);
    said = status == nullptr ? std::get<ctl::Failure>(answer).message : status->dump();
    return status != nullptr && ctl::flag_of(*status, "inSync");
  });
  note(fmt::format("in sync after {:.0f} ms", Duration(Clock::now() - since).count()));
  if (in_sync) return {};
  return wrong("the kernel does not come to agree: " + said);
}

std::string CrashRun::story() {
  const std::string log = daemon_.log();
  return fmt::format(
      "  {}\nthe daemon {} and said:\n{}", fmt::join(story_, "\n  "),
      daemon_.running() ? "runs" : fmt::format("ended with {}", daemon_.end(SIGKILL)), log);
}

}  // namespace egress::crash
