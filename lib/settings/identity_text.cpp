// SPDX-License-Identifier: MIT
#include "settings/identity_text.hpp"

#include "settings/record_sets_text.hpp"

namespace egress::settings {
namespace {

Ipv4Address read_address(const Json& json) {
  const auto address = Ipv4Address::parse(json.get_ref<const std::string&>());
  if (!address.ok()) throw Unreadable(address.error().message);
  return *address;
}

Json to_json(const IdentityApp& app) {
  return {{"address", app.address.to_string()},
          {"site", app.site},
          {"header", app.header},
          {"clientId", app.client_id},
          {"lane", app.lane}};
}

IdentityApp read_app(const Json& json) {
  return {.address = read_address(json.at("address")),
          .site = json.at("site"),
          .header = json.at("header"),
          .client_id = json.at("clientId"),
          .lane = json.at("lane")};
}

Json to_json(const IdentityEndpoint& endpoint) {
  Json apps = Json::array();
  for (const IdentityApp& app : endpoint.apps) apps.push_back(to_json(app));
  return {{"role", "endpoint"},
          {"address", endpoint.address.to_string()},
          {"port", endpoint.port},
          {"apps", std::move(apps)}};
}

Json to_json(const IdentityLane&) {
  return {{"role", "lane"}};
}

}  // namespace

std::string to_text(const IdentityRole& role) {
  return std::visit([](const auto& each) { return to_json(each).dump(); }, role);
}

Result<IdentityRole> parse_identity_role(const std::string& text) {
  return parse_json(text, "settings of an identity", [](const Json& json) -> IdentityRole {
    const std::string role = json.at("role");
    if (role == "lane") return IdentityLane{};
    if (role != "endpoint") throw Unreadable("no role is called " + role);
    IdentityEndpoint endpoint{.address = read_address(json.at("address")), .port = json.at("port")};
    for (const Json& app : json.at("apps")) endpoint.apps.push_back(read_app(app));
    return endpoint;
  });
}

}  // namespace egress::settings
