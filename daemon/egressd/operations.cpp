// SPDX-License-Identifier: MIT
#include "egressd/operations.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/memory.hpp"
#include "egressd/flow_ageing.hpp"

namespace egress::daemon {

namespace {

constexpr std::chrono::seconds kPassInterval{30};
// Who changes one thing often changes more; and who looks at `status` meanwhile sees the drift.
constexpr std::chrono::seconds kSettling{2};
constexpr std::chrono::seconds kLongestRetry{60};

// What `systemctl status` shows. Without NOTIFY_SOCKET nothing happens.
void notify_status(const std::string& status) {
  sd_notifyf(0, "STATUS=%s", status.c_str());
}

}  // namespace

Operations::Operations(uv::Loop& loop, uv::Workers& workers, kernel::Kernel& kernel,
                       session::Session& session, Clock clock, uv::Callback on_idle)
    : workers_(workers),
      kernel_(kernel),
      session_(session),
      clock_(std::move(clock)),
      on_idle_(std::move(on_idle)),
      runner_(loop, kernel, clock_),
      timer_(loop, [this] { reconcile_now(); }) {
  const int fd = kernel.changes_fd();
  if (fd != -1) watch_.emplace(loop, fd, [this] { reconcile_soon(); });
}

std::optional<Error> Operations::why_not_now() const {
  if (!busy() && !winding_down_) return std::nullopt;
  return Error{
      .code = Errc::kBusy,
      .message = winding_down_ ? "the daemon is stopping" : "another operation is in progress"};
}

bool Operations::refuse_when_busy(OperationObserver& observer) const {
  const std::optional<Error> why = why_not_now();
  if (why) observer.refused({.error = *why});
  return why.has_value();
}

void Operations::apply(lab::LabText text, const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  propose(
      "apply",
      [text = std::move(text), base = session_.current(), terms = session_.terms(),
       now = lab_time()] { return session::propose(*base, text, terms, now); },
      observer);
}

void Operations::restart(const std::string& site, const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  propose(
      "restart",
      [site, base = session_.current(), terms = session_.terms()] {
        return session::propose_restart(*base, site, terms);
      },
      observer);
}

void Operations::use_traffic(const std::string& site, lab::TrafficClass traffic,
                             const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  if (last_clean_ && session_.sends(site, traffic)) {
    observer->begun({});
    return observer->ended({});
  }
  propose(
      "use traffic",
      [site, traffic, base = session_.current(), terms = session_.terms()] {
        return session::propose_traffic(*base, site, traffic, terms);
      },
      observer);
}

template <typename Propose>
void Operations::propose(const char* what, Propose propose, const Observer& observer) {
  const auto then = [this, what, observer](Result<session::Outcome> outcome) {
    proposing_ = false;
    session::Refusal refusal;
    if (!outcome.ok()) {
      refusal.error = outcome.error();
    } else if (auto* refused = std::get_if<session::Refusal>(&*outcome)) {
      refusal = std::move(*refused);
    } else if (winding_down_) {
      refusal.error = {.code = Errc::kBusy, .message = "the daemon is stopping"};
    } else {
      auto& proposal = std::get<session::Proposal>(*outcome);
      const auto warnings = proposal.next.warnings;
      Status taken = take(std::move(proposal));
      if (taken.ok()) return begin(what, warnings, observer);
      refusal.error = std::move(taken).error();
    }
    observer->refused(refusal);
    on_idle_();
  };
  workers_.run(what, std::move(propose), then);
  proposing_ = true;
}

// kConflict when a proposed lab needs names that others have. A kernel that cannot be looked at is
// the pass's to report.
Status Operations::take(session::Proposal proposal) {
  if (kernel_.observe().ok()) {
    RETURN_IF_ERROR(state::check_free(*proposal.next.desired, kernel_.foreign()));
  }
  if (Status adopted = session_.adopt(std::move(proposal)); !adopted.ok()) {
    spdlog::error("{}", adopted.error().to_string());
    return adopted;
  }
  removing_ = false;
  configured_problem_.clear();
  return {};
}

void Operations::refuse_configured(std::string problem) {
  if (!problem.empty()) spdlog::error("{}", problem);
  configured_problem_ = std::move(problem);
}

void Operations::down(const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  session_.forget();
  removing_ = true;
  begin("down", {}, observer);
}

void Operations::advance_clock(std::chrono::seconds by, Then<control::ClockAdvance> then) {
  const auto refuse = [&](Error error) { then(session::Refusal{std::move(error), {}}); };
  if (auto why = why_not_now()) return refuse(*std::move(why));
  session::Outcome outcome =
      session::propose_advance(*session_.current(), by, session_.terms(), lab_time());
  if (auto* refused = std::get_if<session::Refusal>(&outcome)) return then(std::move(*refused));
  Status adopted = session_.adopt(std::get<session::Proposal>(std::move(outcome)));
  if (!adopted.ok()) {
    spdlog::error("{}", adopted.error().to_string());
    return refuse(std::move(adopted).error());
  }
  spdlog::info("the lab's clock is moved on by {} s", by.count());
  begin("clock advance", {},
        std::make_shared<Followed>(nullptr, [this, by, then = std::move(then)](const auto& result) {
          age_flows(by, result.failed, then);
        }));
}

// A flow that ends while a packet of it is under way would look like the kernel's disagreement, so
// to probes this is a change.
void Operations::age_flows(std::chrono::seconds by, std::vector<control::FailedObject> failed,
                           Then<control::ClockAdvance> then) {
  const auto ended = [this, failed = std::move(failed),
                      then = std::move(then)](Result<FlowAgeing::Report> report) {
    ageing_ = false;
    if (!report.ok())
      report = FlowAgeing::Report{.failed = {{"flows", report.error().to_string()}}};
    for (const control::FailedObject& each : report->failed) {
      spdlog::error("{}: {}", each.object, each.message);
    }
    report->failed.insert(report->failed.begin(), failed.begin(), failed.end());
    then(control::ClockAdvance{.clock = {lab_time(), session_.current()->clock_offset},
                               .ended_flows = report->ended,
                               .failed = std::move(report->failed)});
    on_idle_();
  };
  const FlowAgeing ageing(kernel_, *session_.network(), session_.terms().prefix);
  workers_.run(
      "age flows", [ageing, by] { return ageing.age(by); }, ended);
  ++changes_;
  ageing_ = true;
}

void Operations::begin(const char* what, const std::vector<lab::Finding>& warnings,
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

std::optional<uint64_t> Operations::changes() const {
  if (requested_ || ageing_ || runner_.changing()) return std::nullopt;
  return changes_;
}

Result<uint64_t> Operations::quiet_now() {
  if (session_.network() == nullptr) return no_lab();
  const std::optional<uint64_t> quiet = changes();
  if (busy() || !quiet) {
    return Error{.code = Errc::kBusy, .message = "an operation is in progress"};
  }
  RETURN_IF_ERROR(kernel_.observe());
  RETURN_IF_ERROR(state::check_free(*session_.current()->desired, kernel_.foreign()));
  return *quiet;
}

void Operations::reconcile_now() {
  const bool nothing_known = session_.network() == nullptr && !removing_;
  if (runner_.running() || winding_down_ || nothing_known) return;
  start_pass(nullptr);
}

void Operations::reconcile_soon() {
  if (watch_) watch_->stop();
  if (runner_.running() || winding_down_ || settling_ || !last_clean_) return;
  settling_ = true;
  timer_.start(kSettling);
}

void Operations::wind_down() {
  winding_down_ = true;
  timer_.stop();
  if (watch_) watch_->stop();
  if (!requested_) runner_.abandon();
}

void Operations::start_pass(const Observer& observer) {
  timer_.stop();
  if (watch_) watch_->stop();
  settling_ = false;
  runner_.abandon();
  const auto on_progress = [observer](const reconcile::Progress& progress) {
    if (observer != nullptr) observer->progressed(progress);
  };
  runner_.start(session_.current()->desired, on_progress,
                [this, observer](const PassOutcome& outcome) { finish_pass(outcome, observer); });
}

void Operations::finish_pass(const PassOutcome& outcome, const Observer& observer) {
  if (outcome.report.ops_total > 0) ++changes_;
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

void Operations::end_pass(bool clean, const control::PassResult& result, const Observer& observer) {
  if (observer != nullptr) requested_ = false;
  schedule(clean);
  if (observer != nullptr) observer->ended(result);
  on_idle_();
}

void Operations::review_flows(const uv::Callback& then) {
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

void Operations::note_review(const Result<FlowReview::Report>& report) {
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
void Operations::note_state(const Status& stored) {
  std::string problem = stored.ok() ? std::string() : stored.error().to_string();
  if (!problem.empty() && problem != state_problem_) spdlog::error("{}", problem);
  state_problem_ = std::move(problem);
}

// Of somebody else's change; a pass that goes on where an earlier one failed repairs nothing.
void Operations::note_repair(const PassOutcome& outcome) {
  if (requested_ || !last_clean_ || outcome.ops.empty()) return;
  for (const std::string& op : outcome.ops) spdlog::warn("drift: had to {}", op);
  last_repair_ = {.at = lab_time(), .operations = outcome.ops};
}

void Operations::log_outcome(const PassOutcome& outcome) {
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

void Operations::schedule(bool clean) {
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

void Operations::describe(inspect::StatusReport& report) const {
  report.last_pass = last_pass_;
  report.last_repair = last_repair_;
  if (!session_.problem().empty()) report.problems.push_back(session_.problem());
  if (!configured_problem_.empty()) report.problems.push_back(configured_problem_);
  for (const std::string& problem : review_problems_) report.problems.push_back(problem);
  if (!state_problem_.empty()) report.problems.push_back(state_problem_);
  for (const std::string& fault : known_faults_) report.problems.push_back(fault);
  if (removing_) report.problems.push_back("the lab is being removed");
}

}  // namespace egress::daemon
