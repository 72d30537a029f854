// SPDX-License-Identifier: MIT
#pragma once

// A start of a site's instance, or a backup, as a pure machine: it asks for one call after the
// other and takes what each came to. Fed by the analysis it predicts, fed by real lookups and
// connections it reports what was performed (azure-facts 2.2; contract "Start-up").

#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "lab/platform_tasks.hpp"
#include "policy/platform/report.hpp"

namespace egress::policy {

struct CallRequest {
  lab::Sender from{};           // of the step's class
  bool public_attempt = false;  // by the public lane of Key Vault
  lab::PlatformCall call{};

  std::string to_string() const;  // "tcp://images.azurecr.io:443"
};

class PlatformRun {
 public:
  // `app` is an instance of a site of `lab`, which outlives the run. Of `tasks`, those of
  // lab::startup_tasks() or lab::backup_task(), each has a call.
  PlatformRun(const lab::Lab& lab, const lab::Sender& app, std::vector<lab::PlatformTask> tasks);

  // Nothing: the run is over.
  std::optional<CallRequest> next() const;
  // Of next(), which must not be nothing. `explanation` says by which way the call went, and who
  // decided.
  void answer(const CallOutcome& outcome, const Explanation& explanation,
              std::vector<std::string> differences = {});

  // Whole when the run is over.
  const PlatformReport& report() const { return report_; }

 private:
  const lab::PlatformTask& task() const { return tasks_[task_]; }
  StepReport& step() { return report_.steps.back(); }
  bool is_public_attempt() const;
  bool enters_network() const;
  // The setting that should name a storage account and does not; or nothing.
  std::optional<std::string> nameless(const lab::PlatformCall& call) const;

  void begin();
  void go_on();
  void take(const CallReport& call, const std::string& line);
  void succeed();
  void fail(const CallReport& call, const std::string& line);
  void end(StepReport::Result result);
  void resolve_references();
  void leave_references(const std::string& reason);

  lab::Sender app_;
  const lab::Site& site_;
  std::vector<lab::PlatformTask> tasks_;
  lab::Named<const lab::Service*> services_;  // by public names
  PlatformReport report_{};

  size_t task_ = 0;               // the present one; behind the last: over
  size_t call_ = 0;               // of it
  bool through_network_ = false;  // the vault refused the public attempt
  bool no_token_ = false;
};

}  // namespace egress::policy
