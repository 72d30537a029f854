// SPDX-License-Identifier: MIT
#include "control/json.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

using policy::CallReport;
using policy::CallResult;

Json url_of(const lab::PlatformCall& call) {
  if (call.host.empty()) return nullptr;
  return "tcp://" + call.host + ":" + std::to_string(call.port);
}

Json call_json(const CallReport& call) {
  const policy::CallOutcome& outcome = call.outcome;
  const bool called = outcome.result != CallResult::kNotInLab;
  Json by;
  if (called) {
    by = {{"stage", policy::name_of(call.decided_by.stage)}, {"name", call.decided_by.name}};
  }
  return {{"purpose", call.call.purpose},
          {"url", url_of(call.call)},
          {"address", address_or_null(outcome.address)},
          {"path", call.path ? Json(lab::name_of(*call.path)) : Json(nullptr)},
          {"source", address_or_null(outcome.source)},
          {"verdict", called ? Json(lab::name_of(call.verdict)) : Json(nullptr)},
          {"decidedBy", by},
          {"result", policy::name_of(outcome.result)},
          {"code", text_or_null(outcome.code)},
          {"publicAttempt", call.public_attempt}};
}

Json step_json(const policy::StepReport& step) {
  return {{"step", lab::name_of(step.step)},
          {"what", step.what},
          {"result", policy::name_of(step.result)},
          {"log", step.log},
          {"calls", array_of(step.calls, call_json)}};
}

Json reference_json(const policy::ReferenceReport& reference) {
  return {{"setting", reference.setting},
          {"resolved", reference.resolved},
          {"reason", text_or_null(reference.reason)}};
}

Json differences_json(const policy::PlatformReport& report) {
  Json differences = Json::array();
  for (const policy::StepReport& step : report.steps) {
    for (const CallReport& call : step.calls) {
      for (const std::string& difference : call.differences) differences.push_back(difference);
    }
  }
  return differences;
}

}  // namespace

Json to_json(const lab::Sender& app, const policy::PlatformReport& report) {
  return {
      {"site", app.site},
      {"instance", app.instance},
      {"state", report.running ? "running" : "failed"},
      {"failedStep", report.failed_step ? Json(lab::name_of(*report.failed_step)) : Json(nullptr)},
      {"reason", text_or_null(report.reason)},
      {"steps", array_of(report.steps, step_json)},
      {"references", array_of(report.references, reference_json)},
      {"notes", report.notes},
      {"differences", differences_json(report)}};
}

Json to_json(const inspect::AppStartup& startup) {
  const Json document = to_json(startup.app, startup.report);
  Json json;
  for (const auto& [key, value] : document.items()) {
    json[key] = value;
    if (key != "state") continue;
    json["state"] = inspect::name_of(startup.state);
    json["startedAt"] = startup.started_at ? Json(time_text(*startup.started_at)) : Json(nullptr);
  }
  return json;
}

}  // namespace egress::control
