// SPDX-License-Identifier: MIT
#include "egressd/passes.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <utility>

#include "base/memory.hpp"

namespace egress::daemon {

namespace {

constexpr std::chrono::seconds kPassInterval{30};
// Who changes one thing often changes more; and who looks at `status` meanwhile sees the drift.
constexpr std::chrono::milliseconds kSettling{2000};
// A process of ours that has ended leaves nothing half done, and may have been in the way of
// packets. That its links are down may be told before that it has ended.
constexpr std::chrono::milliseconds kSettlingOfProcess{200};
constexpr std::chrono::seconds kLongestRetry{60};

// What `systemctl status` shows. Without NOTIFY_SOCKET nothing happens.
void notify_status(const std::string& status) {
  sd_notifyf(0, "STATUS=%s", status.c_str());
}

}  // namespace

Passes::Passes(uv::Loop& loop, uv::Workers& workers, kernel::Kernel& kernel,
               session::Session& session, Wires& wires, Clock clock, uv::Callback on_idle)
    : workers_(workers),
      kernel_(kernel),
      session_(session),
      wires_(wires),
      clock_(std::move(clock)),
      on_idle_(std::move(on_idle)),
      runner_(loop, kernel, clock_, [this] { wires_.changing(); }),
      timer_(loop, [this] { on_timer(); }) {
  const int fd = kernel.changes_fd();
  if (fd != -1) watch_.emplace(loop, fd, [this] { reconcile_soon(); });
}

void Passes::begin(const char* what, const std::vector<lab::Finding>& warnings,
                   const Observer& observer) {
  spdlog::info("{} begins", what);
  requested_ = true;
  ++changes_;
  const Result<bool> begun = within_memory(what, [&] {
    observer->begun(warnings);
    start_pass(observer);
    return true;
  });
  if (begun.ok()) return;
  requested_ = false;
  schedule(false);
  observer->ended({.failed = {{"pass", begun.error().to_string()}}});
}

void Passes::follow() {
  ++changes_;
  following_ = true;
  start_pass(nullptr);
}

void Passes::reconcile_now() {
  const bool nothing_known = session_.network() == nullptr && !removing_;
  if (runner_.running() || winding_down_ || nothing_known) return;
  settling_ = Settling::kNot;
  if (hold_ && !removing_) {
    const auto left = hold_->end - clock_.monotonic();
    if (left > left.zero()) return timer_.start(std::chrono::ceil<std::chrono::milliseconds>(left));
    spdlog::info("repairs go on");
    hold_.reset();
    kernel_.suspend_flow_cache(false);
  }
  start_pass(nullptr);
}

void Passes::hold(std::chrono::seconds duration) {
  hold_ = Hold{clock_.monotonic() + duration, clock_.now() + duration};
  kernel_.suspend_flow_cache(true);
  spdlog::info("repairs are held for {} s", duration.count());
  if (!runner_.running()) reconcile_now();
}

void Passes::release() {
  if (!std::exchange(hold_, {})) return;
  kernel_.suspend_flow_cache(false);
  spdlog::info("repairs go on");
  reconcile_now();
}

void Passes::reconcile_soon() {
  if (watch_) watch_->stop();
  const bool comes_anyway = runner_.running() || settling_ != Settling::kNot || !last_clean_;
  if (comes_anyway || winding_down_) return;
  settling_ = Settling::kShortly;
  timer_.start(kSettlingOfProcess);
}

void Passes::on_timer() {
  if (settling_ == Settling::kShortly && !kernel_.lost_a_process()) {
    settling_ = Settling::kInFull;
    return timer_.start(kSettling - kSettlingOfProcess);
  }
  reconcile_now();
}

void Passes::wind_down() {
  winding_down_ = true;
  timer_.stop();
  if (watch_) watch_->stop();
  if (!requested_) runner_.abandon();
}

void Passes::start_pass(const Observer& observer) {
  timer_.stop();
  if (watch_) watch_->stop();
  settling_ = Settling::kNot;
  runner_.abandon();
  const auto on_progress = [observer](const reconcile::Progress& progress) {
    if (observer != nullptr) observer->progressed(progress);
  };
  const session::LabInForce& lab = *session_.current();
  const bool is_reached = reached_ == lab.desired;
  runner_.start({.state = lab.desired,
                 .renames = *lab.renames,
                 .meanwhile = is_reached ? state::Firewalls() : *lab.meanwhile},
                on_progress, [this, observer, desired = lab.desired](const PassOutcome& outcome) {
                  if (outcome.report.settled()) reached_ = desired;
                  finish_pass(outcome, observer);
                });
}

void Passes::finish_pass(const PassOutcome& outcome, const Observer& observer) {
  if (outcome.report.ops_total > 0) ++changes_;
  ++counts_.passes;
  counts_.operations += outcome.report.changed;
  counts_.failures += outcome.report.failed.size() + outcome.report.skipped.size();
  note_repair(outcome);
  log_outcome(outcome);
  const bool removed = removing_ && outcome.report.in_sync();
  const Status stored = removed ? session_.erase() : session_.end_start();
  note_state(stored);
  control::PassResult result = result_of(outcome);
  if (removed && !stored.ok()) {
    result.failed.push_back({"erase the stored lab", stored.error().to_string()});
  }
  const bool clean = outcome.report.settled() && (stored.ok() || !removed);
  last_clean_ = clean;
  if (outcome.report.settled()) wires_.settled();
  last_pass_ = {.seconds = outcome.seconds,
                .operations = outcome.report.ops_total,
                .failed = outcome.report.failed.size() + outcome.report.skipped.size()};
  if (removed && clean) {
    removing_ = false;
    last_pass_.reset();
    last_repair_.reset();
  }
  const bool changed = outcome.report.ops_total > 0 || reviewed_ == nullptr;
  const auto end = [this, clean, result, observer] { end_pass(clean, result, observer); };
  if (!changed || session_.network() == nullptr) {
    end();
  } else if (observer != nullptr) {
    review_flows(end);
  } else {
    end();
    review_flows([] {});
  }
}

void Passes::end_pass(bool clean, const control::PassResult& result, const Observer& observer) {
  if (observer != nullptr) requested_ = false;
  schedule(clean);
  if (observer != nullptr) observer->ended(result);
  on_idle_();
}

void Passes::review_flows(const uv::Callback& then) {
  const FlowReview review(kernel_, session_.current()->network, reviewed_, session_.terms().prefix);
  // What a pass has left undone is reviewed as a whole once that is done.
  reviewed_ = last_clean_ ? review.translations() : nullptr;
  workers_.run(
      "review flows", [review] { return review.run(); },
      [this, then](const Result<FlowReview::Report>& report) {
        note_review(report);
        then();
      });
}

void Passes::note_review(const Result<FlowReview::Report>& report) {
  const std::vector<std::string> known = std::move(review_problems_);
  review_problems_ = report.ok() ? report->problems : std::vector{report.error().to_string()};
  if (!review_problems_.empty()) reviewed_.reset();
  if (review_problems_ != known) {
    for (const std::string& problem : review_problems_) spdlog::error("{}", problem);
  }
  if (!report.ok() || report->denied + report->forgotten == 0) return;
  spdlog::info("{} flows are denied now, {} begin anew", report->denied, report->forgotten);
}

// What is stored must say what is in force, or the next start brings back something else.
void Passes::note_state(const Status& stored) {
  std::string problem = stored.ok() ? std::string() : stored.error().to_string();
  if (!problem.empty() && problem != state_problem_) spdlog::error("{}", problem);
  state_problem_ = std::move(problem);
}

// Of somebody else's change; a pass that goes on where an earlier one failed repairs nothing.
void Passes::note_repair(const PassOutcome& outcome) {
  if (std::exchange(following_, false) || requested_) return;
  if (!last_clean_ || outcome.ops.empty()) return;
  ++counts_.repairs;
  for (const std::string& op : outcome.ops) spdlog::warn("drift: had to {}", op);
  last_repair_ = {.at = session_.current()->lab_time(clock_.now()), .operations = outcome.ops};
}

void Passes::log_outcome(const PassOutcome& outcome) {
  const auto& report = outcome.report;
  std::set<std::string> faults;
  for (const auto& failed : report.failed) {
    faults.insert(fmt::format("{}: {}", failed.object, failed.error.to_string()));
  }
  for (const std::string& line : report.remaining) faults.insert("still differs: " + line);
  for (const auto& [netns, what] : report.taken) faults.insert(state::to_text(netns, what));
  for (const std::string& fault : faults) {
    if (known_faults_.count(fault) == 0) spdlog::error("{}", fault);
  }
  known_faults_ = std::move(faults);
  if (report.ops_total > 0) {
    spdlog::info("{} of {} operations done, {} failed, {} skipped, {:.3f} s", report.changed,
                 report.ops_total, report.failed.size(), report.skipped.size(), outcome.seconds);
  }
}

void Passes::schedule(bool clean) {
  failures_ = clean ? 0 : failures_ + 1;
  if (winding_down_) return;
  if (session_.network() == nullptr && !removing_) {
    notify_status(session_.problem().empty() ? "no lab" : session_.problem());
    return;
  }
  if (clean) {
    notify_status(session_.lab_file().value_or("") + " in force");
    timer_.start(kPassInterval);
    if (watch_) watch_->start();
    return;
  }
  const auto delay =
      std::min(std::chrono::seconds(1) * (1 << std::min(failures_ - 1, 6)), kLongestRetry);
  notify_status(fmt::format("not in sync, next try in {} s", delay.count()));
  spdlog::warn("not in sync, next try in {} s", delay.count());
  timer_.start(delay);
}

std::optional<uint64_t> Passes::changes() const {
  if (requested_ || runner_.changing()) return std::nullopt;
  return changes_;
}

void Passes::describe(inspect::StatusReport& report) const {
  report.last_pass = last_pass_;
  report.last_repair = last_repair_;
  report.counts = counts_;
  for (const std::string& problem : review_problems_) report.problems.push_back(problem);
  if (!state_problem_.empty()) report.problems.push_back(state_problem_);
  for (const std::string& fault : known_faults_) report.problems.push_back(fault);
  if (removing_) report.problems.push_back("the lab is being removed");
  if (hold_) report.held_until = hold_->told;
}

}  // namespace egress::daemon
