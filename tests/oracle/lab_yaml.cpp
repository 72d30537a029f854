// SPDX-License-Identifier: MIT
#include "tests/oracle/lab_yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lab/schema.hpp"

// JSON is YAML, so the writer builds JSON and lets the loader's own rules judge it.

namespace egress::oracle {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json texts(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(value.to_string());
  return list;
}

template <typename T>
std::string word_of(const std::vector<lab::Spelling<T>>& spellings, T value) {
  return std::find_if(spellings.begin(), spellings.end(),
                      [&](const auto& spelling) { return spelling.value == value; })
      ->word;
}

Json json_of(const lab::VirtualNetwork& vnet) {
  Json json{{"location", vnet.location},
            {"addressPrefixes", texts(vnet.address_prefixes)},
            {"subnets", Json::object()}};
  if (!vnet.dns_servers.empty()) json["dnsServers"] = texts(vnet.dns_servers);
  for (const auto& [name, subnet] : vnet.subnets) {
    Json& entry = json["subnets"][name] = {{"addressPrefixes", texts(subnet.address_prefixes)}};
    if (!subnet.delegations.empty()) entry["delegations"] = subnet.delegations;
    if (subnet.network_security_group) {
      entry["networkSecurityGroup"] = *subnet.network_security_group;
    }
    if (subnet.route_table) entry["routeTable"] = *subnet.route_table;
    if (!subnet.service_endpoints.empty()) entry["serviceEndpoints"] = subnet.service_endpoints;
  }
  for (const auto& [remote, peering] : vnet.virtual_network_peerings) {
    json["virtualNetworkPeerings"][remote] = {
        {"allowVirtualNetworkAccess", peering.allow_virtual_network_access},
        {"allowForwardedTraffic", peering.allow_forwarded_traffic}};
  }
  return json;
}

void add_match(Json& rule, const std::string& side, const lab::AddressMatch& match) {
  if (match.any) {
    rule[side + "AddressPrefix"] = "*";
  } else if (!match.service_tag.empty()) {
    rule[side + "AddressPrefix"] = match.service_tag;
  } else if (!match.application_security_groups.empty()) {
    rule[side + "ApplicationSecurityGroups"] = match.application_security_groups;
  } else {
    rule[side + "AddressPrefixes"] = texts(match.prefixes);
  }
}

void add_ports(Json& rule, const std::string& side, const PortSet& ports) {
  if (ports.is_all()) {
    rule[side + "PortRange"] = "*";
    return;
  }
  Json ranges = Json::array();
  for (const auto& range : ports.intervals()) {
    ranges.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                               : fmt::format("{}-{}", range.first, range.last));
  }
  rule[side + "PortRanges"] = std::move(ranges);
}

Json json_of(const lab::SecurityRule& rule) {
  Json json{{"priority", rule.priority},
            {"direction", lab::name_of(rule.direction)},
            {"access", lab::name_of(rule.access)},
            {"protocol", lab::name_of(rule.protocol)}};
  add_match(json, "source", rule.source);
  add_match(json, "destination", rule.destination);
  add_ports(json, "source", rule.source_ports);
  add_ports(json, "destination", rule.destination_ports);
  if (!rule.description.empty()) json["description"] = rule.description;
  return json;
}

Json json_of(const lab::Route& route) {
  Json json{{"addressPrefix",
             route.address_prefix ? route.address_prefix->to_string() : route.service_tag},
            {"nextHopType", lab::name_of(route.next_hop_type)}};
  if (route.next_hop_ip_address) json["nextHopIpAddress"] = route.next_hop_ip_address->to_string();
  return json;
}

Json json_of(const lab::Site& site) {
  Json json{{"serverFarm", site.server_farm}};
  if (site.virtual_network_subnet) {
    json["virtualNetworkSubnet"] = site.virtual_network_subnet->to_string();
  }
  if (const auto& routing = site.outbound_vnet_routing) {
    json["outboundVnetRouting"] = {{"allTraffic", routing->all_traffic},
                                   {"applicationTraffic", routing->application_traffic},
                                   {"contentShareTraffic", routing->content_share_traffic},
                                   {"imagePullTraffic", routing->image_pull_traffic},
                                   {"backupRestoreTraffic", routing->backup_restore_traffic},
                                   {"managedIdentityTraffic", routing->managed_identity_traffic}};
  }
  const auto flag = [&](const char* name, const std::optional<bool>& value) {
    if (value) json[name] = *value;
  };
  flag("vnetRouteAllEnabled", site.vnet_route_all_enabled);
  flag("vnetContentShareEnabled", site.vnet_content_share_enabled);
  flag("vnetImagePullEnabled", site.vnet_image_pull_enabled);
  flag("vnetBackupRestoreEnabled", site.vnet_backup_restore_enabled);
  if (!site.app_settings.empty()) json["appSettings"] = site.app_settings;
  return json;
}

