// SPDX-License-Identifier: MIT
#pragma once

// How an app's instance stands with what the platform does when it starts.

#include <optional>
#include <set>
#include <string>

#include "ipam/leases.hpp"
#include "policy/platform/report.hpp"

namespace egress::inspect {

enum class AppState { kRunning, kStarting, kFailed };
const char* name_of(AppState state);  // "running", "starting", "failed"

struct AppStartup {
  lab::Sender app{};
  AppState state = AppState::kRunning;          // also of an app that asks the platform for nothing
  std::optional<ipam::TimePoint> started_at{};  // by the lab's clock; of one that was performed
  policy::PlatformReport report{};              // empty of one that is still to be performed
};

// Why nothing is to run in an app: with the step that failed, or that it is starting.
struct NotRunning {
  std::string code{};  // of the answer that says so: one of these
  std::string message{};
};
inline constexpr const char* kNotRunning = "not-running";
inline constexpr const char* kStarting = "starting";
// Nothing: it runs.
std::optional<NotRunning> not_running(const AppStartup& startup);

// App settings whose references are resolved.
std::set<std::string> resolved_settings(const policy::PlatformReport& report);

}  // namespace egress::inspect
