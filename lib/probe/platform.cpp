// SPDX-License-Identifier: MIT
#include "probe/platform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "compile/names.hpp"
#include "policy/platform/predict.hpp"

namespace egress::probe {

namespace {

using policy::CallOutcome;
using policy::CallRequest;
using policy::CallResult;

constexpr std::chrono::seconds kCallPatience{3};

std::string text_of(const CallOutcome& outcome) {
  return outcome.code.empty()
             ? policy::name_of(outcome.result)
             : fmt::format("{} ({})", policy::name_of(outcome.result), outcome.code);
}

// What the far end does not say is as the analysis has it, as long as nothing contradicts that.
CallOutcome outcome_of(const CallSeen& seen, Ipv4Address called, const CallOutcome& predicted) {
  CallOutcome outcome{.address = called};
  const auto answer = answer_in(seen);
  if (seen.refused) outcome.result = CallResult::kRefused;
  // One that an appliance on its way ends connects, and hears no more.
  const bool silent = predicted.result == CallResult::kTimedOut && seen.text.empty();
  if (seen.connected && !silent) outcome.result = CallResult::kReached;
  if (seen.connected && answer && answer->access && answer->access->access == lab::Access::kDeny) {
    outcome.result = CallResult::kForbidden;
    outcome.code = answer->access->code;
    outcome.message = answer->message;
  }
  if (outcome.result == predicted.result) outcome.source = predicted.source;
  // A source that the platform hides is nobody's to know.
  if (answer && answer->peer && (predicted.source || outcome.result != predicted.result)) {
    outcome.source = answer->peer;
  }
  return outcome;
}

}  // namespace

struct Performance::Asked {
  size_t run = 0;
  CallRequest request{};
  bool from_next = false;  // its instance stands beside another one
  uint16_t source_port = 0;
  policy::Explanation predicted{};
  std::optional<Ipv4Address> to{};  // whom it is about to call; nothing: its name has no address
  CallOutcome outcome{.result = CallResult::kUnresolved};
  std::vector<std::string> differences{};

