// SPDX-License-Identifier: MIT
#include "settings/platform_report_text.hpp"

#include "settings/record_sets_text.hpp"

namespace egress::settings {
namespace {

using lab::TrafficClass;
using policy::CallOutcome;
using policy::CallReport;
using policy::CallResult;
using policy::PlatformReport;
using policy::ReferenceReport;
using policy::StepReport;

constexpr int kLastClass = static_cast<int>(TrafficClass::kKeyVault);

template <typename T, typename JsonOf>
Json list(const std::vector<T>& values, JsonOf json_of) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(json_of(value));
  return json;
}

template <typename T, typename Read>
std::vector<T> read_list(const Json& json, Read read) {
  std::vector<T> values;
  for (const Json& each : json) values.push_back(read(each));
  return values;
}

Json address_json(const std::optional<Ipv4Address>& address) {
  return address ? Json(address->to_string()) : Json(nullptr);
}

std::optional<Ipv4Address> read_address(const Json& json) {
  if (json.is_null()) return std::nullopt;
  const auto address = Ipv4Address::parse(json.get_ref<const std::string&>());
  if (!address.ok()) throw Unreadable(address.error().message);
  return *address;
}

Json outcome_json(const CallOutcome& outcome) {
  return {{"result", static_cast<int>(outcome.result)},
          {"address", address_json(outcome.address)},
          {"source", address_json(outcome.source)},
          {"code", outcome.code},
          {"message", outcome.message}};
}

CallOutcome read_outcome(const Json& json) {
  return {
      .result = number_of<CallResult>(json.at("result"), static_cast<int>(CallResult::kNotInLab)),
      .address = read_address(json.at("address")),
      .source = read_address(json.at("source")),
      .code = json.at("code"),
      .message = json.at("message")};
}

Json call_json(const CallReport& call) {
  return {{"purpose", call.call.purpose},
          {"host", call.call.host},
          {"port", call.call.port},
          {"inLab", call.call.in_lab},
          {"publicAttempt", call.public_attempt},
          {"outcome", outcome_json(call.outcome)},
          {"path", call.path ? Json(static_cast<int>(*call.path)) : Json(nullptr)},
          {"verdict", static_cast<int>(call.verdict)},
          {"stage", static_cast<int>(call.decided_by.stage)},
          {"decidedBy", call.decided_by.name},
          {"differences", call.differences}};
}

CallReport read_call(const Json& json) {
  CallReport call{
      .call = {json.at("purpose"), json.at("host"), json.at("port"), json.at("inLab")},
      .public_attempt = json.at("publicAttempt"),
      .outcome = read_outcome(json.at("outcome")),
      .verdict =
          number_of<lab::Verdict>(json.at("verdict"), static_cast<int>(lab::Verdict::kUnresolved)),
      .decided_by = {number_of<policy::Stage>(json.at("stage"),
                                              static_cast<int>(policy::Stage::kDestination)),
                     json.at("decidedBy")},
      .differences = json.at("differences")};
  if (const Json& path = json.at("path"); !path.is_null()) {
    call.path = number_of<lab::Path>(path, static_cast<int>(lab::Path::kVirtualNetwork));
  }
  return call;
}

Json step_json(const StepReport& step) {
  return {{"step", static_cast<int>(step.step)},
          {"what", step.what},
          {"result", static_cast<int>(step.result)},
          {"calls", list(step.calls, call_json)},
          {"log", step.log}};
}

StepReport read_step(const Json& json) {
  return {.step = number_of<TrafficClass>(json.at("step"), kLastClass),
          .what = json.at("what"),
          .result = number_of<StepReport::Result>(json.at("result"),
                                                  static_cast<int>(StepReport::Result::kSkipped)),
          .calls = read_list<CallReport>(json.at("calls"), read_call),
          .log = json.at("log")};
}

Json reference_json(const ReferenceReport& reference) {
  return {{"setting", reference.setting},
          {"resolved", reference.resolved},
          {"reason", reference.reason}};
}

ReferenceReport read_reference(const Json& json) {
  return {json.at("setting"), json.at("resolved"), json.at("reason")};
}

}  // namespace

std::string to_text(const PlatformReport& report) {
  const Json failed =
      report.failed_step ? Json(static_cast<int>(*report.failed_step)) : Json(nullptr);
  const Json json{{"running", report.running},
                  {"failedStep", failed},
                  {"reason", report.reason},
                  {"steps", list(report.steps, step_json)},
                  {"references", list(report.references, reference_json)},
                  {"notes", report.notes}};
  // Names that real servers gave may be no UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<PlatformReport> parse_platform_report(const std::string& text) {
  return parse_json(text, "report of a start", [](const Json& json) {
    PlatformReport report{
        .running = json.at("running"),
        .reason = json.at("reason"),
        .steps = read_list<StepReport>(json.at("steps"), read_step),
        .references = read_list<ReferenceReport>(json.at("references"), read_reference),
        .notes = json.at("notes")};
    if (const Json& failed = json.at("failedStep"); !failed.is_null()) {
      report.failed_step = number_of<TrafficClass>(failed, kLastClass);
    }
    return report;
  });
}

}  // namespace egress::settings
