// SPDX-License-Identifier: MIT
#include "egressd/scaling.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <utility>

#include "lifecycle/stages.hpp"
#include "session/starts.hpp"

namespace egress::daemon {

namespace {

// A stage is an operation that nobody asks for.
class Stage final : public OperationObserver {
 public:
  using Refused = std::function<void(const Error&)>;
  using Ended = std::function<void(const control::PassResult&)>;
  Stage(Refused refused, Ended ended) : refused_(std::move(refused)), ended_(std::move(ended)) {}

  void refused(const session::Refusal& refusal) override { refused_(refusal.error); }
  void begun(const std::vector<lab::Finding>& /*warnings*/) override {}
  void progressed(const control::Progress& /*progress*/) override {}
  void ended(const control::PassResult& result) override { ended_(result); }

 private:
  Refused refused_;
  Ended ended_;
};

}  // namespace

Operations::Observer Scaling::awaiting(const Operations::Observer& observer) {
  return std::make_shared<Followed>(observer, [this, observer](const control::PassResult& result) {
    if (winding_down_ || !lifecycle::next_to_move(session_.current()->life)) {
      return observer->ended(result);
    }
    waiting_.push_back({observer, result});
  });
}

void Scaling::go_on() {
  if (winding_down_) return;
  const auto plan = lifecycle::next_to_move(session_.current()->life);
  if (!plan || session_.network() == nullptr) return end_waiting();
  // What is at work leads here again when it has ended.
  if (operations_.busy()) return;
  const bool refused = session_.current()->version == refused_version_;
  if (refused || !operations_.last_clean()) return end_waiting();
  const bool serve = session_.current()->life.instances.at(*plan).outgoing->serve;
  const session::NextStarted next =
      session::next_started(session_.startups(), *session_.network(), *plan);
  if (serve && next.started < next.of) {
    note_failed({{"plan " + *plan,
                  fmt::format("{} of {} new instances have started", next.started, next.of)}});
    return end_waiting();
  }
  const std::string what = fmt::format("scale plan {}: {}", *plan,
                                       serve ? "the new instances serve" : "the old ones end");
  for (const Waiting& each : waiting_) each.observer->progressed({serve ? 1U : 2U, 3, what});
  go_on_with(what);
}

void Scaling::go_on_with(const std::string& what) {
  spdlog::info("{}", what);
  problem_.clear();
  const auto refused = [this, what, version = session_.current()->version](const Error& error) {
    refused_version_ = version;
    problem_ = fmt::format("{}: {}", what, error.to_string());
    spdlog::error("{}", problem_);
    note_failed({{what, error.to_string()}});
  };
  const auto ended = [this](const control::PassResult& result) { note_failed(result.failed); };
  operations_.go_on_scaling(std::make_shared<Stage>(refused, ended));
}

void Scaling::describe(inspect::StatusReport& report) const {
  if (!problem_.empty() && session_.current()->version == refused_version_) {
    report.problems.push_back(problem_);
  }
}

void Scaling::end_waiting() {
  for (const Waiting& each : std::exchange(waiting_, {})) each.observer->ended(each.result);
}

void Scaling::note_failed(const std::vector<control::FailedObject>& failed) {
  for (Waiting& each : waiting_) {
    each.result.failed.insert(each.result.failed.end(), failed.begin(), failed.end());
  }
}

void Scaling::wind_down() {
  winding_down_ = true;
  end_waiting();
}

}  // namespace egress::daemon
