// SPDX-License-Identifier: MIT

#include <algorithm>
#include <map>

#include "base/duration.hpp"
#include "lab/check/checks.hpp"
#include "lab/document.hpp"
#include "lab/key_path.hpp"
#include "lab/read/arm_shapes.hpp"
#include "lab/read/checked.hpp"
#include "lab/read/resources.hpp"
#include "lab/slots.hpp"

namespace egress::lab {
namespace {

// Null when the file could not be read, which leaves a finding.
std::shared_ptr<const ServiceTags> tags_in(const std::string& path, Reader& reader,
                                           const Value& value, const ReadFile& read_file) {
  const auto text = read_file(path);
  if (!text) {
    reader.fail(value, "unreadable-file",
                fmt::format("cannot read '{}': {}", shown(path), text.error().to_string()));
    return nullptr;
  }
  auto tags = parse_service_tags(*text);
  if (!tags) {
    reader.fail(
        value, "service-tag-file",
        fmt::format("'{}' is not a service tag file: {}", shown(path), tags.error().message));
    return nullptr;
  }
  return std::make_shared<const ServiceTags>(std::move(tags).value());
}

// Whether it is known which tags there are.
bool read_service_tags(Reader& reader, const std::optional<Value>& value, const ReadFile& read_file,
                       const Lab* before, Lab& lab) {
  if (!value) return true;
  const auto path = reader.text(*value);
  if (!path) return false;
  lab.service_tags_file = *path;
  if (before != nullptr && before->service_tags && before->service_tags_file == *path) {
    lab.service_tags = before->service_tags;
    return true;
  }
  lab.service_tags = tags_in(*path, reader, *value, read_file);
  return lab.service_tags != nullptr;
}

std::optional<std::chrono::seconds> read_release_delay(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  const auto delay = parse_duration(*text);
  if (delay.ok() && *delay <= kMaxReleaseDelay) return *delay;
  reader.fail(value, "duration", fmt::format("'{}' is not a time from 0s to 12h", shown(*text)),
              "write one such as 90s, 1h30m or 12h");
  return std::nullopt;
}

// How the lab changes.
void read_changes(ObjectReader& object, Lab& lab) {
  Reader& reader = object.reader();
  if (const auto delay = object.at("releaseDelay")) {
    lab.release_delay = read_release_delay(reader, *delay).value_or(lab.release_delay);
  }
  object.integer_into(lab.max_scale_changes_per_hour, "maxScaleChangesPerHour");
  if (object.at("roleAssignments")) {
    lab.role_assignments.emplace();
    object.list_into(*lab.role_assignments, "roleAssignments", read_role_assignment);
  }
}

// Paths as the document of the lab has them, where every name has the spelling that declared it.
std::vector<NotEmulated> canonical(std::vector<NotEmulated> properties, const Lab& lab) {
  if (properties.empty()) return properties;
  const Document document = document_of(lab);
  std::map<std::string, std::string> values;
  for (NotEmulated& property : properties) {
    std::string path;
    for (const std::string& key : place_at(document, property.path).keys) {
      path += (path.empty() ? "" : ".") + key;
    }
    values.emplace(std::move(path), std::move(property.value));
  }
  properties.clear();
  for (const auto& [path, value] : values) properties.push_back({path, value});
  return properties;
}

Lab read_resources(Reader& reader, const Value& root, const ReadFile& read_file,
                   const Lab* before) {
  ObjectReader object(reader, root, ObjectType::kLab);
  Lab lab;
  if (const auto location = object.at("location")) {
    lab.location = read_location(reader, *location).value_or(lab.location);
  }
  reader.set_location(lab.location);
  lab.outbound_ip_addresses = reader.list(object.at("outboundIpAddresses"), &Reader::address);
  object.word_into(lab.address_allocation, "addressAllocation", address_allocations());
  const bool tags_known =
      read_service_tags(reader, object.at("serviceTags"), read_file, before, lab);
  const TagNames names(tags_of(lab));
  const TagNames* tags = tags_known ? &names : nullptr;
  object.map_into(lab.subscriptions, "subscriptions", read_subscription);
  object.into(lab.subscription, "subscription", &Reader::text);
  object.map_into(lab.public_ip_addresses, "publicIPAddresses", read_public_ip_address);
  object.map_into(lab.nat_gateways, "natGateways", read_nat_gateway);
  object.map_into(lab.virtual_network_gateways, "virtualNetworkGateways",
                  read_virtual_network_gateway);
  object.map_into(lab.on_premises, "onPremises", read_on_premises_network);
  object.map_into(lab.load_balancers, "loadBalancers", read_load_balancer);
  if (const auto ports = object.at("snatPorts")) lab.snat_ports = read_snat_ports(reader, *ports);
  object.map_into(lab.virtual_networks, "virtualNetworks", [&](Reader& from, const Value& vnet) {
    return read_virtual_network(from, vnet, lab.location);
  });
  object.map_into(lab.network_security_groups, "networkSecurityGroups",
                  [&](Reader& from, const Value& group) {
                    return read_network_security_group(from, group, tags);
                  });
  object.map_into(lab.route_tables, "routeTables", [&](Reader& from, const Value& table) {
    return read_route_table(from, table, tags);
  });
  if (const auto groups = object.at("applicationSecurityGroups")) {
    for (const Value& group : reader.names(*groups)) {
      const ObjectReader nothing(reader, group, ObjectType::kApplicationSecurityGroup);
      lab.application_security_groups.insert(group.key);
    }
  }
  object.map_into(lab.services, "services", [&](Reader& from, const Value& service) {
    return read_service(from, service, lab.location, tags);
  });
  object.map_into(lab.private_endpoints, "privateEndpoints", read_private_endpoint);
  object.map_into(lab.private_dns_zones, "privateDnsZones", read_private_dns_zone);
  if (const auto dns = object.at("publicDns")) lab.public_dns = read_public_dns(reader, *dns);
  object.map_into(lab.server_farms, "serverFarms", read_server_farm);
  if (const auto sites = object.at("sites")) lab.sites = read_sites(reader, *sites);
  object.map_into(lab.certificates, "certificates", read_certificate);
  object.map_into(lab.hosts, "hosts",
                  [&](Reader& from, const Value& host) { return read_host(from, host, tags); });
  read_changes(object, lab);
  object.list_into(lab.expectations, "expectations", read_expectation);
  resolve_references(lab);
  lab.not_emulated = canonical(reader.not_emulated(), lab);
  return lab;
}

}  // namespace

Loaded read_lab(const YamlTree& tree, const std::string& file, const ReadFile& read_file,
                const Lab* before) {
  Findings findings(file);
  if (tree.root->kind == YamlKind::kNull) {
    findings.add(
        tree.mark,
        {.code = "empty", .message = "the file holds no lab", .hint = "write {} for an empty one"});
    return {.findings = std::move(findings).sorted()};
  }
  if (auto shape = arm_file(*tree.root)) {
    findings.add(tree.mark, {.code = "arm-shape",
                             .message = std::move(shape->message),
                             .hint = std::move(shape->hint)});
    return {.findings = std::move(findings).sorted()};
  }
  Reader reader(findings);
  const Value root{tree.root.get(), tree.mark, {}, {}, tree.mark};
  Lab lab = read_resources(reader, root, read_file, before);
  const bool misread = findings.any_error();
  add_checked(tree, lab, checks_of(lab), findings);
  const bool refused = findings.any_error();
  Loaded loaded{.findings = std::move(findings).sorted()};
  if (!misread) (refused ? loaded.read : loaded.lab) = std::move(lab);
  return loaded;
}

}  // namespace egress::lab
