// SPDX-License-Identifier: MIT
#include "lab/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/limits.hpp"
#include "lab/read/yaml_tree.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

template <typename T>
std::string word_for(const std::vector<Spelling<T>>& spellings, T value) {
  const auto found =
      std::find_if(spellings.begin(), spellings.end(),
                   [&](const Spelling<T>& spelling) { return spelling.value == value; });
  return found == spellings.end() ? std::string{} : found->word;
}

// What a file need not say.
std::optional<bool> if_true(bool value) {
  return value ? std::optional(true) : std::nullopt;
}
std::optional<std::string> if_any(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// Each object is taken apart into all its fields: a new one does not compile until it is written.
class Writer {
 public:
  explicit Writer(const Lab& lab) : lab_(lab) {}

  Document write() const {
    const auto& [location, outbound, allocation, networks, security_groups, tables, groups, farms,
                 sites, hosts, tags_file, tags, expectations] = lab_;
    static_cast<void>(tags);  // they stay in their file
    return object(field("location", location), field("outboundIpAddresses", outbound),
                  field("addressAllocation", word_for(address_allocations(), allocation)),
                  field("serviceTags", if_any(tags_file)), field("virtualNetworks", networks),
                  field("networkSecurityGroups", security_groups), field("routeTables", tables),
                  field("applicationSecurityGroups", groups), field("serverFarms", farms),
                  field("sites", sites), field("hosts", hosts),
                  field("expectations", expectations));
  }

 private:
  using Field = std::pair<std::string, Document>;

  // A property's value is null when it is unset, or an empty list or map: then it is left out.
  template <typename T>
  Field field(std::string property, const T& value) const {
    return {std::move(property), json_of(value)};
  }
  template <typename... Fields>
  static void put(Document& json, Fields... fields) {
    const auto add = [&json](Field field) {
      if (!field.second.is_null()) json[field.first] = std::move(field.second);
    };
    (add(std::move(fields)), ...);
  }
  template <typename... Fields>
  static Document object(Fields... fields) {
    Document json = Document::object();
    put(json, std::move(fields)...);
    return json;
  }

  static Document json_of(const std::string& text) { return text; }
  static Document json_of(bool value) { return value; }
  static Document json_of(int value) { return value; }
  template <typename T>
  static auto json_of(const T& value) -> decltype(Document(value.to_string())) {
    return value.to_string();
  }
  template <typename T>
  static auto json_of(T value) -> decltype(Document(name_of(value))) {
    return name_of(value);
  }
  static Document json_of(const Interval<uint16_t>& ports) {
    return ports.first == ports.last ? fmt::format("{}", ports.first)
                                     : fmt::format("{}-{}", ports.first, ports.last);
  }
  template <typename T>
  Document json_of(const std::optional<T>& value) const {
    return value ? json_of(*value) : Document();
  }
  template <typename T>
  Document json_of(const std::vector<T>& values) const {
    Document json;
    for (const T& value : values) json.push_back(json_of(value));
    return json;
  }
  // Names are distinct: they need no search, which is linear in objects that keep an order.
  template <typename T, typename Less>
  Document json_of(const std::map<std::string, T, Less>& values) const {
    Document::object_t json;
    for (const auto& [name, value] : values) json.emplace_back(name, json_of(value));
    return json.empty() ? Document() : Document(std::move(json));
  }
  static Document json_of(const Names& names) {
    Document::object_t json;
    for (const std::string& name : names) json.emplace_back(name, Document::object());
    return json.empty() ? Document() : Document(std::move(json));
  }

  Document json_of(const VirtualNetwork& vnet) const {
    const auto& [location, prefixes, dns_servers, subnets, peerings] = vnet;
    const auto own_location = location == lab_.location ? std::nullopt : std::optional(location);
    return object(field("location", own_location), field("addressPrefixes", prefixes),
                  field("dnsServers", dns_servers), field("subnets", subnets),
                  field("virtualNetworkPeerings", peerings));
  }
  Document json_of(const Subnet& subnet) const {
    const auto& [prefixes, delegations, group, table, endpoints] = subnet;
    return object(field("addressPrefixes", prefixes), field("delegations", delegations),
                  field("networkSecurityGroup", group), field("routeTable", table),
                  field("serviceEndpoints", endpoints));
  }
  Document json_of(const VirtualNetworkPeering& peering) const {
    const auto& [access, forwarded] = peering;
    return object(field("allowVirtualNetworkAccess", access),
                  field("allowForwardedTraffic", forwarded));
  }

  Document json_of(const NetworkSecurityGroup& group) const {
    const auto& [rules] = group;
    return object(field("securityRules", rules));
  }
  Document json_of(const SecurityRule& rule) const {
    const auto& [priority, direction, access, protocol, source, destination, source_ports,
                 destination_ports, description] = rule;
    Document json =
        object(field("description", if_any(description)), field("priority", priority),
               field("direction", direction), field("access", access), field("protocol", protocol));
    put_side(json, "source", source, source_ports);
    put_side(json, "destination", destination, destination_ports);
    return json;
  }
  void put_side(Document& json, const std::string& side, const AddressMatch& match,
                const PortSet& ports) const {
    const auto& [any, tag, groups, prefixes] = match;
    if (any) json[side + "AddressPrefix"] = "*";
    put(json, field(side + "AddressPrefix", if_any(tag)), field(side + "AddressPrefixes", prefixes),
        field(side + "ApplicationSecurityGroups", groups));
    if (ports.is_all()) {
      json[side + "PortRange"] = "*";
    } else {
      put(json, field(side + "PortRanges", ports.intervals()));
    }
  }

  Document json_of(const RouteTable& table) const {
    const auto& [routes] = table;
    return object(field("routes", routes));
  }
  Document json_of(const Route& route) const {
    const auto& [prefix, tag, type, next_hop] = route;
    return object(field("addressPrefix", prefix), field("addressPrefix", if_any(tag)),
                  field("nextHopType", type), field("nextHopIpAddress", next_hop));
  }

  Document json_of(const ServerFarm& farm) const {
    const auto& [sku, capacity] = farm;
    return object(field("sku", sku), field("capacity", capacity));
  }
  Document json_of(const Site& site) const {
    const auto& [farm, subnet, routing, route_all, content_share, image_pull, backup_restore,
                 settings] = site;
    return object(
        field("serverFarm", farm), field("virtualNetworkSubnet", subnet),
        field("outboundVnetRouting", routing), field("vnetRouteAllEnabled", route_all),
        field("vnetContentShareEnabled", content_share), field("vnetImagePullEnabled", image_pull),
        field("vnetBackupRestoreEnabled", backup_restore), field("appSettings", settings));
  }
  Document json_of(const OutboundVnetRouting& routing) const {
    const auto& [all, application, content_share, image_pull, backup_restore, identity] = routing;
    return object(
        field("allTraffic", all), field("applicationTraffic", application),
        field("contentShareTraffic", content_share), field("imagePullTraffic", image_pull),
        field("backupRestoreTraffic", backup_restore), field("managedIdentityTraffic", identity));
  }

  Document json_of(const Host& host) const {
    const auto& [subnet, address, names, listen, forwards, masquerade, groups] = host;
    return object(field("subnet", subnet), field("internet", if_true(!subnet)),
                  field("ipAddress", address), field("names", names), field("listen", listen),
                  field("enableIPForwarding", if_true(forwards)), field("masquerade", masquerade),
                  field("applicationSecurityGroups", groups));
  }
  Document json_of(const Expectation& expectation) const {
    const auto& [from, instance, to, expect, by, via, source, line] = expectation;
    static_cast<void>(line);
    return object(field("from", instance == 0 ? from : fmt::format("{}/{}", from, instance)),
                  field("to", to), field("expect", word_for(verdicts(), expect)), field("by", by),
                  field("via", via), field("source", source));
  }

  const Lab& lab_;
};

}  // namespace

Document document_of(const Lab& lab) {
  return Writer(lab).write();
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
