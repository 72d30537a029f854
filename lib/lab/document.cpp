// SPDX-License-Identifier: MIT
#include "lab/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/limits.hpp"
#include "lab/read/yaml_tree.hpp"
#include "lab/schema/vocabulary.hpp"

// Each object is taken apart into all its fields: a new one does not compile until it is written.

namespace egress::lab {
namespace {

template <typename T>
std::string word_for(const std::vector<Spelling<T>>& spellings, T value) {
  const auto found =
      std::find_if(spellings.begin(), spellings.end(),
                   [&](const Spelling<T>& spelling) { return spelling.value == value; });
  return found == spellings.end() ? std::string{} : found->word;
}

// Objects are written by functions that stand below.
Document json_of(const Subnet& subnet);
Document json_of(const VirtualNetworkPeering& peering);
Document json_of(const NetworkSecurityGroup& group);
Document json_of(const SecurityRule& rule);
Document json_of(const RouteTable& table);
Document json_of(const Route& route);
Document json_of(const ServerFarm& farm);
Document json_of(const OutboundVnetRouting& routing);
Document json_of(const Site& site);
Document json_of(const Host& host);
Document json_of(const Expectation& expectation);

Document json_of(const std::string& text) {
  return text;
}
Document json_of(bool value) {
  return value;
}
Document json_of(Ipv4Address address) {
  return address.to_string();
}
Document json_of(const Ipv4Prefix& prefix) {
  return prefix.to_string();
}
Document json_of(const SubnetRef& ref) {
  return ref.to_string();
}
Document json_of(const Port& port) {
  return port.to_string();
}
Document json_of(const Interval<uint16_t>& ports) {
  return ports.first == ports.last ? fmt::format("{}", ports.first)
                                   : fmt::format("{}-{}", ports.first, ports.last);
}

void put(Document& json, const std::string& key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}
template <typename T>
void put(Document& json, const std::string& key, const std::optional<T>& value) {
  if (value) json[key] = json_of(*value);
}
template <typename T>
void put(Document& json, const std::string& key, const std::vector<T>& values) {
  for (const T& value : values) json[key].push_back(json_of(value));
}
// Names of a map are distinct: they need no search, which is linear in objects that keep an order.
void append(Document& object, const std::string& name, Document value) {
  if (object.is_null()) object = Document::object();
  object.get_ref<Document::object_t&>().emplace_back(name, std::move(value));
}
template <typename T, typename Less>
void put(Document& json, const std::string& key, const std::map<std::string, T, Less>& values) {
  if (values.empty()) return;
  Document& object = json[key];
  for (const auto& [name, value] : values) append(object, name, json_of(value));
}

Document json_of(const Subnet& subnet) {
  const auto& [prefixes, delegations, group, table, endpoints] = subnet;
  Document json = Document::object();
  put(json, "addressPrefixes", prefixes);
  put(json, "delegations", delegations);
  put(json, "networkSecurityGroup", group);
  put(json, "routeTable", table);
  put(json, "serviceEndpoints", endpoints);
  return json;
}

Document json_of(const VirtualNetworkPeering& peering) {
  const auto& [access, forwarded] = peering;
  return {{"allowVirtualNetworkAccess", access}, {"allowForwardedTraffic", forwarded}};
}

Document json_of(const VirtualNetwork& vnet, const std::string& location_of_lab) {
  const auto& [location, prefixes, dns_servers, subnets, peerings] = vnet;
  Document json = Document::object();
  if (location != location_of_lab) json["location"] = location;
  put(json, "addressPrefixes", prefixes);
  put(json, "dnsServers", dns_servers);
  put(json, "subnets", subnets);
  put(json, "virtualNetworkPeerings", peerings);
  return json;
}

Document json_of(const NetworkSecurityGroup& group) {
  const auto& [rules] = group;
  Document json = Document::object();
  put(json, "securityRules", rules);
  return json;
}

void put_match(Document& json, const std::string& side, const AddressMatch& match) {
  const auto& [any, tag, groups, prefixes] = match;
  if (any) json[side + "AddressPrefix"] = "*";
  put(json, side + "AddressPrefix", tag);
  put(json, side + "AddressPrefixes", prefixes);
  put(json, side + "ApplicationSecurityGroups", groups);
}

void put_ports(Document& json, const std::string& side, const PortSet& ports) {
  if (ports.is_all()) {
    json[side + "PortRange"] = "*";
  } else {
    put(json, side + "PortRanges", ports.intervals());
  }
}

Document json_of(const SecurityRule& rule) {
  const auto& [priority, direction, access, protocol, source, destination, source_ports,
               destination_ports, description] = rule;
  Document json = Document::object();
  put(json, "description", description);
  json["priority"] = priority;
  json["direction"] = name_of(direction);
  json["access"] = name_of(access);
  json["protocol"] = name_of(protocol);
  put_match(json, "source", source);
  put_ports(json, "source", source_ports);
  put_match(json, "destination", destination);
  put_ports(json, "destination", destination_ports);
  return json;
}

Document json_of(const RouteTable& table) {
  const auto& [routes] = table;
  Document json = Document::object();
  put(json, "routes", routes);
  return json;
}

Document json_of(const Route& route) {
  const auto& [prefix, tag, type, next_hop] = route;
  Document json = Document::object();
  put(json, "addressPrefix", prefix);
  put(json, "addressPrefix", tag);
  json["nextHopType"] = name_of(type);
  put(json, "nextHopIpAddress", next_hop);
  return json;
}

Document json_of(const ServerFarm& farm) {
  const auto& [sku, capacity] = farm;
  return {{"sku", sku}, {"capacity", capacity}};
}

Document json_of(const OutboundVnetRouting& routing) {
  const auto& [all, application, content_share, image_pull, backup_restore, identity] = routing;
  return {{"allTraffic", all},
          {"applicationTraffic", application},
          {"contentShareTraffic", content_share},
          {"imagePullTraffic", image_pull},
          {"backupRestoreTraffic", backup_restore},
          {"managedIdentityTraffic", identity}};
}

Document json_of(const Site& site) {
  const auto& [farm, subnet, routing, route_all, content_share, image_pull, backup_restore,
               settings] = site;
  Document json = {{"serverFarm", farm}};
  put(json, "virtualNetworkSubnet", subnet);
  put(json, "outboundVnetRouting", routing);
  put(json, "vnetRouteAllEnabled", route_all);
  put(json, "vnetContentShareEnabled", content_share);
  put(json, "vnetImagePullEnabled", image_pull);
  put(json, "vnetBackupRestoreEnabled", backup_restore);
  put(json, "appSettings", settings);
  return json;
}

Document json_of(const Host& host) {
  const auto& [subnet, address, names, listen, forwards, masquerade, groups] = host;
  Document json = Document::object();
  put(json, "subnet", subnet);
  if (!subnet) json["internet"] = true;
  json["ipAddress"] = json_of(address);
  put(json, "names", names);
  put(json, "listen", listen);
  if (forwards) json["enableIPForwarding"] = true;
  put(json, "masquerade", masquerade);
  put(json, "applicationSecurityGroups", groups);
  return json;
}

Document json_of(const Expectation& expectation) {
  const auto& [from, instance, to, expect, by, via, source, line] = expectation;
  static_cast<void>(line);
  Document json = {{"from", instance == 0 ? from : fmt::format("{}/{}", from, instance)},
                   {"to", to},
                   {"expect", word_for(verdicts(), expect)}};
  put(json, "by", by);
  if (via) json["via"] = word_for(paths(), *via);
  put(json, "source", source);
  return json;
}

}  // namespace

Document document_of(const Lab& lab) {
  const auto& [location, outbound, allocation, networks, security_groups, tables, groups, farms,
               sites, hosts, tags_file, tags, expectations] = lab;
  static_cast<void>(tags);  // they stay in their file
  Document json = {{"location", location}};
  put(json, "outboundIpAddresses", outbound);
  json["addressAllocation"] = word_for(address_allocations(), allocation);
  put(json, "serviceTags", tags_file);
  for (const auto& [name, vnet] : networks) {
    append(json["virtualNetworks"], name, json_of(vnet, location));
  }
  put(json, "networkSecurityGroups", security_groups);
  put(json, "routeTables", tables);
  for (const std::string& name : groups) {
    append(json["applicationSecurityGroups"], name, Document::object());
  }
  put(json, "serverFarms", farms);
  put(json, "sites", sites);
  put(json, "hosts", hosts);
  put(json, "expectations", expectations);
  return json;
}

Result<std::string> text_of(const Document& document, int indent) {
  try {
    return document.dump(indent) + "\n";
  } catch (const Document::type_error&) {
    return Error{.code = Errc::kInvalid, .message = "the lab holds text that is not UTF-8"};
  }
}

Result<std::string> write(const Lab& lab) {
  const Document document = document_of(lab);
  ASSIGN_OR_RETURN(std::string text, text_of(document, 2));
  if (text.size() > kMaxFileBytes) {
    ASSIGN_OR_RETURN(text, text_of(document, -1));
  }
  if (const auto problem = parse_yaml(text).problem) {
    return Error{.code = Errc::kInvalid,
                 .message = "the lab cannot be written as a file: " + problem->message};
  }
  return text;
}

}  // namespace egress::lab
