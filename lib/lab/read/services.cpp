// SPDX-License-Identifier: MIT

#include "lab/read/resources.hpp"
#include "lab/service_types.hpp"

namespace egress::lab {
namespace {

NetworkAcls read_network_acls(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kNetworkAcls);
  NetworkAcls acls;
  object.word_into(acls.default_action, "defaultAction", accesses());
  object.list_into(acls.ip_rules, "ipRules", &Reader::prefix);
  object.list_into(acls.virtual_network_rules, "virtualNetworkRules", &Reader::subnet_ref);
  object.list_into(acls.bypass, "bypass",
                   [](Reader& from, const Value& item) { return from.word(item, bypasses()); });
  return acls;
}

std::optional<std::string> read_region(Reader& reader, const Value& value) {
  const bool any = value.is_scalar() && value.node->text == "*";
  return any ? std::optional<std::string>("*") : read_location(reader, value);
}

std::optional<std::string> read_endpoint_name(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  const auto& names = service_endpoint_names();
  for (const std::string& name : names) {
    if (equal_ignoring_case(name, *text)) return name;
  }
  reader.fail(value, "unknown-value", fmt::format("unknown service endpoint '{}'", shown(*text)),
              suggestion(*text, names, "known: " + one_of(names)));
  return std::nullopt;
}

}  // namespace

Service read_service(Reader& reader, const Value& value, const std::string& location_of_lab,
                     const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kService);
  Service service{.location = location_of_lab};
  object.into(service.type, "type", &Reader::text);
  if (const ServiceType* type = find_service_type(service.type)) service.type = type->name;
  if (const auto location = object.at("location")) {
    service.location = read_location(reader, *location).value_or(service.location);
  }
  object.into(service.ip_address, "ipAddress", &Reader::address);
  object.list_into(service.names, "names", &Reader::domain_name);
  object.list_into(service.listen, "listen", read_listen);
  if (const auto tag = object.at("serviceTag")) {
    service.service_tag = read_service_tag(reader, *tag, tags).value_or("");
  }
  object.word_into(service.public_network_access, "publicNetworkAccess", public_network_accesses());
  if (const auto acls = object.at("networkAcls")) {
    service.network_acls = read_network_acls(reader, *acls);
  }
  object.map_into(service.secrets, "secrets", read_secret);
  object.into(service.subscription, "subscription", &Reader::text);
  return service;
}

PrivateEndpoint read_private_endpoint(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kPrivateEndpoint);
  PrivateEndpoint endpoint;
  object.into(endpoint.subnet, "subnet", &Reader::subnet_ref);
  object.into(endpoint.ip_address, "ipAddress", &Reader::address);
  object.into(endpoint.private_link_service, "privateLinkService", &Reader::text);
  object.list_into(endpoint.group_ids, "groupIds", &Reader::text);
  object.word_into(endpoint.status, "status", endpoint_statuses());
  object.list_into(endpoint.private_dns_zones, "privateDnsZones", &Reader::text);
  return endpoint;
}

std::optional<ServiceEndpoint> read_service_endpoint(Reader& reader, const Value& value) {
  ServiceEndpoint endpoint;
  if (value.node->kind != YamlKind::kMap) {
    const auto name = read_endpoint_name(reader, value);
    return name ? std::optional(ServiceEndpoint{.service = *name}) : std::nullopt;
  }
  ObjectReader object(reader, value, ObjectType::kServiceEndpoint);
  if (const auto name = object.at("service")) {
    endpoint.service = read_endpoint_name(reader, *name).value_or("");
  }
  object.list_into(endpoint.locations, "locations", read_region);
  return endpoint;
}

}  // namespace egress::lab
