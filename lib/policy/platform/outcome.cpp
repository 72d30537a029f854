// SPDX-License-Identifier: MIT
#include "policy/platform/outcome.hpp"

#include <algorithm>

namespace egress::policy {
namespace {

using lab::Outcome;
using lab::Verdict;

Outcome outcome_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllow: return Outcome::kAllow;
    case Verdict::kDeny: return Outcome::kDeny;
    case Verdict::kDrop: return Outcome::kDrop;
    case Verdict::kNoRoute: return Outcome::kNoRoute;
    case Verdict::kUnresolved: return Outcome::kUnresolved;
  }
  return Outcome::kDrop;
}

std::string last_reason(const Explanation& explanation) {
  return explanation.steps.empty() ? std::string{} : explanation.steps.back().reason;
}

// What the step says that decided.
std::string deciding_reason(const Explanation& explanation) {
  const DecidedBy& by = explanation.decided_by;
  const auto& steps = explanation.steps;
  const auto step = std::find_if(steps.rbegin(), steps.rend(), [&](const Step& each) {
    return each.stage == by.stage && each.name == by.name;
  });
  return step == steps.rend() ? last_reason(explanation) : step->reason;
}

}  // namespace

const char* name_of(CallResult result) {
  switch (result) {
    case CallResult::kReached: return "reached";
    case CallResult::kForbidden: return "forbidden";
    case CallResult::kRefused: return "refused";
    case CallResult::kTimedOut: return "timedOut";
    case CallResult::kUnresolved: return "unresolved";
    case CallResult::kNotInLab: return "notInLab";
  }
  return "timedOut";
}

CallOutcome outcome_of(const Explanation& explanation) {
  if (explanation.verdict == Verdict::kUnresolved) return {.result = CallResult::kUnresolved};
  CallOutcome outcome{.address = explanation.flow.destination, .source = explanation.source};
  const auto loss = loss_of(explanation);
  if (!loss) {
    outcome.result = CallResult::kReached;
  } else if (loss->outcome == Outcome::kForbidden) {
    outcome.result = CallResult::kForbidden;
    outcome.code = explanation.service->code;
    outcome.message = explanation.service->message;
  } else if (loss->outcome == Outcome::kRefused) {
    outcome.result = CallResult::kRefused;
  }
  return outcome;
}

std::vector<CallOutcome> outcomes_of(const Explanation& explanation) {
  std::vector<CallOutcome> outcomes{outcome_of(explanation)};
  if (!explanation.service) return outcomes;
  Explanation of_another = explanation;
  for (const ServiceAnswer& answer : explanation.service->others) {
    of_another.service = answer;
    outcomes.push_back(outcome_of(of_another));
  }
  return outcomes;
}

std::string loss_text(const CallOutcome& outcome) {
  switch (outcome.result) {
    case CallResult::kUnresolved: return "no address";
    case CallResult::kRefused: return "connection refused";
    case CallResult::kForbidden: return outcome.message;
    default: return "time-out";
  }
}

std::optional<Loss> loss_of(const Explanation& explanation) {
  const auto& [verdict, reply] = std::tie(explanation.verdict, explanation.reply);
  if (verdict != Verdict::kAllow) {
    // A refusal of the platform comes back by itself.
    return Loss{explanation.refused ? Outcome::kRefused : outcome_of(verdict),
                explanation.decided_by, deciding_reason(explanation)};
  }
  if (reply && reply->verdict != Verdict::kAllow) {
    DecidedBy by{Stage::kDestination, explanation.host};
    if (!reply->steps.empty() && !reply->steps.back().name.empty()) {
      by = {reply->steps.back().stage, reply->steps.back().name};
    }
    return Loss{Outcome::kNoAnswer, std::move(by), reply->reason};
  }
  if (explanation.service && explanation.service->access == lab::Access::kDeny) {
    return Loss{
        Outcome::kForbidden, {Stage::kService, explanation.host}, explanation.service->reason};
  }
  if (explanation.refused) {
    return Loss{
        Outcome::kRefused, {Stage::kDestination, explanation.host}, last_reason(explanation)};
  }
  return std::nullopt;
}

}  // namespace egress::policy
