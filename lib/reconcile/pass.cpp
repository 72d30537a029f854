// SPDX-License-Identifier: MIT
#include "reconcile/pass.hpp"

#include <utility>

namespace egress::reconcile {

Pass::Pass(kernel::Kernel& kernel, Wanted wanted, Clock clock)
    : kernel_(kernel), wanted_(std::move(wanted)), clock_(std::move(clock)) {
  kernel_.expect(wanted_.state);
}

bool Pass::step(std::chrono::steady_clock::duration budget) {
  const auto end = clock_() + budget;
  do {
    advance();
  } while (stage_ != Stage::kDone && clock_() < end);
  return stage_ != Stage::kDone;
}

void Pass::advance() {
  switch (stage_) {
    case Stage::kObserve: return observe();
    case Stage::kApply: return apply_next();
    case Stage::kVerify: return verify();
    case Stage::kDone: return;
  }
}

// What differs now; nothing, and an error in the report, when that cannot be known.
std::optional<state::ChangeSet> Pass::compare() {
  const Result<state::KernelState> observed = kernel_.observe();
  if (!observed.ok()) {
    report_.failed.push_back({"observe", observed.error()});
    return std::nullopt;
  }
  if (stage_ == Stage::kObserve) do_without_taken();
  Result<state::ChangeSet> ops = state::diff(*wanted_.state, *observed, wanted_.renames);
  if (ops.ok()) return *std::move(ops);
  report_.failed.push_back({"compare", std::move(ops).error()});
  return std::nullopt;
}

void Pass::do_without_taken() {
  report_.taken = state::taken_names(*wanted_.state, kernel_.foreign());
  if (report_.taken.empty()) return;
  wanted_.state =
      std::make_shared<const state::KernelState>(state::without(*wanted_.state, report_.taken));
  kernel_.expect(wanted_.state);
}

void Pass::observe() {
  ops_ = state::by_way_of(compare().value_or(state::ChangeSet()), wanted_.meanwhile);
  report_.ops_total = ops_.size();
  progress_.total = ops_.size();
  stage_ = ops_.empty() ? Stage::kDone : Stage::kApply;
}

void Pass::apply_next() {
  const state::Op& op = ops_[progress_.done];
  progress_.what = state::to_text(op);
  if (auto reason = dependents_.reason_to_skip(op)) {
    report_.skipped.push_back({progress_.what, std::move(*reason)});
    dependents_.note_undone(op);
  } else if (Status status = kernel_.apply(op); !status.ok()) {
    report_.failed.push_back({progress_.what, std::move(status).error()});
    dependents_.note_undone(op);
  } else {
    ++report_.changed;
    dependents_.note_done(op);
  }
  if (++progress_.done == ops_.size()) {
    progress_.what = "verify";
    stage_ = Stage::kVerify;
  }
}

void Pass::verify() {
  for (const state::Op& op : compare().value_or(state::ChangeSet())) {
    report_.remaining.push_back(state::to_text(op));
  }
  stage_ = Stage::kDone;
}

PassReport run(kernel::Kernel& kernel, const state::KernelState& desired,
               const state::Renames& renames, const state::Firewalls& meanwhile) {
  Pass pass(kernel, {std::make_shared<const state::KernelState>(desired), renames, meanwhile});
  while (pass.step(std::chrono::steady_clock::duration::max() / 4)) {
  }
  return pass.report();
}

}  // namespace egress::reconcile
