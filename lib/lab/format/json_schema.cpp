// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "lab/format/format.hpp"
#include "lab/schema/schema.hpp"
#include "lab/schema/tolerated.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPort =
    "0*(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})";
constexpr const char* kPortNotZero =
    "0*(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})";

std::string address_pattern() {
  const std::string octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  return fmt::format("{0}(\\.{0}){{3}}", octet);
}

std::string range_pattern() {
  return address_pattern() + "/0*(3[0-2]|[12]?[0-9])";
}

std::string prefix_pattern() {
  return address_pattern() + "(/0*(3[0-2]|[12]?[0-9]))?";
}

Json reference(const std::string& definition) {
  return {{"$ref", "#/definitions/" + definition}};
}

Json text_like(const std::string& pattern) {
  return {{"type", "string"}, {"pattern", "^(" + pattern + ")$"}};
}

Json any_of(std::initializer_list<Json> choices) {
  Json list = Json::array();
  for (const Json& choice : choices) list.push_back(choice);
  return {{"anyOf", std::move(list)}};
}

// Editors complete the words as they stand; any other case of them is taken too.
std::string any_case(const std::string& word) {
  std::string pattern;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalpha(byte) != 0) {
      pattern += fmt::format("[{}{}]", static_cast<char>(std::toupper(byte)),
                             static_cast<char>(std::tolower(byte)));
    } else {
      pattern += std::isdigit(byte) != 0 ? std::string(1, c) : fmt::format("[{}]", c);
    }
  }
  return pattern;
}

Json words_of_property(const Property& property) {
  std::vector<std::string> patterns;
  for (const std::string& word : property.words) patterns.push_back(any_case(word));
  return any_of(
      {{{"enum", property.words}}, text_like(fmt::format("{}", fmt::join(patterns, "|")))});
}

Json one_value(const Property& property) {
  switch (property.form) {
    case Form::kText: return reference("text");
    case Form::kWord: return words_of_property(property);
    case Form::kBoolean: return {{"type", "boolean"}};
    case Form::kInteger:
      return {{"type", "integer"}, {"minimum", property.minimum}, {"maximum", property.maximum}};
    case Form::kRegion: return reference("region");
    case Form::kRegionOrAny: return any_of({reference("region"), {{"const", "*"}}});
    case Form::kAddress: return reference("address");
    case Form::kAddressOrEmpty: return any_of({reference("address"), {{"const", ""}}});
    case Form::kAddress6: return reference("address6");
    case Form::kDomainName: return reference("domainName");
    case Form::kPrefix: return reference("prefix");
    case Form::kRange: return reference("range");
    case Form::kPrefixOrAny: return reference("prefixOrAny");
    case Form::kPrefixOrTag: return reference("prefixOrTag");
    case Form::kFirewallAddress: return reference("firewallAddress");
    case Form::kPortsOrAny: return reference("ports");
    case Form::kPorts: return reference(property.many == Many::kList ? "listedPorts" : "ports");
    case Form::kSubnet: return reference("subnetReference");
    case Form::kListen: return reference("listen");
    case Form::kInstance: return reference("instance");
    case Form::kFlowUrl: return reference("flowUrl");
    case Form::kHttpsUrl: return reference("httpsUrl");
    case Form::kLatency: return reference("latency");
    case Form::kShare: return reference("share");
    case Form::kRate: return reference("rate");
    case Form::kDuration: return reference("duration");
    case Form::kScope: return reference("scope");
    case Form::kExpected:
      return any_of({words_of_property(property), reference("address"), reference("addresses")});
    case Form::kServiceEndpoint:
      return any_of({words_of_property(property), reference(schema_of(property.object).name)});
    case Form::kObject: return reference(schema_of(property.object).name);
  }
  return Json::object();
}

std::string name_pattern(const NameRule& rule) {
  const std::string end = "[A-Za-z0-9" + rule.ends + "]";
  return fmt::format("^{0}([A-Za-z0-9{1}]{{0,{2}}}{0})?$", end, rule.inner, rule.max_length - 2);
}

