// SPDX-License-Identifier: MIT
#include "inspect/startup.hpp"

#include <fmt/format.h>

namespace egress::inspect {

const char* name_of(AppState state) {
  switch (state) {
    case AppState::kRunning: return "running";
    case AppState::kStarting: return "starting";
    case AppState::kFailed: return "failed";
  }
  return "failed";
}

std::optional<NotRunning> not_running(const AppStartup& startup) {
  const std::string app = startup.app.to_string();
  switch (startup.state) {
    case AppState::kRunning: return std::nullopt;
    case AppState::kStarting: return NotRunning{kStarting, app + " is starting"};
    case AppState::kFailed: break;
  }
  const policy::PlatformReport& report = startup.report;
  const char* step = report.failed_step ? lab::name_of(*report.failed_step) : "start";
  return NotRunning{kNotRunning,
                    fmt::format("{} does not run: {} failed: {}", app, step, report.reason)};
}

std::set<std::string> resolved_settings(const policy::PlatformReport& report) {
  std::set<std::string> settings;
  for (const policy::ReferenceReport& reference : report.references) {
    if (reference.resolved) settings.insert(reference.setting);
  }
  return settings;
}

}  // namespace egress::inspect
