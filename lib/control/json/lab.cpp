// SPDX-License-Identifier: MIT
#include "control/json.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

Json node_json(const inspect::Node& node) {
  return {{"id", node.id},
          {"kind", node.kind},
          {"name", node.name},
          {"parent", text_or_null(node.parent)},
          {"detail", text_or_null(node.detail)}};
}

Json edge_json(const inspect::Edge& edge) {
  return {{"from", edge.from},
          {"to", edge.to},
          {"kind", edge.kind},
          {"detail", text_or_null(edge.detail)}};
}

Json finding_json(const lab::Finding& finding) {
  return {{"severity", finding.severity == lab::Severity::kError ? "error" : "warning"},
          {"file", finding.file},
          {"line", finding.line},
          {"column", finding.column},
          {"path", finding.path},
          {"code", finding.code},
          {"message", finding.message},
          {"hint", finding.hint},
          {"text", finding.to_string()}};
}

}  // namespace

Json warnings_json(const std::vector<lab::Finding>& findings) {
  Json warnings = Json::array();
  for (const lab::Finding& each : findings) {
    if (each.severity == lab::Severity::kWarning) warnings.push_back(each.to_string());
  }
  return warnings;
}

Json to_json(const std::vector<lab::Finding>& findings) {
  return array_of(findings, finding_json);
}

Json to_json(const inspect::Graph& graph) {
  return {{"nodes", array_of(graph.nodes, node_json)}, {"edges", array_of(graph.edges, edge_json)}};
}

Json to_json(const Progress& progress) {
  return {
      {"progress", {{"done", progress.done}, {"total", progress.total}, {"what", progress.what}}}};
}

Json to_json(const PassResult& result) {
  const auto not_running_json = [](const inspect::AppStartup& startup) -> Json {
    const policy::PlatformReport& report = startup.report;
    return {{"app", startup.app.to_string()},
            {"step", report.failed_step ? Json(lab::name_of(*report.failed_step)) : Json(nullptr)},
            {"reason", report.reason}};
  };
  Json json = {{"changed", result.changed},
               {"labChanged", result.lab_changed},
               {"failed", failed_json(result.failed)},
               {"drift", result.drift},
               {"seconds", result.seconds},
               {"notRunning", array_of(result.not_running, not_running_json)},
               {"effects", effects_json(result.effects)},
               {"notes", result.notes},
               {"warnings", result.warnings}};
  if (result.backup) {
    json["report"] = to_json(*result.backup);
    if (result.backup->report.running) json["report"]["state"] = "done";
  }
  return {{"result", json}};
}

Json error_json(const Error& error, const std::vector<lab::Finding>& findings) {
  return error_json(errc_name(error.code), error.to_string(), findings);
}

Json error_json(const std::string& code, const std::string& message,
                const std::vector<lab::Finding>& findings) {
  return {{"error", {{"code", code}, {"message", message}, {"findings", to_json(findings)}}}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_indented(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace egress::control