Json json_of(const lab::Host& host) {
  Json json{{"ipAddress", host.ip_address.to_string()}};
  if (host.subnet) {
    json["subnet"] = host.subnet->to_string();
  } else {
    json["internet"] = true;
  }
  if (!host.names.empty()) json["names"] = host.names;
  for (const Port& listen : host.listen) {
    json["listen"].push_back(listen.to_string());
  }
  if (host.enable_ip_forwarding) json["enableIPForwarding"] = true;
  if (host.masquerade) json["masquerade"] = host.masquerade->to_string();
  if (!host.application_security_groups.empty()) {
    json["applicationSecurityGroups"] = host.application_security_groups;
  }
  return json;
}

Json json_of(const lab::Expectation& expectation) {
  Json json{{"from", fmt::format("{}/{}", expectation.from, expectation.instance)},
            {"to", expectation.to},
            {"expect", word_of(lab::verdicts(), expectation.expect)}};
  if (expectation.by) json["by"] = *expectation.by;
  if (expectation.via) json["via"] = word_of(lab::paths(), *expectation.via);
  if (expectation.source) json["source"] = expectation.source->to_string();
  return json;
}

}  // namespace

std::string to_yaml(const lab::Lab& lab, const std::string& service_tags_file) {
  Json json{{"location", lab.location}, {"outboundIpAddresses", texts(lab.outbound_ip_addresses)}};
  if (lab.address_allocation != lab::AddressAllocation::kLowest) {
    json["addressAllocation"] = word_of(lab::address_allocations(), lab.address_allocation);
  }
  if (lab.service_tags) json["serviceTags"] = service_tags_file;
  for (const std::string& group : lab.application_security_groups) {
    json["applicationSecurityGroups"][group] = Json::object();
  }
  for (const auto& [name, vnet] : lab.virtual_networks)
    json["virtualNetworks"][name] = json_of(vnet);
  for (const auto& [name, group] : lab.network_security_groups) {
    Json& rules = json["networkSecurityGroups"][name]["securityRules"] = Json::object();
    for (const auto& [rule_name, rule] : group.security_rules) rules[rule_name] = json_of(rule);
  }
  for (const auto& [name, table] : lab.route_tables) {
    Json& routes = json["routeTables"][name]["routes"] = Json::object();
    for (const auto& [route_name, route] : table.routes) routes[route_name] = json_of(route);
  }
  for (const auto& [name, farm] : lab.server_farms) {
    json["serverFarms"][name] = {{"sku", farm.sku}, {"capacity", farm.capacity}};
  }
  for (const auto& [name, site] : lab.sites) json["sites"][name] = json_of(site);
  for (const auto& [name, host] : lab.hosts) json["hosts"][name] = json_of(host);
  for (const lab::Expectation& expectation : lab.expectations) {
    json["expectations"].push_back(json_of(expectation));
  }
  return json.dump(2) + "\n";
}

std::string to_service_tags_json(const lab::ServiceTags& tags) {
  Json values = Json::array();
  for (const auto& [name, tag] : tags) {
    values.push_back({{"name", name},
                      {"id", name},
                      {"properties",
                       {{"region", tag.region},
                        {"systemService", ""},
                        {"addressPrefixes", texts(to_prefixes(tag.addresses))}}}});
  }
  return Json{{"changeNumber", 1}, {"cloud", "Public"}, {"values", values}}.dump(1) + "\n";
}

lab::Loaded reload(const lab::Lab& lab) {
  const auto read_tags = [&](const std::string&) -> Result<std::string> {
    return to_service_tags_json(lab.service_tags ? *lab.service_tags : lab::ServiceTags{});
  };
  return lab::load(to_yaml(lab, "tags.json"), "lab.yaml", read_tags);
}

}  // namespace egress::oracle
