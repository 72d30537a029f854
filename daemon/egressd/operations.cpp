// SPDX-License-Identifier: MIT
#include "egressd/operations.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "egressd/flow_ageing.hpp"

namespace egress::daemon {

namespace {

using std::chrono_literals::operator""s;

// What becomes of the lab is told with what became of the kernel.
Operations::Observer telling(const session::Proposal& proposal, std::vector<std::string> warnings,
                             const Operations::Observer& observer) {
  const auto end = [observer, effects = proposal.effects, notes = proposal.notes,
                    warnings = std::move(warnings),
                    lab_changed = proposal.lab_changed](control::PassResult result) {
    result.warnings = warnings;
    result.effects = effects;
    result.notes = notes;
    result.lab_changed = lab_changed;
    observer->ended(result);
  };
  return std::make_shared<Followed>(observer, end);
}

// An edit moves what stands behind it.
std::vector<std::string> new_warnings(const std::vector<lab::Finding>& warnings,
                                      const std::vector<lab::Finding>& known) {
  std::vector<std::string> texts;
  for (const lab::Finding& each : warnings) {
    const bool was_there = std::any_of(known.begin(), known.end(), [&](const lab::Finding& old) {
      return old.path == each.path && old.message == each.message;
    });
    if (!was_there) texts.push_back(each.to_string());
  }
  return texts;
}

}  // namespace

Operations::Operations(uv::Loop& loop, uv::Workers& workers, kernel::Kernel& kernel,
                       session::Session& session, Wires& wires, Clock clock, uv::Callback on_idle)
    : workers_(workers),
      kernel_(kernel),
      session_(session),
      clock_(std::move(clock)),
      on_idle_(std::move(on_idle)),
      passes_(loop, workers, kernel, session, wires, clock_, on_idle_) {}

// Follows what is at work from its pass on.
class Operations::Tracked final : public OperationObserver {
 public:
  Tracked(Operations& operations, Observer observer)
      : operations_(operations), observer_(std::move(observer)) {}

  void refused(const session::Refusal& refusal) override { observer_->refused(refusal); }
  void begun(const std::vector<lab::Finding>& warnings) override { observer_->begun(warnings); }
  void progressed(const control::Progress& progress) override {
    operations_.running_->done = progress.done;
    operations_.running_->total = progress.total;
    observer_->progressed(progress);
  }
  void ended(const control::PassResult& result) override {
    operations_.running_.reset();
    observer_->ended(result);
  }

 private:
  Operations& operations_;
  Observer observer_;
};

void Operations::begin(const char* what) {
  running_.emplace(inspect::RunningOperation{.what = what, .since = clock_.now()});
}

std::optional<Error> Operations::why_not_now() const {
  if (passes_.winding_down()) {
    return Error{.code = Errc::kBusy, .message = "the daemon is stopping"};
  }
  if (!running_) return std::nullopt;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - running_->since);
  std::string message = fmt::format("another operation is in progress: {}", running_->what);
  if (running_->total > 0)
    message += fmt::format(", {} of {} done", running_->done, running_->total);
  return Error{.code = Errc::kBusy,
               .message = fmt::format("{}, for {} s", message, std::max(seconds, 0s).count())};
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
      observer, Warns::kOfAll);
}

void Operations::operate(const lifecycle::Operation& operation, const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  propose(
      lifecycle::name_of(operation),
      [operation, base = session_.current(), terms = session_.terms(), now = lab_time()] {
        return session::propose_operation(*base, operation, terms, now);
      },
      observer);
}

