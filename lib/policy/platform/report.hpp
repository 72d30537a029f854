// SPDX-License-Identifier: MIT
#pragma once

// What became of a start of a site's instance, or of a backup: step by step, as predicted or as
// performed.

#include <optional>
#include <string>
#include <vector>

#include "lab/platform_tasks.hpp"
#include "policy/platform/outcome.hpp"

namespace egress::policy {

struct CallReport {
  lab::PlatformCall call{};
  bool public_attempt = false;  // of an integrated site's Key Vault reference: the first attempt
  CallOutcome outcome{};
  std::optional<lab::Path> path{};  // of what is sent
  lab::Verdict verdict = lab::Verdict::kUnresolved;
  DecidedBy decided_by{};                  // who made it fail, else who decided about its way
  std::vector<std::string> differences{};  // between what was performed and what was predicted
  bool operator==(const CallReport&) const = default;
};

struct StepReport {
  enum class Result { kOk, kFailed, kSkipped };

  lab::TrafficClass step{};
  std::string what{};
  Result result = Result::kOk;
  std::vector<CallReport> calls{};
  std::vector<std::string> log{};
  bool operator==(const StepReport&) const = default;
};
const char* name_of(StepReport::Result result);  // "ok", "failed", "skipped"

// What became of an app setting that refers to a secret. Its value is not kept: it is
// lab::secret_value().
struct ReferenceReport {
  std::string setting{};
  bool resolved = false;
  std::string reason{};  // of one that is not, "AccessToKeyVaultDenied: …"
  bool operator==(const ReferenceReport&) const = default;
};

struct PlatformReport {
  bool running = true;                             // or backed up
  std::optional<lab::TrafficClass> failed_step{};  // of one that is not
  std::string reason{};                            // likewise: the first line that says so
  std::vector<StepReport> steps{};
  std::vector<ReferenceReport> references{};
  std::vector<std::string> notes{};  // what Azure does not do, or does otherwise
  bool operator==(const PlatformReport&) const = default;
};

}  // namespace egress::policy
