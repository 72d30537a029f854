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

// The question again.
Json flow_json(const policy::Explanation& explanation) {
  const policy::Flow& flow = explanation.flow;
  const bool ported = flow.protocol != Protocol::kIcmp;
  const auto port = [&](uint16_t number) { return ported ? Json(number) : Json(nullptr); };
  const auto& resolution = explanation.resolution;
  Json json = sender_json(explanation.sender);
  json.update(
      {{"protocol", name_of(flow.protocol)},
       {"name", resolution ? Json(resolution->name) : Json(nullptr)},
       {"address", explanation.is_sent() ? Json(flow.destination.to_string()) : Json(nullptr)},
       {"sourcePort", port(flow.source_port)},
       {"destinationPort", port(flow.destination_port)}});
  return json;
}

Json near_miss_json(const policy::NearMiss& near) {
  return {{"rule", near.rule},
          {"failedOn", near.failed_on},
          {"wanted", near.wanted},
          {"got", near.got}};
}

Json service_json(const policy::ServiceAnswer& answer) {
  return {{"access", lab::name_of(answer.access)},
          {"code", text_or_null(answer.code)},
          {"reason", answer.reason}};
}

// A choice of a load balancer.
Json balanced_json(const policy::Balanced& choice) {
  return {{"rule", choice.rule},
          {"host", choice.host},
          {"hosts", choice.hosts},
          {"byPorts", choice.by_ports},
          {"port", choice.port == 0 ? Json(nullptr) : Json(choice.port)}};
}

// A choice of a gateway among equal connections.
Json equal_ways_json(const policy::EqualWays& choice) {
  return {{"gateway", choice.gateway},
          {"connection", choice.connection},
          {"connections", choice.connections},
          {"byPorts", choice.by_ports}};
}

Json warnings_of(const policy::Explanation& explanation) {
  Json warnings = explanation.resolution ? warnings_json(*explanation.resolution) : Json::array();
  for (const std::string& warning : explanation.warnings) warnings.push_back(warning);
  return warnings;
}

// A flow's outcome, what a lookup gives, or whether an app runs.
Json expected_json(const lab::Expectation& wanted) {
  if (wanted.running) return *wanted.running ? "running" : "failed";
  if (wanted.resolve.empty()) return lab::name_of(wanted.expect);
  if (wanted.status) return lab::name_of(*wanted.status);
  return addresses_json(wanted.addresses);
}

Json result_json(const inspect::TestResult& result) {
  const lab::Expectation& wanted = result.expectation;
  Json expectation = {
      {"line", wanted.line},
      {"from",
       lab::Sender{wanted.from, wanted.instance, {}, lab::kServing, wanted.host}.to_string()},
      {"to", text_or_null(wanted.to)},
      {"resolve", text_or_null(wanted.resolve)},
      {"startup", wanted.startup},
      {"expect", expected_json(wanted)}};
  if (wanted.traffic != lab::TrafficClass::kApplication) {
    expectation["traffic"] = lab::name_of(wanted.traffic);
  }
  if (wanted.by) expectation["by"] = *wanted.by;
  if (wanted.via) expectation["via"] = lab::name_of(*wanted.via);
  if (!wanted.source.empty()) {
    expectation["source"] = wanted.source.size() == 1 ? Json(lab::short_text(wanted.source.front()))
                                                      : array_of(wanted.source, lab::short_text);
  }
  Json startup;
  if (result.startup) startup = to_json(wanted.sender(), *result.startup);
  return {{"expectation", expectation},
          {"ok", result.differences.empty()},
          {"differences", result.differences},
          {"explanation", result.explanation ? to_json(*result.explanation) : Json(nullptr)},
          {"resolution", result.resolution ? to_json(*result.resolution) : Json(nullptr)},
          {"startup", startup}};
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
  Json json = {
      {"verdict", lab::name_of(explanation.verdict)},
      {"path", explanation.path ? Json(lab::name_of(*explanation.path)) : Json(nullptr)},
      {"source", address_or_null(explanation.source)},
      {"sources", addresses_json(explanation.sources)},
      {"ports", explanation.limits ? Json(explanation.limits->ports) : Json(nullptr)},
      {"idleTimeout", explanation.limits ? Json(explanation.limits->idle.count()) : Json(nullptr)},
      {"idleReset", explanation.limits ? Json(explanation.limits->reset_when_idle) : Json(nullptr)},
      {"nextHop", next_hop},
      {"decidedBy",
       {{"stage", policy::name_of(explanation.decided_by.stage)},
        {"name", explanation.decided_by.name}}},
      {"steps", array_of(explanation.steps, step_json)},
      {"nearest", array_of(explanation.nearest, near_miss_json)},
      {"reply", reply},
      {"replySteps",
       explanation.reply ? array_of(explanation.reply->steps, step_json) : Json::array()},
      {"host", text_or_null(explanation.host)},
      {"refused", explanation.refused},
      {"answerUnknown", explanation.answer_unknown},
      {"sees", explanation.sees},
      {"name", explanation.resolution ? Json(explanation.resolution->name) : Json(nullptr)},
      {"addresses",
       explanation.resolution ? addresses_json(explanation.resolution->addresses) : Json::array()},
      {"flow", flow_json(explanation)},
      {"warnings", warnings_of(explanation)}};
  if (!explanation.balanced.empty()) {
    json["loadBalancing"] = array_of(explanation.balanced, balanced_json);
  }
  if (!explanation.equal_ways.empty()) {
    json["equalWays"] = array_of(explanation.equal_ways, equal_ways_json);
  }
  if (explanation.service) json["service"] = service_json(*explanation.service);
  return json;
}

Json to_json(const policy::Explanation& explanation, const inspect::Observation& observation,
             const std::vector<std::string>& differences) {
  Json json = to_json(explanation);
  json["observed"] = {
      {"sourcePort", observation.source_port},  {"arrived", observation.arrived},
      {"host", text_or_null(observation.host)}, {"source", address_or_null(observation.source)},
      {"replied", observation.replied},         {"refused", observation.refused},
      {"agrees", differences.empty()},          {"differences", differences}};
  if (observation.silent) json["observed"]["silent"] = true;
  if (observation.by_program) json["observed"]["byProgram"] = true;
  return json;
}

Json to_json(const std::vector<inspect::TestResult>& results) {
  return {{"results", array_of(results, result_json)}};
}

}  // namespace egress::control
