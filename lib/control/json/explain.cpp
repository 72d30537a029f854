// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "control/json.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

Json step_json(const policy::Step& step) {
  return {{"stage", policy::name_of(step.stage)},
          {"where", step.where},
          {"result", step.result},
          {"name", text_or_null(step.name)},
          {"reason", step.reason}};
}

Json result_json(const inspect::TestResult& result) {
  const lab::Expectation& wanted = result.expectation;
  Json expectation = {{"line", wanted.line},
                      {"from", fmt::format("{}/{}", wanted.from, wanted.instance)},
                      {"to", wanted.to},
                      {"expect", lab::name_of(wanted.expect)}};
  if (wanted.by) expectation["by"] = *wanted.by;
  if (wanted.via) expectation["via"] = lab::name_of(*wanted.via);
  if (wanted.source) expectation["source"] = wanted.source->to_string();
  return {{"expectation", expectation},
          {"ok", result.differences.empty()},
          {"differences", result.differences},
          {"explanation", result.explanation ? to_json(*result.explanation) : Json(nullptr)}};
}

}  // namespace

Json to_json(const policy::Explanation& explanation) {
  Json next_hop;
  if (explanation.next_hop) {
    next_hop = {{"type", explanation.next_hop->type},
                {"ipAddress", address_or_null(explanation.next_hop->ip_address)}};
  }
  Json reply;
  if (explanation.reply) {
    reply = {{"verdict", lab::name_of(explanation.reply->verdict)},
             {"reason", explanation.reply->reason}};
  }
  return {{"verdict", lab::name_of(explanation.verdict)},
          {"path", lab::name_of(explanation.path)},
          {"source", address_or_null(explanation.source)},
          {"nextHop", next_hop},
          {"decidedBy",
           {{"stage", policy::name_of(explanation.decided_by.stage)},
            {"name", explanation.decided_by.name}}},
          {"steps", array_of(explanation.steps, step_json)},
          {"reply", reply},
          {"host", text_or_null(explanation.host)},
          {"refused", explanation.refused}};
}

Json to_json(const policy::Explanation& explanation, const inspect::Observation& observation,
             const std::vector<std::string>& differences) {
  Json json = to_json(explanation);
  json["observed"] = {
      {"sourcePort", observation.source_port},  {"arrived", observation.arrived},
      {"host", text_or_null(observation.host)}, {"source", address_or_null(observation.source)},
      {"replied", observation.replied},         {"refused", observation.refused},
      {"agrees", differences.empty()},          {"differences", differences}};
  return json;
}

Json to_json(const std::vector<inspect::TestResult>& results) {
  return {{"results", array_of(results, result_json)}};
}

}  // namespace egress::control
