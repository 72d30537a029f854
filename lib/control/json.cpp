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

template <typename T, typename JsonOf>
Json array_of(const std::vector<T>& values, JsonOf json_of) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(json_of(value));
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
  const auto interface_json = [](const inspect::WorkerInterface& interface) -> Json {
    return {{"name", interface.name},
            {"subnet", interface.subnet},
            {"address", interface.address.to_string()}};
  };
  return {{"name", worker.name},
          {"netns", worker.netns},
          {"interfaces", array_of(worker.interfaces, interface_json)}};
}

Json host_json(const inspect::HostStatus& host) {
  return {{"name", host.name},
          {"netns", host.netns},
          {"address", host.address.to_string()},
          {"listen", host.listen}};
}

Json step_json(const policy::Step& step) {
  return {{"stage", policy::name_of(step.stage)},
          {"where", step.where},
          {"result", step.result},
          {"name", text_or_null(step.name)},
          {"reason", step.reason}};
}

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

Json lease_json(const ipam::Lease& lease) {
  return {{"subnet", lease.holder.subnet.to_string()},
          {"serverFarm", lease.holder.server_farm},
          {"instance", lease.holder.instance},
          {"address", lease.address.to_string()},
          {"state", ipam::name_of(lease.state)},
          {"since", time_text(lease.since)},
          {"releaseAt", lease.release_at ? Json(time_text(*lease.release_at)) : Json(nullptr)}};
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

// ARM writes the wildcard as "*" in the singular field and lists every form in the plural one.
struct Condition {
  std::vector<std::string> declared{};
  bool needs_expansion = false;  // tags and groups hide their addresses
};

Condition condition_of(const lab::AddressMatch& match) {
  if (match.any) return {{"*"}, false};
  if (!match.service_tag.empty()) return {{match.service_tag}, true};
  if (!match.application_security_groups.empty()) return {match.application_security_groups, true};
  Condition condition;
  for (const Ipv4Prefix& prefix : match.prefixes) condition.declared.push_back(prefix.to_string());
  return condition;
}

Json expansion(const Condition& condition, const AddressSet& addresses) {
  Json expanded = Json::array();
  if (!condition.needs_expansion) return expanded;
  for (const Ipv4Prefix& prefix : to_prefixes(addresses)) expanded.push_back(prefix.to_string());
  return expanded;
}

Json singular(const std::vector<std::string>& values) {
  return values.size() == 1 ? Json(values.front()) : Json(nullptr);
}

// "443-443", as Network Watcher prints a single port.
std::vector<std::string> port_ranges(const PortSet& ports) {
  std::vector<std::string> ranges;
  for (const auto& range : ports.intervals()) {
    ranges.push_back(fmt::format("{}-{}", range.first, range.last));
  }
  return ranges;
}

std::string protocol_name(lab::SecurityRuleProtocol protocol) {
  return protocol == lab::SecurityRuleProtocol::kAny ? "All" : lab::name_of(protocol);
}

Json route_json(const policy::EffectiveRoute& route) {
  Json next_hop = Json::array();
  if (route.next_hop_ip_address) next_hop.push_back(route.next_hop_ip_address->to_string());
  return {{"name", route.name},
          {"source", policy::name_of(route.source)},
          {"state", policy::name_of(route.state)},
          {"addressPrefix", Json::array({route.address_prefix.to_string()})},
          {"nextHopType", policy::name_of(route.next_hop_type)},
          {"nextHopIpAddress", next_hop}};
}

Json rule_json(const inspect::RuleHits& counted) {
  const policy::EffectiveRule& rule = counted.rule;
  const Condition source = condition_of(rule.rule.source);
  const Condition destination = condition_of(rule.rule.destination);
  const auto source_ports = port_ranges(rule.rule.source_ports);
  const auto destination_ports = port_ranges(rule.rule.destination_ports);
  return {{"name", rule.name},
          {"direction", lab::name_of(rule.rule.direction)},
          {"priority", rule.rule.priority},
          {"access", lab::name_of(rule.rule.access)},
          {"protocol", protocol_name(rule.rule.protocol)},
          {"sourceAddressPrefix", singular(source.declared)},
          {"sourceAddressPrefixes", source.declared},
          {"expandedSourceAddressPrefix", expansion(source, *rule.sources)},
          {"sourcePortRange", singular(source_ports)},
          {"sourcePortRanges", source_ports},
          {"destinationAddressPrefix", singular(destination.declared)},
          {"destinationAddressPrefixes", destination.declared},
          {"expandedDestinationAddressPrefix", expansion(destination, *rule.destinations)},
          {"destinationPortRange", singular(destination_ports)},
          {"destinationPortRanges", destination_ports},
          {"hits", counted.hits ? Json(*counted.hits) : Json(nullptr)}};
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

Json to_json(const std::vector<lab::Finding>& findings) {
  return array_of(findings, finding_json);
}

Json to_json(const std::vector<ipam::Lease>& leases) {
  return array_of(leases, lease_json);
}

Json to_json(const inspect::StatusReport& status) {
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
          {"apps", array_of(status.apps, app_json)},
          {"workers", array_of(status.workers, worker_json)},
          {"hosts", array_of(status.hosts, host_json)},
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

Json to_json(const inspect::EffectiveRoutes& effective) {
  return {{"subnet", effective.subnet.to_string()},
          {"routes", array_of(effective.routes, route_json)}};
}

Json to_json(const inspect::EffectiveRules& effective) {
  return {{"subnet", effective.subnet.to_string()},
          {"rules", array_of(effective.rules, rule_json)}};
}

Json to_json(const inspect::Graph& graph) {
  return {{"nodes", array_of(graph.nodes, node_json)}, {"edges", array_of(graph.edges, edge_json)}};
}

Json to_json(const Plan& plan) {
  const auto change_json = [](const inspect::ResourceChange& change) -> Json {
    return {{"verb", change.verb}, {"kind", change.kind}, {"name", change.name}};
  };
  return {{"resources", array_of(plan.resources, change_json)},
          {"operations", plan.operations},
          {"findings", to_json(plan.warnings)}};
}

Json to_json(const Progress& progress) {
  return {
      {"progress", {{"done", progress.done}, {"total", progress.total}, {"what", progress.what}}}};
}

Json to_json(const PassResult& result) {
  const auto failed_json = [](const FailedObject& failed) -> Json {
    return {{"object", failed.object}, {"message", failed.message}};
  };
  return {{"result",
           {{"changed", result.changed},
            {"failed", array_of(result.failed, failed_json)},
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
  return {{"results", array_of(results, result_json)}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_indented(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace egress::control
