// SPDX-License-Identifier: MIT
#include "policy/platform/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lab/app_settings.hpp"
#include "lab/service_types.hpp"
#include "policy/platform/log.hpp"
#include "policy/platform/notes.hpp"
#include "policy/traffic_routing.hpp"

namespace egress::policy {

using lab::PlatformCall;
using lab::TrafficClass;
using Result = StepReport::Result;

const char* name_of(StepReport::Result result) {
  switch (result) {
    case Result::kOk: return "ok";
    case Result::kFailed: return "failed";
    case Result::kSkipped: return "skipped";
  }
  return "failed";
}

std::string CallRequest::to_string() const {
  return fmt::format("tcp://{}:{}", call.host, call.port);
}

PlatformRun::PlatformRun(const lab::Lab& lab, const lab::Sender& app,
                         std::vector<lab::PlatformTask> tasks)
    : app_(app),
      site_(lab.sites.at(app.site)),
      tasks_(std::move(tasks)),
      services_(lab::services_by_name(lab)) {
  report_.notes = platform_notes(site_, tasks_, services_);
  begin();
  go_on();
}

std::optional<CallRequest> PlatformRun::next() const {
  if (task_ == tasks_.size()) return std::nullopt;
  CallRequest request{app_, is_public_attempt(), task().calls[call_]};
  request.from.traffic = task().step;
  return request;
}

void PlatformRun::answer(const CallOutcome& outcome, const Explanation& explanation,
                         std::vector<std::string> differences) {
  const CallRequest request = *next();
  const bool reached = outcome.result == CallResult::kReached;
  const auto loss = reached ? std::nullopt : loss_of(explanation);
  take({.call = request.call,
        .public_attempt = request.public_attempt,
        .outcome = outcome,
        .path = explanation.path,
        .verdict = explanation.verdict,
        .decided_by = loss ? loss->decided_by : explanation.decided_by,
        .differences = std::move(differences)},
       reached ? std::string{} : lost_line(request, outcome, explanation));
  go_on();
}

bool PlatformRun::is_public_attempt() const {
  return task().step == TrafficClass::kKeyVault && site_.virtual_network_subnet &&
         !through_network_;
}

bool PlatformRun::enters_network() const {
  return traffic_routing(site_, task().step).scope != TrafficRouting::Scope::kNothing;
}

std::optional<std::string> PlatformRun::nameless(const PlatformCall& call) const {
  if (task().step != TrafficClass::kContentShare) return std::nullopt;
  const std::string setting = lab::kContentConnectionSetting;
  const auto& references = report_.references;
  const bool raw = std::any_of(references.begin(), references.end(), [&](const auto& reference) {
    return reference.setting == setting && !reference.resolved;
  });
  if (raw) return fmt::format("{} is no connection string but an unresolved reference.", setting);
  if (!call.host.empty()) return std::nullopt;
  return fmt::format("{} names no storage account.", setting);
}

void PlatformRun::begin() {
  if (task_ == tasks_.size()) return;
  report_.steps.push_back(
      {.step = task().step, .what = task().what, .log = opening_lines(task(), enters_network())});
}

// Over everything that needs no call.
void PlatformRun::go_on() {
  while (task_ < tasks_.size()) {
    if (task().step == TrafficClass::kKeyVault && no_token_) {
      leave_references("no token of the app's identity");
      end(Result::kFailed);
      continue;
    }
    if (call_ == task().calls.size()) {
      succeed();
      continue;
    }
    const PlatformCall& call = task().calls[call_];
    if (const auto why = nameless(call)) {
      PlatformCall nobody = call;
      nobody.host.clear();
      take({.call = std::move(nobody),
            .outcome = {.result = CallResult::kUnresolved},
            .decided_by = {Stage::kNameResolution, lab::kContentConnectionSetting}},
           *why);
    } else if (!call.in_lab) {
      take({.call = call, .outcome = {.result = CallResult::kNotInLab}}, {});
    } else {
      return;
    }
  }
}

// `line` says who made the call fail.
void PlatformRun::take(const CallReport& call, const std::string& line) {
  const bool again = call.outcome.result == CallResult::kForbidden && is_public_attempt();
  step().calls.push_back(call);
  switch (call.outcome.result) {
    case CallResult::kReached:
    case CallResult::kNotInLab: ++call_; return;
    default: break;
  }
  if (!again) {
    fail(call, line);
    return;
  }
  step().log.insert(step().log.end(), {line, through_network_line(task())});
  through_network_ = true;
}

void PlatformRun::succeed() {
  if (task().step == TrafficClass::kKeyVault) {
    resolve_references();
    return;
  }
  if (task().step == TrafficClass::kManagedIdentity) {
    step().log.emplace_back("A token was issued for the app's identity.");
  }
  end(Result::kOk);
}

void PlatformRun::fail(const CallReport& call, const std::string& line) {
  if (task().step == TrafficClass::kManagedIdentity) no_token_ = true;
  if (task().step == TrafficClass::kKeyVault) leave_references(reference_reason(call.outcome));
  const auto lines = failure_lines(task(), enters_network(), call.outcome, call.verdict);
  step().log.insert(step().log.end(), lines.begin(), lines.end());
  step().log.push_back(line);
  if (task().required) {
    report_.running = false;
    report_.failed_step = task().step;
    report_.reason = lines.empty() ? line : lines.front();
  }
  end(Result::kFailed);
}

void PlatformRun::end(Result result) {
  step().result = result;
  ++task_;
  call_ = 0;
  through_network_ = false;
  if (report_.running) {
    begin();
    return;
  }
  for (; task_ < tasks_.size(); ++task_) {
    report_.steps.push_back({.step = task().step, .what = task().what, .result = Result::kSkipped});
  }
}

void PlatformRun::resolve_references() {
  Result result = Result::kOk;
  for (const lab::KeyVaultReference& reference : task().references) {
    ReferenceReport report{reference.setting, lab::secret_value(services_, reference).has_value()};
    if (!report.resolved) {
      report.reason = fmt::format("SecretNotFound: {} has no secret '{}'", reference.vault_host,
                                  reference.secret);
      result = Result::kFailed;
    }
    step().log.push_back(reference_line(report));
    report_.references.push_back(std::move(report));
  }
  end(result);
}

void PlatformRun::leave_references(const std::string& reason) {
  for (const lab::KeyVaultReference& reference : task().references) {
    report_.references.push_back({reference.setting, false, reason});
    step().log.push_back(reference_line(report_.references.back()));
  }
}

}  // namespace egress::policy
