// SPDX-License-Identifier: MIT
#include "tests/lifecycle/run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "lab/load.hpp"
#include "lifecycle/stages.hpp"
#include "reconcile/pass.hpp"
#include "tests/lifecycle/shrink.hpp"

namespace egress::life {
namespace {

constexpr size_t kMostQuestions = 200;
// Of steps that something is done by, so many in a hundred are the last that their daemon does.
constexpr uint32_t kCrashesInAHundred = 8;
constexpr uint32_t kMostOpsBeforeCrash = 40;

const session::Terms kTerms{.prefix = "eg"};

lab::LabText first_text() {
  return {.file = "first.yaml", .text = kFirstLab};
}

std::string code_of(const session::Refusal& refusal) {
  return refusal.code.empty() ? errc_name(refusal.error.code) : refusal.code;
}

bool equal(const session::LabInForce& a, const session::LabInForce& b) {
  return a.version == b.version && a.clock_offset == b.clock_offset && a.text == b.text &&
         a.leases.all() == b.leases.all() && a.numbers == b.numbers && a.restarts == b.restarts &&
         a.dns_at_start == b.dns_at_start && a.life == b.life && a.journal == b.journal;
}

}  // namespace

LifeRun::LifeRun(World& world, const std::string& folder)
    : world_(world), store_(folder + "/egressd.db") {}

std::string LifeRun::play(const Steps& steps) {
  if (std::string fault = begin(); !fault.empty()) return fault;
  for (const Step& each : steps) {
    if (std::string fault = step(each); !fault.empty()) return fault;
  }
  return {};
}

std::string LifeRun::begin() {
  session_ = std::make_unique<session::Session>(kTerms, store::Store(store_));
  if (const Status restored = session_->restore(machine_now_); !restored.ok()) {
    return restored.error().to_string();
  }
  session::Outcome outcome =
      session::propose(*session_->current(), first_text(), kTerms, machine_now_);
  auto* proposal = std::get_if<session::Proposal>(&outcome);
  if (proposal == nullptr) return "the first lab is refused";
  if (const Status adopted = session_->adopt(std::move(*proposal)); !adopted.ok()) {
    return adopted.error().to_string();
  }
  first_ = in_force();
  numbers_ = session_->current()->numbers;
  world_.begin();
  return check(expected_of_nothing());
}

std::string LifeRun::step(const Step& step) {
  machine_now_ += std::chrono::seconds(1);
  numbers_ = session_->current()->numbers;
  const Action action = action_of(step, lab());
  story_.push_back({life::to_text(action), {}, {}});
  const Expected expected = expected_of(action);
  if (std::holds_alternative<Crash>(action)) {
    const std::string fault = restart_daemon();
    return fault.empty() ? check(expected) : fault;
  }
  session::Outcome outcome = outcome_of(action);
  if (const auto* refusal = std::get_if<session::Refusal>(&outcome)) {
    const std::string code = code_of(*refusal);
    story_.back().refusal = code;
    if (expected.refusals.contains(code)) return check(expected_of_nothing());
    return fmt::format("refused with {}: {}; expected {}", code, refusal->error.message,
                       expected.refusals.empty() ? "none" : expected.refusals.begin()->c_str());
  }
  if (!expected.refusals.empty()) {
    return fmt::format("is not refused with {}", fmt::join(expected.refusals, ", "));
  }
  auto& proposal = std::get<session::Proposal>(outcome);
  const bool changes = proposal.next.version != session_->current()->version;
  if (std::holds_alternative<lifecycle::Operation>(action) &&
      changes == (expected.model == in_force())) {
    return changes ? "the version changes, and nothing else" : "the version stays";
  }
  std::string fault = adopt(std::move(proposal), step);
  if (fault.empty()) fault = scale_to_the_end();
  return fault.empty() ? check(expected) : fault;
}

LifeRun::Expected LifeRun::expected_of(const Action& action) const {
  const Model before = in_force();
  Expected expected{.model = after(action, before, first_)};
  const auto* advance = std::get_if<Advance>(&action);
  const auto by = advance == nullptr ? std::chrono::seconds(0) : advance->by;
  expected.leases = kept(leases(), expected.model, lab_now() + by, lab().release_delay);
  expected.refusals = refusals(action, before, expected.model, expected.leases);
  expected.touched = touched(action, before, expected.model);
  return expected;
}

LifeRun::Expected LifeRun::expected_of_nothing() const {
  return {.model = in_force(), .leases = leases()};
}

session::Outcome LifeRun::outcome_of(const Action& action) const {
  const session::LabInForce& base = *session_->current();
  if (const auto* operation = std::get_if<lifecycle::Operation>(&action)) {
    return session::propose_operation(base, *operation, kTerms, lab_now());
  }
  if (const auto* restart = std::get_if<Restart>(&action)) {
    return session::propose_restart(base, restart->site, kTerms);
  }
  if (const auto* advance = std::get_if<Advance>(&action)) {
    return session::propose_advance(base, advance->by, kTerms, lab_now());
  }
  const bool first = std::get<Apply>(action).first;
  return session::propose(base, first ? first_text() : base.text, kTerms, lab_now());
}

// Now and then the daemon dies in the pass that follows.
std::string LifeRun::adopt(session::Proposal proposal, const Step& step) {
  if (const Status adopted = session_->adopt(std::move(proposal)); !adopted.ok()) {
    return adopted.error().to_string();
  }
  const uint32_t number = step.numbers[2] / 100;
  if (number % 100 >= kCrashesInAHundred) return {};
  const uint32_t ops = number / 100 % kMostOpsBeforeCrash;
  story_.back().remark = fmt::format("killed after {} steps of its pass", ops);
  reconcile::Pass pass(world_.kernel(), {.state = session_->current()->desired,
                                         .renames = *session_->current()->renames});
  for (uint32_t i = 0; i < ops && pass.step(std::chrono::nanoseconds(0)); ++i) continue;
  return restart_daemon();
}

// As the daemon does, behind passes that left nothing to do.
std::string LifeRun::scale_to_the_end() {
  while (lifecycle::next_to_move(session_->current()->life)) {
    if (std::string fault = reach(); !fault.empty()) return "while it is scaled: " + fault;
    session::Outcome outcome = session::propose_stage(*session_->current(), kTerms, lab_now());
    auto* proposal = std::get_if<session::Proposal>(&outcome);
    if (proposal == nullptr) return "a stage is refused";
    if (const Status adopted = session_->adopt(std::move(*proposal)); !adopted.ok()) {
      return adopted.error().to_string();
    }
  }
  return {};
}

std::string LifeRun::restart_daemon() {
  const auto before = session_->current();
  world_.forget();
  session_ = std::make_unique<session::Session>(kTerms, store::Store(store_));
  if (const Status restored = session_->restore(machine_now_); !restored.ok()) {
    return "after a crash: " + restored.error().to_string();
  }
  if (session_->network() == nullptr) return "after a crash: " + session_->problem();
  // What is due has been released by whoever took the lab up.
  session::LabInForce known = *before;
  if (const auto due = known.leases.plan(lab(), known.life.instances, lab_now());
      due.ok() && !due->empty()) {
    known.leases.commit(*due);
    ++known.version;
  }
  if (!equal(known, *session_->current())) return "what a crash left is not what was in force";
  return {};
}

std::string LifeRun::check(const Expected& expected) {
  if (const Model found = in_force(); !(found == expected.model)) {
    return fmt::format("in force is\n{}and expected was\n{}", life::to_text(found),
                       life::to_text(expected.model));
  }
  for (const std::string& fault :
       {check_leases(expected.leases), check_export(), check_numbers(), reach()}) {
    if (!fault.empty()) return fault;
  }
  if (const Status ended = session_->end_start(); !ended.ok()) return ended.error().to_string();
  return world_.fault_in_connections(lab(), expected.touched);
}

std::string LifeRun::check_leases(const ModelLeases& kept) const {
  const ModelLeases found = leases();
  if (found.waiting != kept.waiting) {
    return fmt::format("{} addresses wait, and {} should", found.waiting.size(),
                       kept.waiting.size());
  }
  std::set<ipam::LeaseKey> taken;
  std::set<lab::Integration> holders;
  for (const auto& [holder, address] : found.held) {
    const ipam::LeaseKey key{holder.subnet.vnet, address};
    const std::string text = fmt::format("{}/{} in {} with {}", holder.server_farm, holder.instance,
                                         holder.subnet.to_string(), address.to_string());
    if (!taken.insert(key).second) return text + ": it is somebody else's";
    if (kept.waiting.contains(key)) return text + ": it waits";
    const lab::Subnet* subnet = lab().find(holder.subnet);
    if (subnet == nullptr || !ipam::assignable(*subnet, address)) return text + ": out of range";
    const auto held = kept.held.find(holder);
    if (held != kept.held.end() && held->second != address) return text + ": had another one";
    holders.insert(holder);
  }
  if (holders != wanted(in_force())) return "who holds an address is not who wants one";
  return {};
}

std::string LifeRun::check_export() {
  if (session_->current()->text == exported_) return {};
  exported_ = session_->current()->text;
  const lab::Loaded loaded = lab::load(session_->current()->text);
  if (!loaded.lab) return "what is exported does not load";
  return *loaded.lab == lab() ? "" : "what is exported loads as another lab";
}

// Who was there and is there has the numbers it had.
std::string LifeRun::check_numbers() const {
  for (const auto& [of, now] : session_->current()->numbers) {
    for (const auto& [key, had] : numbers_in(numbers_, of)) {
      const auto has = now.find(key);
      if (has != now.end() && has->second != had) {
        return fmt::format("{} of {} was {} and is {}", key, of, had, has->second);
      }
    }
  }
  return {};
}

std::string LifeRun::reach() {
  const auto current = session_->current();
  const state::KernelState& desired = *current->desired;
  const reconcile::PassReport report =
      reconcile::run(world_.kernel(), desired, *current->renames, *current->meanwhile);
  if (!report.failed.empty()) {
    const auto& failed = report.failed.front();
    return failed.object + ": " + failed.error.to_string();
  }
  if (!report.in_sync()) {
    return "the kernel does not agree" +
           (report.remaining.empty() ? "" : ": " + report.remaining.front());
  }
  const reconcile::PassReport again = reconcile::run(world_.kernel(), desired, *current->renames);
  if (again.ops_total > 0) return fmt::format("a second pass has {} ops", again.ops_total);
  return {};
}

Drawn drawn(const Drawn& otherwise) {
  const auto number = [](const char* name, uint64_t unsaid) {
    const char* text = std::getenv(name);
    return text == nullptr ? unsaid : std::strtoull(text, nullptr, 10);
  };
  return {number("EGRESS_LIFE_SEED", otherwise.seed),
          number("EGRESS_LIFE_SEQUENCES", otherwise.sequences), otherwise.steps};
}

std::string fault_in(World& world, const Steps& steps, Coverage& coverage) {
  const testing_support::Folder folder;
  LifeRun run(world, folder.path().string());
  const std::string fault = run.play(steps);
  std::string story;
  for (const LifeRun::Deed& deed : run.story()) {
    const std::string& said = deed.refusal.empty() ? deed.remark : deed.refusal;
    story += deed.command + (said.empty() ? "" : "  # " + said) + "\n";
    const std::string name =
        deed.command.substr(0, deed.command.find(' ', deed.command.find(' ') + 1));
    ++(deed.refusal.empty() ? coverage.done : coverage.refused)[name];
  }
  if (fault.empty()) return {};
  return fmt::format("first.yaml:\n{}\n{}\n{}\n", kFirstLab, story, fault);
}

std::string fault_in(World& world, const Drawn& drawn, Coverage& coverage) {
  for (uint64_t seed = drawn.seed; seed < drawn.seed + drawn.sequences; ++seed) {
    const Steps steps = random_steps(seed, drawn.steps);
    const std::string fault = fault_in(world, steps, coverage);
    if (fault.empty()) continue;
    Coverage ignored;
    const auto shows = [&](const Steps& some) {
      world.clear();
      return !fault_in(world, some, ignored).empty();
    };
    if (!shows(steps)) {
      return fmt::format("seed {}, and not without the seeds before it:\n{}", seed, fault);
    }
    const Steps enough = shrink(steps, shows, kMostQuestions);
    world.clear();
    return fmt::format("EGRESS_LIFE_SEED={}, {} of {} steps are enough:\n{}", seed, enough.size(),
                       steps.size(), fault_in(world, enough, ignored));
  }
  return {};
}

}  // namespace egress::life
