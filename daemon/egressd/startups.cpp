// SPDX-License-Identifier: MIT
#include "egressd/startups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "policy/expectation.hpp"
#include "policy/origin.hpp"

namespace egress::daemon {

namespace {

// They wait for each other, so that many would be told late.
constexpr size_t kStartsAtOnce = 64;

std::vector<std::string> differences_in(const policy::PlatformReport& report) {
  std::vector<std::string> all;
  for (const policy::StepReport& step : report.steps) {
    for (const policy::CallReport& call : step.calls) {
      all.insert(all.end(), call.differences.begin(), call.differences.end());
    }
  }
  return all;
}

std::string steps_of(const std::vector<lab::PlatformTask>& tasks) {
  std::vector<const char*> steps;
  for (const lab::PlatformTask& task : tasks) steps.push_back(lab::name_of(task.step));
  return fmt::format("{}", fmt::join(steps, ", "));
}

std::string differ_text(const lab::Sender& app, const std::string& difference) {
  return fmt::format("start of {}: performed and predicted differ: {}", app.to_string(),
                     difference);
}

void log(const lab::Sender& app, const policy::PlatformReport& report) {
  if (report.running) {
    spdlog::info("{} runs", app.to_string());
  } else {
    spdlog::info("{} does not run: {}: {}", app.to_string(), lab::name_of(*report.failed_step),
                 report.reason);
  }
  for (const policy::ReferenceReport& reference : report.references) {
    if (reference.resolved) continue;
    spdlog::warn("{}: {} stays unresolved: {}", app.to_string(), reference.setting,
                 reference.reason);
  }
  for (const std::string& difference : differences_in(report)) {
    spdlog::error("{}", differ_text(app, difference));
  }
}

inspect::AppStartup told(const lab::Sender& app, const session::Startup* known) {
  if (known == nullptr) return {.app = app};
  const session::Startup& startup = *known;
  if (!startup.report) return {.app = app, .state = inspect::AppState::kStarting};
  return {
      .app = app,
      .state = startup.report->running ? inspect::AppState::kRunning : inspect::AppState::kFailed,
      .started_at = startup.started_at,
      .report = *startup.report};
}

}  // namespace

Operations::Observer Startups::awaiting(const Operations::Observer& observer) {
  return std::make_shared<Followed>(observer, [this, observer](const control::PassResult& result) {
    waiting_.push_back({observer, result});
  });
}

std::shared_ptr<Startups::Pending> Startups::take_pending() const {
  const session::LabInForce& lab = *session_.current();
  auto pending = std::make_shared<Pending>();
  std::vector<probe::Starting> starts;
  for (const auto& [app, startup] : session_.startups()) {
    if (startup.report || starts.size() == kStartsAtOnce) continue;
    starts.push_back({app, lab.startup_tasks->at(app.site)});
    spdlog::info("{} starts: {}", app.to_string(), steps_of(starts.back().tasks));
    pending->starts.push_back({app, startup});
    pending->starts.back().startup.started_at = lab.lab_time(clock_.now());
  }
  if (starts.empty()) return nullptr;
  pending->performance =
      std::make_shared<probe::Performance>(lab.network, session_.terms().prefix, std::move(starts));
  return pending;
}

void Startups::perform_pending() {
  if (!performing_.expired() || winding_down_) return;
  // What is at work now leads here again when it has ended.
  if (operations_.busy() || !operations_.changes()) return;
  const auto pending = take_pending();
  if (pending == nullptr) {
    problem_.clear();
    end_waiting();
    return on_rest_();
  }
  performing_ = pending;
  take_round(*pending);
  perform(
      pending->performance, [this, pending] { take_round(*pending); },
      [this, pending](const Status& status, End end) {
        end_starts(status.ok() ? pending->stored : status, end);
      });
}

void Startups::perform(const std::shared_ptr<probe::Performance>& performance,
                       const OnRound& on_round, const OnEnd& on_end) {
  const Result<uint64_t> before = operations_.quiet_now();
  if (!before.ok()) return on_end(before.error(), End::kHere);
  if (performance->done()) return on_end({}, End::kHere);
  const auto go_on = [this, before = *before, performance, on_round,
                      on_end](const Result<Status>& done) {
    if (!done.ok()) return on_end(done.error(), End::kHere);
    if (operations_.changes() != before) {
      const Error changed{.code = Errc::kBusy, .message = "the lab was being changed meanwhile"};
      return on_end(changed, End::kOvertaken);
    }
    if (!done->ok()) return on_end(*done, End::kHere);
    on_round();
    perform(performance, on_round, on_end);
  };
  const auto advance = [performance, verifier = verifier_] {
    return performance->advance(*verifier);
  };
  workers_.run("perform starts", advance, go_on);
}

// Stores what has ended, and tells those who wait what goes on.
void Startups::take_round(Pending& pending) {
  const auto next = pending.performance->next();
  const auto reports = pending.performance->reports();
  session::Startups ended;
  size_t done = 0;
  std::string what;
  for (size_t i = 0; i < next.size(); ++i) {
    Start& start = pending.starts[i];
    if (!next[i]) {
      ++done;
      if (std::exchange(start.recorded, true)) continue;
      log(start.app, reports[i]);
      start.startup.report = reports[i];
      ended.emplace(start.app, start.startup);
    } else if (what.empty()) {
      what =
          fmt::format("start {}: {}", start.app.to_string(), lab::name_of(next[i]->from.traffic));
    }
  }
  if (Status recorded = session_.record(ended); !recorded.ok()) {
    pending.stored = std::move(recorded);
  }
  if (what.empty()) return;
  for (const Waiting& each : waiting_) each.observer->progressed({done, next.size(), what});
}

void Startups::end_starts(const Status& status, End end) {
  performing_.reset();
  if (status.ok() || end == End::kOvertaken) return perform_pending();
  if (operations_.busy()) return;  // leads here again when it has ended
  const std::string problem = "starts are not performed: " + status.error().to_string();
  if (problem != problem_) spdlog::error("{}", problem);
  problem_ = problem;
  end_waiting();  // the next pass tries again
  on_rest_();
}

void Startups::end_waiting() {
  for (Waiting& each : std::exchange(waiting_, {})) {
    each.result.not_running = not_running();
    each.observer->ended(each.result);
  }
}

void Startups::wind_down() {
  winding_down_ = true;
  end_waiting();
}

std::vector<inspect::AppStartup> Startups::not_running() const {
  std::vector<inspect::AppStartup> all;
  for (const auto& [app, startup] : session_.startups()) {
    if (startup.report && !startup.report->running) {
      all.push_back(told(app, &startup));
    }
  }
  return all;
}

void Startups::back_up(const std::string& site, const Operations::Observer& observer) {
  const auto refuse = [&](Error error) { observer->refused({std::move(error), {}}); };
  if (session_.network() == nullptr) return refuse(no_lab());
  const auto app = policy::declared_app(*session_.network(), {site, 0});
  if (!app.ok()) return refuse(app.error());
  const lab::Sender by = app->name;
  auto task = lab::backup_task(session_.network()->situation.lab, by.site);
  if (!task) {
    return refuse(
        {.code = Errc::kConflict, .message = fmt::format("site '{}' declares no backup", by.site)});
  }
  operations_.use_traffic(
      by.site, lab::TrafficClass::kBackupRestore,
      std::make_shared<Followed>(
          observer, [this, by, task = *task, observer](const control::PassResult& result) {
            if (!result.failed.empty()) return observer->ended(result);
            perform_backup(by, task, {observer, result});
          }));
}

void Startups::perform_backup(const lab::Sender& app, lab::PlatformTask task,
                              const Waiting& asked) {
  const session::LabInForce& lab = *session_.current();
  const std::string what = fmt::format("back up {}", task.what);
  const auto performance = std::make_shared<probe::Performance>(
      lab.network, session_.terms().prefix, std::vector<probe::Starting>{{app, {std::move(task)}}});
  asked.observer->progressed({0, 1, what});
  const auto end = [app, asked, performance, at = lab.lab_time(clock_.now())](const Status& status,
                                                                              End /*end*/) {
    control::PassResult result = asked.result;
    if (status.ok()) {
      policy::PlatformReport report = performance->reports().front();
      result.backup = {
          .app = app,
          .state = report.running ? inspect::AppState::kRunning : inspect::AppState::kFailed,
          .started_at = at,
          .report = std::move(report)};
    } else {
      result.failed.push_back({"backup", status.error().to_string()});
    }
    asked.observer->ended(result);
  };
  perform(
      performance, [] {}, end);
}

Result<inspect::AppStartup> Startups::startup_of(const lab::Sender& app) const {
  if (session_.network() == nullptr) return no_lab();
  ASSIGN_OR_RETURN(const policy::Network::App found,
                   policy::declared_app(*session_.network(), app));
  const lab::Sender name{found.name.site, found.name.instance};
  return told(name, session::startup_of(session_.startups(), *session_.network(), name));
}

void Startups::describe(inspect::StatusReport& report) const {
  if (!problem_.empty()) report.problems.push_back(problem_);
  for (inspect::AppStatus& app : report.apps) {
    const lab::Sender name{
        .site = app.site, .instance = app.instance, .incarnation = app.incarnation};
    inspect::AppStartup startup =
        told(name, session_.network() == nullptr
                       ? nullptr
                       : session::startup_of(session_.startups(), *session_.network(), name));
    app.state = startup.state;
    app.failed_step = startup.report.failed_step;
    app.reason = std::move(startup.report.reason);
    for (const std::string& difference : differences_in(startup.report)) {
      report.problems.push_back(differ_text(startup.app, difference));
    }
  }
}

void add_performed(const session::Startups& startups, const policy::Network& network,
                   std::vector<inspect::TestResult>& results) {
  for (inspect::TestResult& result : results) {
    const lab::Expectation& expected = result.expectation;
    const session::Startup* startup =
        session::startup_of(startups, network, {expected.from, expected.instance});
    if (!expected.startup || startup == nullptr) continue;
    const auto& report = startup->report;
    const std::vector<std::string> performed =
        report ? policy::mismatches(expected, *report)
               : std::vector<std::string>{"the start is still under way"};
    for (const std::string& each : performed) result.differences.push_back("performed: " + each);
  }
}

}  // namespace egress::daemon