// A list without values stands for nothing where children, or one of two forms, could be.
Json no_values() {
  return {{"type", "array"}, {"maxItems", 0}};
}

Json value_of(const Property& property) {
  Json json = one_value(property);
  if (property.many == Many::kList) {
    json = {{"type", "array"}, {"items", std::move(json)}};
    if (property.minimum > 0) json["minItems"] = property.minimum;
    if (property.maximum > 0) json["maxItems"] = property.maximum;
  } else if (property.many == Many::kOneOrList) {
    json = any_of({json, {{"type", "array"}, {"items", json}}});
  } else if (property.many == Many::kMap) {
    json = {{"type", "object"}, {"additionalProperties", std::move(json)}};
    if (property.names.max_length > 0) {
      json["propertyNames"] = {{"type", "string"}, {"pattern", name_pattern(property.names)}};
    }
    json = any_of({json, no_values()});
  } else if (property.form == Form::kText && property.maximum > 0) {
    json = {{"allOf", Json::array({reference("text"), {{"maxLength", property.maximum}}})}};
  }
  return json;
}

// Null is the absence of what it stands for.
Json described(const Property& property, const ObjectSchema& owner) {
  Json json{{"description", property.description}};
  const Json value = value_of(property);
  json["anyOf"] =
      property.required ? Json::array({value}) : Json::array({value, {{"type", "null"}}});
  const bool choice = std::any_of(
      owner.alternatives.begin(), owner.alternatives.end(),
      [&](const auto& keys) { return std::count(keys.begin(), keys.end(), property.name) > 0; });
  if (choice && property.many == Many::kList) json["anyOf"].push_back(no_values());
  if (!property.default_value.empty()) {
    const Json number = Json::parse(property.default_value, nullptr, false);
    json["default"] = number.is_discarded() ? Json(property.default_value) : number;
  }
  return json;
}

Json present(const std::string& key) {
  const Json absent = any_of({{{"type", "null"}}, no_values()});
  return {{"required", Json::array({key})}, {"properties", {{key, {{"not", absent}}}}}};
}

Json exactly_one(const ObjectSchema& schema, const std::vector<std::string>& keys) {
  Json choices = Json::array();
  for (const std::string& key : keys) {
    Json there = present(key);
    if (schema.find(key)->form == Form::kBoolean) there["properties"][key] = {{"const", true}};
    choices.push_back(std::move(there));
  }
  return {{"oneOf", choices}};
}

// What ties two properties of an object together beyond the choice between them.
Json condition_of(ObjectType type) {
  if (type == ObjectType::kRoute) {
    Json next_hop = present("nextHopIpAddress");
    next_hop["properties"]["nextHopIpAddress"] = {{"not", {{"enum", Json::array({nullptr, ""})}}}};
    const Json to_appliance = {
        {"properties", {{"nextHopType", text_like(any_case("VirtualAppliance"))}}}};
    return {{"if", to_appliance}, {"then", next_hop}, {"else", {{"not", next_hop}}}};
  }
  return nullptr;
}

Json object_of(const ObjectSchema& schema) {
  Json json{
      {"description", schema.description}, {"type", "object"}, {"additionalProperties", false}};
  Json required = Json::array();
  json["properties"] = Json::object();
  for (const Property& property : schema.properties) {
    json["properties"][property.name] = described(property, schema);
    if (property.required) required.push_back(property.name);
  }
  if (schema.type == ObjectType::kLab) {
    for (const std::string& key : reserved_keys()) {
      json["properties"][key] = {{"type", Json::array({"object", "array", "null"})},
                                 {"maxProperties", 0},
                                 {"maxItems", 0}};
    }
  }
  for (const Tolerated& property : tolerated_properties(schema.type)) {
    Json& place = json["properties"][property.name];
    place = {{"description", "Of Azure; not emulated."}};
    // Of which the lab has a word of its own.
    if (property.name == "dhcpOptions") place["properties"] = {{"dnsServers", no_values()}};
  }
  Json rules = Json::array();
  for (const auto& keys : schema.alternatives) rules.push_back(exactly_one(schema, keys));
  if (const Json condition = condition_of(schema.type); !condition.is_null()) {
    rules.push_back(condition);
  }
  if (!required.empty()) json["required"] = required;
  if (!rules.empty()) json["allOf"] = rules;
  // Nothing is an object without properties, where none is needed.
  if (required.empty() && rules.empty()) json["type"] = Json::array({"object", "null"});
  return json;
}

