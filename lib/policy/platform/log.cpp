// SPDX-License-Identifier: MIT
#include "policy/platform/log.hpp"

#include <fmt/format.h>

namespace egress::policy {
namespace {

using lab::TrafficClass;
using Lines = std::vector<std::string>;

constexpr const char* kNoAddress = "could not resolve address";

Lines image_failure(const std::string& image, bool in_network, const CallOutcome& outcome) {
  Lines lines;
  if (in_network) {
    lines.push_back(fmt::format("Pulling docker image {} over VNET failed.", image));
  } else if (outcome.result == CallResult::kForbidden) {
    lines.push_back(outcome.message);
  }
  lines.emplace_back("Image pull failed. Defaulting to local copy if present.");
  return lines;
}

// In the words of mount.cifs, which gives the number of the error.
std::string mount_failure(const CallOutcome& outcome, lab::Verdict verdict) {
  if (outcome.result == CallResult::kUnresolved) return kNoAddress;
  if (outcome.result == CallResult::kForbidden || verdict == lab::Verdict::kDeny) {
    return "mount error(13): Permission denied";
  }
  return outcome.result == CallResult::kRefused ? "mount error(111): Connection refused"
                                                : "mount error(115): Operation now in progress";
}

// The sentence without its full stop, as more follows.
std::string open_ended(std::string sentence) {
  if (sentence.ends_with('.')) sentence.pop_back();
  return sentence;
}

}  // namespace

std::vector<std::string> opening_lines(const lab::PlatformTask& task, bool in_network) {
  if (task.step != TrafficClass::kImagePull) return {};
  return {in_network ? fmt::format("Attempting to pull image {} from VNET.", task.what)
                     : fmt::format("Pulling image {}.", task.what)};
}

std::vector<std::string> failure_lines(const lab::PlatformTask& task, bool in_network,
                                       const CallOutcome& outcome, lab::Verdict verdict) {
  switch (task.step) {
    case TrafficClass::kManagedIdentity:
      return {fmt::format("No token: {}.", open_ended(loss_text(outcome)))};
    case TrafficClass::kImagePull: return image_failure(task.what, in_network, outcome);
    case TrafficClass::kContentShare: return {mount_failure(outcome, verdict)};
    case TrafficClass::kBackupRestore:
      return {outcome.result == CallResult::kUnresolved ? kNoAddress : loss_text(outcome)};
    case TrafficClass::kKeyVault:
    case TrafficClass::kApplication: break;
  }
  return {};
}

std::string lost_line(const CallRequest& request, const CallOutcome& outcome,
                      const Explanation& explanation) {
  const std::string from = outcome.source
                               ? outcome.source->to_string()
                               : fmt::format("{}{}", request.from.to_string(),
                                             request.public_attempt ? " (public attempt)" : "");
  const std::string head = fmt::format("{} from {}: ", request.to_string(), from);
  const auto loss = loss_of(explanation);
  const bool as_predicted = outcome.result == outcome_of(explanation).result;
  if (!loss) {
    return fmt::format("{}{}, where the analysis says that it is reached.", head,
                       loss_text(outcome));
  }
  const std::string by =
      loss->decided_by.name.empty() ? name_of(loss->decided_by.stage) : loss->decided_by.name;
  const std::string verdict = fmt::format("{} by {}", lab::name_of(loss->outcome), by);
  if (as_predicted) return fmt::format("{}{}: {}", head, verdict, loss->reason);
  return fmt::format("{}{}, where the analysis says {}: {}", head, loss_text(outcome), verdict,
                     loss->reason);
}

std::string reference_reason(const CallOutcome& outcome) {
  if (outcome.result != CallResult::kForbidden) return loss_text(outcome);
  return "AccessToKeyVaultDenied: " + open_ended(outcome.message);
}

std::string reference_line(const ReferenceReport& reference) {
  if (reference.resolved) return reference.setting + ": resolved.";
  return fmt::format("{}: {}. The reference stays as it is.", reference.setting, reference.reason);
}

std::string through_network_line(const lab::PlatformTask& task) {
  return fmt::format("{} refuses the public attempt, so the network is tried.", task.what);
}

}  // namespace egress::policy
