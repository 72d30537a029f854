// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "control/json.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

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
  Json json{{"name", rule.name},
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
  if (!counted.machine.empty()) json["networkInterface"] = counted.machine;
  return json;
}

}  // namespace

Json to_json(const inspect::EffectiveRoutes& effective) {
  return {{"subnet", effective.subnet.to_string()},
          {"routes", array_of(effective.routes, route_json)}};
}

Json to_json(const inspect::EffectiveRules& effective) {
  return {{"subnet", effective.subnet.to_string()},
          {"rules", array_of(effective.rules, rule_json)}};
}

Json to_json(const inspect::IpFlowVerdict& verdict) {
  return {{"access", lab::name_of(verdict.access)}, {"ruleName", text_or_null(verdict.rule_name)}};
}

Json to_json(const inspect::NextHopAnswer& answer) {
  return {{"nextHopType", answer.next_hop.type},
          {"nextHopIpAddress", address_or_null(answer.next_hop.ip_address)},
          {"routeTableId", answer.route_table_id}};
}

}  // namespace egress::control