Json definitions() {
  const std::string ports = fmt::format("{0}(-{0})?", kPort);
  const std::string label = "[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?";
  const Json port_number = {{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}};
  Json all{
      {"text", {{"type", Json::array({"string", "number", "boolean"})}}},
      {"region",
       {{"anyOf",
         Json::array({text_like(" *([A-Za-z0-9] *)+"), Json{{"type", "integer"}, {"minimum", 0}},
                      Json{{"type", "boolean"}}})}}},
      {"address", text_like(address_pattern())},
      {"addresses", {{"type", "array"}, {"items", reference("address")}, {"minItems", 1}}},
      {"address6", text_like("[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(" + address_pattern() + ")?")},
      {"domainName", any_of({text_like(label + "([.]" + label + ")*[.]?"),
                             {{"type", "number"}, {"minimum", 0}},
                             {{"type", "boolean"}}})},
      {"prefix", text_like(prefix_pattern())},
      {"range", text_like(range_pattern())},
      {"prefixOrAny", text_like(prefix_pattern() + "|[^0-9:/][^:/]*")},
      {"prefixOrTag", text_like(range_pattern() + "|[^0-9:/*][^:/]*")},
      {"firewallAddress", text_like(fmt::format("{}|{}-{}|[^0-9:/][^:/]*", prefix_pattern(),
                                                address_pattern(), address_pattern()))},
      {"ports", {{"anyOf", Json::array({text_like("[*]|" + ports), port_number})}}},
      {"listedPorts", {{"anyOf", Json::array({text_like(ports), port_number})}}},
      {"subnetReference", text_like("[^/]+/[^/]+")},
      {"listen", text_like(fmt::format("([Tt][Cc][Pp]|[Uu][Dd][Pp])/{}", kPortNotZero))},
      {"instance",
       {{"anyOf", Json::array({text_like("[^/]+(/[0-9]+)?|host/[^/]+"), Json{{"type", "integer"}},
                               Json{{"type", "boolean"}}})}}},
      {"httpsUrl", text_like("[Hh][Tt][Tt][Pp][Ss]://" + label + "([.]" + label +
                             ")*[.]?(:443)?/[^?#]+([?#].*)?")},
      {"latency", text_like("[0-9]+([.][0-9]{1,6})?s|[0-9]+([.][0-9]{1,3})?ms|[0-9]+us")},
      {"share", text_like("[0-9]+([.][0-9]{1,4})?%")},
      {"rate", text_like("[0-9]+([.][0-9]{1,9})?gbit|[0-9]+([.][0-9]{1,6})?mbit|"
                         "[0-9]+([.][0-9]{1,3})?kbit|[0-9]+bit")},
      {"duration", text_like("([0-9]+[dhms])+")},
      {"scope", any_of({text_like("[^/]+(/[^/]+)?"), {{"type", "number"}}, {{"type", "boolean"}}})},
      {"flowUrl", text_like(fmt::format("(tcp|udp)://[^:/?#@\\[\\]]+:{}|icmp://[^:/?#@\\[\\]]+",
                                        kPortNotZero))}};
  for (const ObjectSchema& schema : object_schemas()) {
    if (schema.type != ObjectType::kLab) all[schema.name] = object_of(schema);
  }
  return all;
}

}  // namespace

std::string json_schema() {
  Json json{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "egressd lab"}};
  json.update(object_of(schema_of(ObjectType::kLab)));
  json["type"] = "object";
  json["patternProperties"] = {{"^" + kExtensionPrefix, Json::object()}};
  json["definitions"] = definitions();
  return json.dump(2) + "\n";
}

}  // namespace egress::lab