  std::string netns(const std::string& prefix) const {
    return compile::lane_netns(prefix, request.from, request.public_attempt, from_next);
  }
  void compare(const CallSeen& seen);
};

// A program of an app's own answers, or refuses where it does not listen.
void Performance::Asked::compare(const CallSeen& seen) {
  const std::vector<CallOutcome> possible = policy::outcomes_of(predicted);
  const CallOutcome& expected = possible.front();
  const bool either = predicted.answer_unknown && outcome.result == CallResult::kRefused;
  const bool one_of_them = std::any_of(possible.begin(), possible.end(), [&](const auto& each) {
    return text_of(each) == text_of(outcome);
  });
  const std::string url = request.to_string();
  if (!either && !one_of_them) {
    differences.push_back(
        fmt::format("{}: predicted: {}, performed: {}", url, text_of(expected), text_of(outcome)));
    return;
  }
  if (expected.source && outcome.source && expected.source != outcome.source) {
    differences.push_back(fmt::format("{}: predicted: as {}, performed: as {}", url,
                                      expected.source->to_string(), outcome.source->to_string()));
  }
  const auto answer = answer_in(seen);
  if (answer && !answer->host.empty() && !predicted.answer_unknown &&
      answer->host != predicted.host) {
    differences.push_back(fmt::format("{}: predicted: {} answers, performed: {} does", url,
                                      predicted.host, answer->host));
  }
}

Performance::Performance(std::shared_ptr<const policy::Network> network, std::string prefix,
                         std::vector<Starting> starts)
    : network_(std::move(network)), prefix_(std::move(prefix)) {
  for (Starting& each : starts) {
    runs_.emplace_back(network_->situation.lab, each.app, std::move(each.tasks));
  }
}

bool Performance::done() const {
  return std::none_of(runs_.begin(), runs_.end(),
                      [](const policy::PlatformRun& run) { return run.next().has_value(); });
}

std::vector<std::optional<CallRequest>> Performance::next() const {
  std::vector<std::optional<CallRequest>> all;
  for (const policy::PlatformRun& run : runs_) all.push_back(run.next());
  return all;
}

std::vector<policy::PlatformReport> Performance::reports() const {
  std::vector<policy::PlatformReport> all;
  for (const policy::PlatformRun& run : runs_) all.push_back(run.report());
  return all;
}

Result<std::vector<Performance::Asked>> Performance::ask(Verifier& verifier) const {
  const lab::Lab& lab = network_->situation.lab;
  const policy::AskUpstream upstream = ask_programs(*network_, prefix_);
  const std::vector<uint16_t> ports = verifier.fresh_ports(lab, runs_.size());
  std::vector<Asked> all;
  for (size_t i = 0; i < runs_.size(); ++i) {
    auto request = runs_[i].next();
    if (!request) continue;
    Asked asked{.run = i, .request = *std::move(request), .source_port = ports[i]};
    ASSIGN_OR_RETURN(asked.predicted,
                     explain_call(*network_, asked.request, asked.source_port, upstream));
    asked.from_next = network_->find(asked.request.from)->worker->is_next;
    all.push_back(std::move(asked));
  }
  return all;
}

Status Performance::look_up(const Probes& probes, std::vector<Asked>& all) const {
  std::vector<NameLookup> lookups;
  std::vector<Asked*> asked_by;
  for (Asked& asked : all) {
    const lab::PlatformCall& call = asked.request.call;
    if (const auto address = Ipv4Address::parse(call.host); address.ok()) {
      asked.to = *address;
      continue;
    }
    const auto app = network_->find(asked.request.from, asked.request.public_attempt);
    lookups.push_back(by_resolver(asked.netns(prefix_), {call.host}, app->lane->dns));
    asked_by.push_back(&asked);
  }
  if (lookups.empty()) return {};
  ASSIGN_OR_RETURN(const auto replies, probes.look_up(lookups));
  for (size_t i = 0; i < lookups.size(); ++i) {
    Asked& asked = *asked_by[i];
    const inspect::LookupSeen seen = seen_in(replies[i]);
    const auto& expected = asked.predicted.resolution;
    if (expected) asked.differences = inspect::differences(*expected, seen);
    if (seen.addresses.empty()) continue;
    // Of several addresses any will do; the prediction has the first.
    asked.to = seen.addresses.front();
    const auto& destination = asked.predicted.flow.destination;
    if (std::count(seen.addresses.begin(), seen.addresses.end(), destination) != 0) {
      asked.to = destination;
      continue;
    }
    CallRequest there = asked.request;
    there.call.host = asked.to->to_string();
    ASSIGN_OR_RETURN(asked.predicted, explain_call(*network_, there, asked.source_port));
  }
  return {};
}

Status Performance::call(const Probes& probes, std::vector<Asked>& all) const {
  std::vector<Call> calls;
  std::vector<Asked*> asked_by;
  for (Asked& asked : all) {
    if (!asked.to) continue;
    calls.push_back({asked.netns(prefix_), *asked.to, asked.request.call.port, asked.source_port});
    asked_by.push_back(&asked);
  }
  if (calls.empty()) return {};
  ASSIGN_OR_RETURN(const std::vector<CallSeen> seen, probes.call(calls, kCallPatience));
  for (size_t i = 0; i < calls.size(); ++i) {
    Asked& asked = *asked_by[i];
    asked.outcome = outcome_of(seen[i], *asked.to, policy::outcome_of(asked.predicted));
    asked.compare(seen[i]);
  }
  return {};
}

Status Performance::advance(Verifier& verifier) {
  ASSIGN_OR_RETURN(std::vector<Asked> all, ask(verifier));
  RETURN_IF_ERROR(look_up(verifier.probes(), all));
  RETURN_IF_ERROR(call(verifier.probes(), all));
  for (Asked& asked : all) {
    runs_[asked.run].answer(asked.outcome, asked.predicted, std::move(asked.differences));
  }
  return {};
}

Result<std::vector<policy::PlatformReport>> perform(
    const std::shared_ptr<const policy::Network>& network, const std::string& prefix,
    std::vector<Starting> starts, Verifier& verifier) {
  Performance performance(network, prefix, std::move(starts));
  while (!performance.done()) RETURN_IF_ERROR(performance.advance(verifier));
  return performance.reports();
}

}  // namespace egress::probe
