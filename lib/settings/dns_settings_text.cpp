// SPDX-License-Identifier: MIT
#include "settings/dns_settings_text.hpp"

#include "settings/record_sets_text.hpp"

namespace egress::settings {
namespace {

constexpr const char* kApp = "app";
constexpr const char* kPlatform = "platform";
constexpr const char* kServer = "server";

Json json_of(const AppResolver& app) {
  return {{"role", kApp},
          {"servers", to_json(app.servers)},
          {"attempts", app.attempts},
          {"timeoutSeconds", app.timeout_seconds},
          {"cacheSeconds", app.cache_seconds}};
}

Json json_of(const PlatformResolver& platform) {
  Json json{{"role", kPlatform}};
  if (platform.vnet) json["virtualNetwork"] = *platform.vnet;
  return json;
}

Json json_of(const ServerResolver& server) {
  return {{"role", kServer},
          {"address", server.address.to_string()},
          {"forwardTo", to_json(server.server.forward_to)},
          {"recordSets", to_lines(server.server.record_sets)},
          {"inInternet", server.in_internet}};
}

Ipv4Address address_at(const Json& json, const char* key) {
  return read_addresses(Json::array({json.at(key)})).front();
}

DnsRole read_role(const Json& json) {
  const std::string role = json.at("role");
  if (role == kApp) {
    return AppResolver{.servers = read_addresses(json.at("servers")),
                       .attempts = json.at("attempts"),
                       .timeout_seconds = json.at("timeoutSeconds"),
                       .cache_seconds = json.at("cacheSeconds")};
  }
  if (role == kPlatform) {
    PlatformResolver platform;
    if (json.contains("virtualNetwork")) {
      platform.vnet = json.at("virtualNetwork").get<std::string>();
    }
    return platform;
  }
  if (role != kServer) throw Unreadable("there is no role '" + role + "'");
  return ServerResolver{
      .address = address_at(json, "address"),
      .server = {.forward_to = read_addresses(json.at("forwardTo")),
                 .record_sets = read_sets<lab::RecordSets>(json.at("recordSets"))},
      .in_internet = json.at("inInternet")};
}

}  // namespace

std::string to_text(const DnsRole& role) {
  return std::visit([](const auto& each) { return json_of(each).dump(); }, role);
}

Result<DnsRole> parse_dns_role(const std::string& text) {
  return parse_json(text, "settings of a resolver", read_role);
}

}  // namespace egress::settings
