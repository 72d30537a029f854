// SPDX-License-Identifier: MIT
#include "settings/responder_text.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "settings/record_sets_text.hpp"

namespace egress::settings {
namespace {

using policy::Entry;
using policy::ServiceFirewall;

Ipv4Prefix read_prefix(const Json& json) {
  const auto prefix = Ipv4Prefix::parse(json.get_ref<const std::string&>());
  if (!prefix.ok()) throw Unreadable(prefix.error().message);
  return *prefix;
}

Json to_json(const std::set<Port>& listen) {
  Json json = Json::array();
  for (const Port& port : listen) json.push_back(port.to_string());
  return json;
}

std::set<Port> read_ports(const Json& json) {
  std::set<Port> ports;
  for (const Json& written : json) {
    const auto port = Port::parse(written.get_ref<const std::string&>());
    if (!port.ok()) throw Unreadable(port.error().message);
    ports.insert(*port);
  }
  return ports;
}

Json to_json(const ResponderWay& way) {
  Json subnets = Json::array();
  for (const auto& [prefix, subnet] : way.subnets) subnets.push_back({prefix.to_string(), subnet});
  return {{"device", way.device},
          {"mark", way.mark},
          {"listen", to_json(way.listen)},
          {"way", static_cast<int>(way.way)},
          {"subnets", std::move(subnets)}};
}

ResponderWay read_way(const Json& json) {
  ResponderWay way{
      .device = json.at("device"),
      .mark = json.at("mark"),
      .listen = read_ports(json.at("listen")),
      .way = number_of<Entry::Way>(json.at("way"), static_cast<int>(Entry::Way::kPrivateEndpoint))};
  for (const Json& pair : json.at("subnets")) {
    way.subnets.emplace_back(read_prefix(pair.at(0)), pair.at(1).get<std::string>());
  }
  return way;
}

Json to_json(const ServiceFirewall& firewall) {
  Json ip_rules = Json::array();
  for (const Ipv4Prefix& prefix : firewall.acls.ip_rules) ip_rules.push_back(prefix.to_string());
  Json subnets = Json::array();
  for (const lab::SubnetRef& each : firewall.acls.virtual_network_rules) {
    subnets.push_back({each.vnet, each.subnet});
  }
  return {{"name", firewall.name},
          {"refusal", static_cast<int>(firewall.refusal)},
          {"publicNetworkAccess", static_cast<int>(firewall.public_network_access)},
          {"defaultAction", static_cast<int>(firewall.acls.default_action)},
          {"ipRules", std::move(ip_rules)},
          {"virtualNetworkRules", std::move(subnets)}};
}

ServiceFirewall read_firewall(const Json& json) {
  ServiceFirewall firewall{
      .public_network_access = number_of<lab::PublicNetworkAccess>(
          json.at("publicNetworkAccess"), static_cast<int>(lab::PublicNetworkAccess::kDisabled)),
      .refusal =
          number_of<lab::Refusal>(json.at("refusal"), static_cast<int>(lab::Refusal::kOther)),
      .name = json.at("name")};
  firewall.acls.default_action =
      number_of<lab::Access>(json.at("defaultAction"), static_cast<int>(lab::Access::kDeny));
  for (const Json& prefix : json.at("ipRules")) {
    firewall.acls.ip_rules.push_back(read_prefix(prefix));
  }
  for (const Json& pair : json.at("virtualNetworkRules")) {
    firewall.acls.virtual_network_rules.push_back(
        {pair.at(0).get<std::string>(), pair.at(1).get<std::string>()});
  }
  return firewall;
}

Json to_json(const policy::ServedNames& served) {
  const std::vector<Ipv4Address> addresses(served.addresses.begin(), served.addresses.end());
  return {{"names", served.names},
          {"addresses", settings::to_json(addresses)},
          {"anyName", served.any_name}};
}

policy::ServedNames read_served(const Json& json) {
  const std::vector<Ipv4Address> addresses = read_addresses(json.at("addresses"));
  return {.names = json.at("names"),
          .addresses = {addresses.begin(), addresses.end()},
          .any_name = json.at("anyName")};
}

Json to_json(const tls::Authority& authority) {
  return {{"certificate", authority.certificate}, {"key", authority.key}};
}

tls::Authority read_authority(const Json& json) {
  return {.certificate = json.at("certificate"), .key = json.at("key")};
}

}  // namespace

bool may_speak_tls(const Port& port) {
  return std::find(std::begin(kTlsPorts), std::end(kTlsPorts), port) != std::end(kTlsPorts);
}

std::string to_text(const Responder& responder) {
  Json json{{"host", responder.host}, {"listen", to_json(responder.listen)}};
  if (!responder.device.empty()) json["device"] = responder.device;
  for (const ResponderWay& way : responder.ways) json["ways"].push_back(to_json(way));
  if (responder.firewall) json["firewall"] = to_json(*responder.firewall);
  if (responder.served != policy::ServedNames{}) json["served"] = to_json(responder.served);
  if (responder.authority != tls::Authority{}) json["authority"] = to_json(responder.authority);
  return json.dump();
}

Result<Responder> parse_responder(const std::string& text) {
  return parse_json(text, "settings of a responder", [](const Json& json) {
    Responder responder{.host = json.at("host"),
                        .listen = read_ports(json.at("listen")),
                        .device = json.value("device", "")};
    for (const Json& way : json.value("ways", Json::array())) {
      responder.ways.push_back(read_way(way));
    }
    if (json.contains("firewall")) responder.firewall = read_firewall(json.at("firewall"));
    if (json.contains("served")) responder.served = read_served(json.at("served"));
    if (json.contains("authority")) responder.authority = read_authority(json.at("authority"));
    return responder;
  });
}

}  // namespace egress::settings