void Operations::go_on_scaling(const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  propose(
      "scale",
      [base = session_.current(), terms = session_.terms(), now = lab_time()] {
        return session::propose_stage(*base, terms, now);
      },
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
  if (passes_.last_clean() && session_.sends(site, traffic)) {
    observer->begun({});
    return observer->ended({});
  }
  propose(
      "traffic",
      [site, traffic, base = session_.current(), terms = session_.terms()] {
        return session::propose_traffic(*base, site, traffic, terms);
      },
      observer);
}

void Operations::impose(const WireSelection& which, const control::ImposeRequest& request,
                        const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  const ipam::TimePoint machine = clock_.now();
  std::optional<policy::Imposed> imposed;
  if (!request.clears()) {
    imposed.emplace(policy::Imposed{request.impairment.value_or(lab::Impairment{}), request.held});
    if (request.duration) imposed->until_ms = ms_since_epoch(machine + *request.duration);
  }
  propose(
      "wire",
      [which, imposed, machine, base = session_.current(), terms = session_.terms()] {
        return session::propose_impairment(*base, which.server_farm, which.instance, imposed, terms,
                                           machine);
      },
      observer);
}

template <typename Propose>
void Operations::propose(const char* what, Propose propose, const Observer& observer, Warns warns) {
  const auto known =
      warns == Warns::kOfAll ? std::vector<lab::Finding>() : session_.current()->warnings;
  const auto then = [this, what, known, observer](Result<session::Outcome> outcome) {
    session::Refusal refusal;
    if (!outcome.ok()) {
      refusal.error = outcome.error();
    } else if (auto* refused = std::get_if<session::Refusal>(&*outcome)) {
      refusal = std::move(*refused);
    } else if (passes_.winding_down()) {
      refusal.error = {.code = Errc::kBusy, .message = "the daemon is stopping"};
    } else {
      auto& proposal = std::get<session::Proposal>(*outcome);
      const auto warnings = proposal.next.warnings;
      const Observer told =
          telling(proposal, new_warnings(proposal.next.warnings, known), observer);
      Status taken = take(std::move(proposal));
      if (taken.ok()) {
        return passes_.begin(what, warnings, std::make_shared<Tracked>(*this, told));
      }
      refusal.error = std::move(taken).error();
    }
    running_.reset();
    observer->refused(refusal);
    on_idle_();
  };
  workers_.run(what, std::move(propose), then);
  begin(what);
}

// kUnsupported when this machine cannot hold a proposed lab, kConflict when that needs names that
// others have. A kernel that cannot be looked at is
// the pass's to report.
Status Operations::take(session::Proposal proposal) {
  if (const auto why_not = kernel_.why_not(*proposal.next.desired)) {
    return no_tun(*why_not);
  }
  if (kernel_.observe().ok()) {
    RETURN_IF_ERROR(state::check_free(*proposal.next.desired, kernel_.foreign()));
  }
  if (Status adopted = session_.adopt(std::move(proposal)); !adopted.ok()) {
    spdlog::error("{}", adopted.error().to_string());
    return adopted;
  }
  passes_.want_lab();
  configured_problem_.clear();
  return {};
}

void Operations::learn(lab::LearnedRoutes learned,
                       const std::function<void(const std::optional<Error>& why_not)>& then) {
  if (auto why = why_not_now()) return then(why);
  if (learning_) return then(Error{.code = Errc::kBusy, .message = "more is being learned"});
  learning_ = true;
  workers_.run(
      "learn",
      [learned = std::move(learned), base = session_.current(), terms = session_.terms()] {
        return session::propose_learned(*base, learned, terms);
      },
      [this, then](Result<session::Outcome> outcome) {
        learning_ = false;
        if (!outcome.ok()) return then(outcome.error());
        const Status taken = take_learned(*std::move(outcome));
        then(taken.ok() ? std::nullopt : std::optional(taken.error()));
      });
}

Status Operations::take_learned(session::Outcome outcome) {
  if (auto why = why_not_now()) return *std::move(why);
  if (const auto* refused = std::get_if<session::Refusal>(&outcome)) return refused->error;
  auto& proposal = std::get<session::Proposal>(outcome);
  if (proposal.base != session_.current()->version) {
    return Error{.code = Errc::kBusy, .message = "the lab has changed meanwhile"};
  }
  RETURN_IF_ERROR(session_.adopt(std::move(proposal)));
  passes_.follow();
  return {};
}

void Operations::refuse_configured(std::string problem) {
  if (!problem.empty()) spdlog::error("{}", problem);
  configured_problem_ = std::move(problem);
}

void Operations::down(const Observer& observer) {
  if (refuse_when_busy(*observer)) return;
  session_.forget();
  passes_.want_nothing();
  begin("down");
  passes_.begin("down", {}, std::make_shared<Tracked>(*this, observer));
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
  begin("clock advance");
  const auto age = [this, by, then = std::move(then)](const auto& result) {
    age_flows(by, result.failed, then);
  };
  passes_.begin("clock advance", {},
                std::make_shared<Tracked>(*this, std::make_shared<Followed>(nullptr, age)));
}

// A flow that ends while a packet of it is under way would look like the kernel's disagreement, so
// to probes this is a change.
void Operations::age_flows(std::chrono::seconds by, std::vector<control::FailedObject> failed,
                           Then<control::ClockAdvance> then) {
  const auto ended = [this, failed = std::move(failed),
                      then = std::move(then)](Result<FlowAgeing::Report> report) {
    ageing_ = false;
    running_.reset();
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
  passes_.count_change();
  begin("clock advance");
  ageing_ = true;
}

std::optional<uint64_t> Operations::changes() const {
  return ageing_ ? std::nullopt : passes_.changes();
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

void Operations::describe(inspect::StatusReport& report) const {
  if (!session_.problem().empty()) report.problems.push_back(session_.problem());
  if (!configured_problem_.empty()) report.problems.push_back(configured_problem_);
  report.operation = running_;
  passes_.describe(report);
}

}  // namespace egress::daemon
