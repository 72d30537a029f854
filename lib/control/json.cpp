// SPDX-License-Identifier: MIT
#include "control/json.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace egress::control {

namespace {

Json address_or_null(const std::optional<Ipv4Address>& address) {
  return address ? Json(address->to_string()) : Json(nullptr);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// ARM's form of a time: UTC with seven decimals is overkill, milliseconds are what it prints.
std::string time_text(ipam::TimePoint time) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)), since_epoch % 1000);
}

template <typename T>
Json array_of(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(to_json(value));
  return array;
}

Json app_json(const inspect::AppStatus& app) {
  return {{"site", app.site},
          {"instance", app.instance},
          {"worker", app.worker},
          {"netns", app.netns},
          {"integrated", app.integrated},
          {"subnet", text_or_null(app.subnet)},
          {"privateIp", address_or_null(app.private_ip)},
          {"outboundIp", address_or_null(app.outbound_ip)},
          {"applicationRouting", app.application_routing}};
}

Json worker_json(const inspect::WorkerStatus& worker) {
  Json interfaces = Json::array();
  for (const inspect::WorkerInterface& interface : worker.interfaces) {
    interfaces.push_back({{"name", interface.name},
                          {"subnet", interface.subnet},
                          {"address", interface.address.to_string()}});
  }
  return {{"name", worker.name}, {"netns", worker.netns}, {"interfaces", interfaces}};
}

Json host_json(const inspect::HostStatus& host) {
  return {{"name", host.name},
          {"netns", host.netns},
          {"address", host.address.to_string()},
          {"listen", host.listen}};
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
  Json steps = Json::array();
  for (const policy::Step& step : explanation.steps) {
    steps.push_back({{"stage", policy::name_of(step.stage)},
                     {"where", step.where},
                     {"result", step.result},
                     {"name", text_or_null(step.name)},
                     {"reason", step.reason}});
  }
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
          {"steps", steps},
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

Json to_json(const lab::Finding& finding) {
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

Json to_json(const std::vector<lab::Finding>& findings) {
  return array_of(findings);
}

Json to_json(const ipam::Lease& lease) {
  return {{"subnet", lease.holder.subnet.to_string()},
          {"serverFarm", lease.holder.server_farm},
          {"instance", lease.holder.instance},
          {"address", lease.address.to_string()},
          {"state", ipam::name_of(lease.state)},
          {"since", time_text(lease.since)},
          {"releaseAt", lease.release_at ? Json(time_text(*lease.release_at)) : Json(nullptr)}};
}

Json to_json(const std::vector<ipam::Lease>& leases) {
  return array_of(leases);
}

Json to_json(const inspect::StatusReport& status) {
  Json apps = Json::array();
  for (const inspect::AppStatus& app : status.apps) apps.push_back(app_json(app));
  Json workers = Json::array();
  for (const inspect::WorkerStatus& worker : status.workers) workers.push_back(worker_json(worker));
  Json hosts = Json::array();
  for (const inspect::HostStatus& host : status.hosts) hosts.push_back(host_json(host));
  Json last_pass;
  if (status.last_pass) {
    last_pass = {{"seconds", status.last_pass->seconds},
                 {"operations", status.last_pass->operations},
                 {"failed", status.last_pass->failed}};
  }
  Json last_repair;
  if (status.last_repair) {
    last_repair = {{"at", time_text(status.last_repair->at)},
                   {"operations", status.last_repair->operations}};
  }
  return {{"lab", status.lab ? Json(*status.lab) : Json(nullptr)},
          {"version", status.version},
          {"prefix", status.prefix},
          {"inSync", status.in_sync},
          {"apps", apps},
          {"workers", workers},
          {"hosts", hosts},
          {"drift", status.drift},
          {"problems", status.problems},
          {"lastPass", last_pass},
          {"lastRepair", last_repair},
          {"pendingReleases", to_json(status.pending_releases)}};
}

Json to_json(const inspect::AppContext& context) {
  return {{"netns", context.netns},
          {"environment", context.environment},
          {"resolvConf", context.resolv_conf},
          {"hosts", context.hosts}};
}

Json to_json(const inspect::Graph& graph) {
  Json nodes = Json::array();
  for (const inspect::Node& node : graph.nodes) {
    nodes.push_back({{"id", node.id},
                     {"kind", node.kind},
                     {"name", node.name},
                     {"parent", text_or_null(node.parent)},
                     {"detail", text_or_null(node.detail)}});
  }
  Json edges = Json::array();
  for (const inspect::Edge& edge : graph.edges) {
    edges.push_back({{"from", edge.from},
                     {"to", edge.to},
                     {"kind", edge.kind},
                     {"detail", text_or_null(edge.detail)}});
  }
  return {{"nodes", nodes}, {"edges", edges}};
}

Json to_json(const Plan& plan) {
  Json resources = Json::array();
  for (const inspect::ResourceChange& change : plan.resources) {
    resources.push_back({{"verb", change.verb}, {"kind", change.kind}, {"name", change.name}});
  }
  return {{"resources", resources},
          {"operations", plan.operations},
          {"findings", to_json(plan.warnings)}};
}

Json to_json(const Progress& progress) {
  return {
      {"progress", {{"done", progress.done}, {"total", progress.total}, {"what", progress.what}}}};
}

Json to_json(const PassResult& result) {
  Json failed = Json::array();
  for (const FailedObject& object : result.failed) {
    failed.push_back({{"object", object.object}, {"message", object.message}});
  }
  return {{"result",
           {{"changed", result.changed},
            {"failed", failed},
            {"drift", result.drift},
            {"seconds", result.seconds}}}};
}

Json error_json(const Error& error, const std::vector<lab::Finding>& findings) {
  return {{"error",
           {{"code", errc_name(error.code)},
            {"message", error.to_string()},
            {"findings", to_json(findings)}}}};
}

Json to_json(const std::vector<inspect::TestResult>& results) {
  Json list = Json::array();
  for (const inspect::TestResult& result : results) list.push_back(result_json(result));
  return {{"results", list}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_indented(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace egress::control
