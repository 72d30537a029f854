// SPDX-License-Identifier: MIT
#include "egressd/pass_runner.hpp"

#include <utility>

#include "base/memory.hpp"

namespace egress::daemon {

namespace {

constexpr std::chrono::milliseconds kSlice{20};

}  // namespace

control::PassResult result_of(const PassOutcome& outcome) {
  control::PassResult result{.changed = outcome.report.changed,
                             .drift = outcome.report.remaining,
                             .seconds = outcome.seconds};
  for (const auto& failed : outcome.report.failed) {
    result.failed.push_back({failed.object, failed.error.to_string()});
  }
  for (const auto& skipped : outcome.report.skipped) {
    result.failed.push_back({skipped.object, "skipped: " + skipped.reason});
  }
  for (const auto& [netns, what] : outcome.report.taken) {
    result.failed.push_back({"netns " + netns, state::to_text(netns, what)});
  }
  return result;
}

PassRunner::PassRunner(uv::Loop& loop, kernel::Kernel& kernel, Clock clock,
                       uv::Callback before_changes)
    : kernel_(kernel),
      clock_(std::move(clock)),
      before_changes_(std::move(before_changes)),
      idle_(loop, [this] { slice(); }) {}

void PassRunner::start(reconcile::Wanted wanted, OnProgress on_progress, OnDone on_done) {
  EG_CHECK(!running(), "one pass at a time");
  on_progress_ = std::move(on_progress);
  on_done_ = std::move(on_done);
  started_ = clock_.monotonic();
  pass_.emplace(kernel_, std::move(wanted), clock_.monotonic);
  idle_.start();
}

void PassRunner::abandon() {
  idle_.stop();
  pass_.reset();
  on_progress_ = nullptr;
}

void PassRunner::slice() {
  PassOutcome outcome;
  const Result<bool> more = within_memory("go on with the pass", [&] {
    const bool unfinished = step();
    on_progress_(pass_->progress());
    if (!unfinished) outcome = outcome_of_pass();
    return unfinished;
  });
  if (more.ok() && *more) return;
  if (!more.ok()) outcome = {.report = {.failed = {{"pass", more.error()}}}};
  outcome.seconds = std::chrono::duration<double>(clock_.monotonic() - started_).count();
  abandon();
  // The callback may start the next pass, which replaces it.
  const OnDone done = std::exchange(on_done_, nullptr);
  const auto end = [&done](const PassOutcome& ended) {
    return within_memory("end the pass", [&] {
      done(ended);
      return true;
    });
  };
  // Without what there was to tell, the pass has ended all the same.
  const Result<bool> told = end(outcome);
  if (!told.ok()) (void)end({.report = {.failed = {{"pass", told.error()}}}});
}

// What there is to do is looked for in a step of its own, so that nothing is done of it yet.
bool PassRunner::step() {
  if (changing()) return pass_->step(kSlice);
  const bool unfinished = pass_->step(std::chrono::milliseconds(0));
  if (changing()) before_changes_();
  return unfinished;
}

PassOutcome PassRunner::outcome_of_pass() const {
  PassOutcome outcome{.report = pass_->report()};
  for (const state::Op& op : pass_->ops()) outcome.ops.push_back(state::to_text(op));
  return outcome;
}

}  // namespace egress::daemon
