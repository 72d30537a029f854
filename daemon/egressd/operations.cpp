// SPDX-License-Identifier: MIT
#include "egressd/operations.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/json.hpp"
#include "egressd/memory.hpp"
#include "egressd/notifier.hpp"
#include "egressd/responses.hpp"

namespace egress::daemon {

namespace {

constexpr std::chrono::seconds kPassInterval{30};
// Who changes one thing often changes more; and who looks at `status` meanwhile sees the drift.
constexpr std::chrono::seconds kSettling{2};
constexpr std::chrono::seconds kLongestRetry{60};

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

}  // namespace

Operations::Operations(Loop& loop, kernel::Kernel& kernel, Session& session, Callback on_idle)
    : kernel_(kernel),
      session_(session),
      on_idle_(std::move(on_idle)),
      runner_(loop, kernel),
      timer_(loop, [this] { reconcile_now(); }) {
  const int fd = kernel.changes_fd();
  if (fd != -1) changes_.emplace(loop, fd, [this] { reconcile_soon(); });
}

HttpResponse Operations::refuse_when_busy() const {
  return refusal(Error{
      .code = Errc::kBusy,
      .message = winding_down_ ? "the daemon is stopping" : "another operation is in progress"});
}

HttpResponse Operations::apply(control::LabText text) {
  if (requested_ || winding_down_) return refuse_when_busy();
  auto outcome = session_.propose(std::move(text), std::chrono::system_clock::now());
  if (const Refusal* refused = std::get_if<Refusal>(&outcome)) {
    return refusal(refused->error, refused->findings);
  }
  if (Status free = check_names(std::get<Proposal>(outcome)); !free.ok()) {
    return refusal(free.error());
  }
  if (Status adopted = session_.adopt(std::get<Proposal>(std::move(outcome))); !adopted.ok()) {
    spdlog::error("{}", adopted.error().to_string());
    return refusal(adopted.error());
  }
  removing_ = false;
  configured_problem_.clear();
  return begin("apply");
}

void Operations::refuse_configured(std::string problem) {
  if (!problem.empty()) spdlog::error("{}", problem);
  configured_problem_ = std::move(problem);
}

// A kernel that cannot be looked at is the pass's to report.
Status Operations::check_names(const Proposal& proposal) {
  if (!kernel_.observe().ok()) return {};
  return state::check_free(proposal.desired, kernel_.foreign());
}

HttpResponse Operations::restart(const std::string& site) {
  if (requested_ || winding_down_) return refuse_when_busy();
  if (Status restarted = session_.restart(site); !restarted.ok()) {
    return refusal(restarted.error());
  }
  return begin("restart");
}

HttpResponse Operations::down() {
  if (requested_ || winding_down_) return refuse_when_busy();
  session_.forget();
  removing_ = true;
  return begin("down");
}

HttpResponse Operations::begin(const char* what) {
  spdlog::info("{} begins", what);
  const auto stream = std::make_shared<LineStream>();
  requested_ = true;
  const Result<bool> begun = within_memory(what, [&] {
    start_pass(stream);
    return true;
  });
  if (begun.ok()) return {.stream = stream};
  requested_ = false;
  schedule(false);
  return refusal(begun.error());
}

void Operations::reconcile_now() {
  const bool nothing_known = session_.network() == nullptr && !removing_;
  if (runner_.running() || winding_down_ || nothing_known) return;
  start_pass(nullptr);
}

void Operations::reconcile_soon() {
  if (changes_) changes_->stop();
  if (runner_.running() || winding_down_ || settling_ || !last_clean_) return;
  settling_ = true;
  timer_.start(kSettling);
}

void Operations::wind_down() {
  winding_down_ = true;
  timer_.stop();
  if (changes_) changes_->stop();
  if (!requested_) runner_.abandon();
}

void Operations::start_pass(const std::shared_ptr<LineStream>& stream) {
  timer_.stop();
  if (changes_) changes_->stop();
  settling_ = false;
  runner_.abandon();
  const auto on_progress = [stream](const reconcile::Progress& progress) {
    if (stream == nullptr) return;
    stream->write(control::dump(
        control::to_json(control::Progress{progress.done, progress.total, progress.what})));
  };
  Result<state::KernelState> desired =
      within_memory("begin the pass", [this] { return session_.desired(); });
  if (!desired.ok()) {
    finish_pass({.report = {.failed = {{"pass", desired.error()}}}}, stream);
    return;
  }
  runner_.start(std::move(*desired), on_progress,
                [this, stream](const PassOutcome& outcome) { finish_pass(outcome, stream); });
}

void Operations::finish_pass(const PassOutcome& outcome,
                             const std::shared_ptr<LineStream>& stream) {
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
  requested_ = false;
  if (removed && clean) {
    removing_ = false;
    last_pass_.reset();
    last_repair_.reset();
  }
  schedule(clean);
  if (stream != nullptr) {
    stream->write(control::dump(control::to_json(result)));
    stream->finish();
  }
  on_idle_();
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
  last_repair_ = {.at = std::chrono::system_clock::now(), .operations = outcome.ops};
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
    if (changes_) changes_->start();
    return;
  }
  const auto delay =
      std::min(std::chrono::seconds(1) * (1 << std::min(failures_ - 1, 6)), kLongestRetry);
  notify_status(fmt::format("not in sync, next try in {} s", delay.count()));
  spdlog::warn("not in sync, next try in {} s", delay.count());
  timer_.start(delay);
}

void Operations::describe(control::StatusReport& report) const {
  report.last_pass = last_pass_;
  report.last_repair = last_repair_;
  if (!session_.problem().empty()) report.problems.push_back(session_.problem());
  if (!configured_problem_.empty()) report.problems.push_back(configured_problem_);
  if (!state_problem_.empty()) report.problems.push_back(state_problem_);
  for (const std::string& fault : known_faults_) report.problems.push_back(fault);
  if (removing_) report.problems.push_back("the lab is being removed");
}

}  // namespace egress::daemon
