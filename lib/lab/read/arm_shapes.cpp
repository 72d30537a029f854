// SPDX-License-Identifier: MIT
#include "lab/read/arm_shapes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace egress::lab {
namespace {

constexpr size_t kMaxExample = 120;

const YamlNode* find(const YamlNode& map, std::string_view key) {
  if (map.kind != YamlKind::kMap) return nullptr;
  for (const YamlItem& item : map.items) {
    if (equal_ignoring_case(item.key, key)) return item.node.get();
  }
  return nullptr;
}

std::string text_at(const YamlNode& map, std::string_view key) {
  const YamlNode* node = find(map, key);
  return node != nullptr && node->kind == YamlKind::kScalar ? node->text : std::string();
}

// "nsg" of ".../networkSecurityGroups/nsg" or of "[resourceId('…', 'nsg')]", and "spoke/apps" of a
// subnet's.
std::string name_in_id(const std::string& id) {
  if (id.starts_with('[')) {
    const size_t end = id.rfind('\'');
    const size_t begin = end == std::string::npos || end == 0 ? end : id.rfind('\'', end - 1);
    return begin == std::string::npos ? "NAME" : id.substr(begin + 1, end - begin - 1);
  }
  const std::string last = id.substr(id.rfind('/') + 1);
  const std::string lower = lower_case(id);
  const size_t subnets = lower.rfind("/subnets/");
  if (subnets == std::string::npos) return last;
  const size_t vnet = lower.rfind('/', subnets - 1);
  return id.substr(vnet + 1, subnets - vnet - 1) + "/" + last;
}

// As one line of YAML, until it is long enough to show what is meant.
void write_flow(const YamlNode& node, std::string& text) {
  if (text.size() > kMaxExample) return;
  if (node.kind == YamlKind::kNull) text += "null";
  if (node.kind == YamlKind::kScalar) {
    const bool plain =
        node.text.find_first_of("*&!@%`{}[],#|>\"'") == std::string::npos && !node.text.empty();
    text += plain ? shown(node.text) : "\"" + shown(node.text) + "\"";
  }
  if (node.kind == YamlKind::kScalar || node.kind == YamlKind::kNull) return;
  const bool map = node.kind == YamlKind::kMap;
  text += map ? "{" : "[";
  for (size_t i = 0; i < node.items.size(); ++i) {
    if (i > 0) text += ", ";
    if (text.size() > kMaxExample) break;
    if (map) text += shown(node.items[i].key) + ": ";
    write_flow(*node.items[i].node, text);
  }
  text += map ? "}" : "]";
}

std::string flow(const YamlNode& node) {
  std::string text;
  write_flow(node, text);
  return text.size() > kMaxExample ? shown(text, kMaxExample) : text;
}

// What a child has, without its envelope.
std::string body_of(const YamlNode& child) {
  constexpr std::string_view kEnvelope[] = {"name", "id", "type", "etag", "remoteVirtualNetwork"};
  YamlNode body{.kind = YamlKind::kMap};
  const auto add = [&](const YamlItem& item) {
    if (std::find(std::begin(kEnvelope), std::end(kEnvelope), item.key) == std::end(kEnvelope)) {
      body.items.push_back(item);
    }
  };
  for (const YamlItem& item : child.items) {
    if (item.key != "properties" || item.node->kind != YamlKind::kMap) {
      add(item);
    } else {
      std::for_each(item.node->items.begin(), item.node->items.end(), add);
    }
  }
  return flow(body);
}

ArmShape renamed(const Value& entry, const std::string& to, const std::string& value) {
  return {.message = fmt::format("'{}' is ARM's word for '{}'", shown(entry.key), to),
          .hint = fmt::format("write '{}: {}'", to, shown(value, kMaxExample)),
          .means = {to}};
}

// Of a reference to one.
std::string network_in(const YamlNode& reference) {
  const bool text = reference.kind == YamlKind::kScalar;
  const std::string id = text ? reference.text : text_at(reference, "id");
  return id.empty() ? "NETWORK" : shown(name_in_id(id));
}

struct Renaming {
  ObjectType type{};
  const char* arm = "";
  const char* own = "";
};

// Of which the value is another resource's id.
constexpr Renaming kReferences[] = {
    {ObjectType::kSite, "serverFarmId", "serverFarm"},
    {ObjectType::kSlot, "serverFarmId", "serverFarm"},
    {ObjectType::kSite, "virtualNetworkSubnetId", "virtualNetworkSubnet"},
    {ObjectType::kSlot, "virtualNetworkSubnetId", "virtualNetworkSubnet"},
    {ObjectType::kPrivateEndpoint, "privateLinkServiceId", "privateLinkService"},
    {ObjectType::kVirtualNetworkGateway, "virtualNetworkId", "virtualNetwork"},
};

// Of which the value is a map that holds what is meant.
struct Unwrapped {
  ObjectType type{};
  const char* arm = "";
  const char* inner = "";
  const char* own = "";
};
constexpr Unwrapped kUnwrapped[] = {
    {ObjectType::kVirtualNetwork, "addressSpace", "addressPrefixes", "addressPrefixes"},
    {ObjectType::kVirtualNetwork, "dhcpOptions", "dnsServers", "dnsServers"},
    {ObjectType::kOnPremisesNetwork, "localNetworkAddressSpace", "addressPrefixes",
     "localNetworkAddressSpace"},
};

// A peering, or a link of a zone.
std::optional<ArmShape> keyed_by_network(ObjectType type, const Value& object, const Value& entry) {
  const bool peering =
      type == ObjectType::kVirtualNetworkPeering && entry.key == "remoteVirtualNetwork";
  const bool link = type == ObjectType::kVirtualNetworkLink && entry.key == "virtualNetwork";
  if (!peering && !link) return std::nullopt;
  return ArmShape{.message = fmt::format("a {} is keyed by the name of the {}network",
                                         peering ? "peering" : "link", peering ? "other " : ""),
                  .hint = fmt::format("write '{}:' in place of '{}:', without '{}'",
                                      network_in(*entry.node), shown(object.key), entry.key),
                  .means = {""}};
}

std::optional<ArmShape> link_of_endpoint(const Value& entry) {
  if (entry.node->kind != YamlKind::kSequence || entry.node->items.empty()) return std::nullopt;
  const YamlNode& first = *entry.node->items.front().node;
  const YamlNode* properties = find(first, "properties");
  const YamlNode& link = properties != nullptr ? *properties : first;
  const std::string id = text_at(link, "privateLinkServiceId");
  const YamlNode* groups = find(link, "groupIds");
  const std::string of_groups =
      groups == nullptr ? std::string() : fmt::format(", groupIds: {}", flow(*groups));
  return ArmShape{.message = "a private endpoint has one connection, which is not written",
                  .hint = fmt::format("write 'privateLinkService: {}{}' in place of '{}'",
                                      shown(name_in_id(id)), of_groups, entry.key),
                  .means = {"privateLinkService", "groupIds"}};
}

}  // namespace

std::optional<ArmShape> arm_key(ObjectType type, const Value& object, const Value& entry) {
  if (entry.key == "properties" && entry.node->kind == YamlKind::kMap) {
    const std::string of = object.key.empty() ? "the object" : "'" + shown(object.key) + "'";
    return ArmShape{.message = "'properties' is ARM's envelope, which a lab is written without",
                    .hint = fmt::format("what it holds stands in {} itself", of),
                    .means = {""}};
  }
  for (const Renaming& each : kReferences) {
    if (each.type == type && entry.key == each.arm && entry.node->kind == YamlKind::kScalar) {
      return renamed(entry, each.own, name_in_id(entry.node->text));
    }
  }
  for (const Unwrapped& each : kUnwrapped) {
    if (each.type != type || entry.key != each.arm) continue;
    const YamlNode* inner = find(*entry.node, each.inner);
    if (inner == nullptr || inner->items.empty()) return std::nullopt;
    return renamed(entry, each.own, flow(*inner));
  }
  if (auto keyed = keyed_by_network(type, object, entry)) return keyed;
  if (type == ObjectType::kPrivateEndpoint && entry.key == "privateDnsZoneGroups" &&
      entry.node->kind == YamlKind::kSequence && !entry.node->items.empty()) {
    return renamed(entry, "privateDnsZones", "[ZONE]");
  }
  const bool link = entry.key == "privateLinkServiceConnections" ||
                    entry.key == "manualPrivateLinkServiceConnections";
  return type == ObjectType::kPrivateEndpoint && link ? link_of_endpoint(entry) : std::nullopt;
}

std::optional<ArmShape> arm_children(const Value& list) {
  if (list.node->kind != YamlKind::kSequence || list.node->items.empty()) return std::nullopt;
  const YamlNode& first = *list.node->items.front().node;
  std::string name = text_at(first, "name");
  if (name.empty()) return std::nullopt;
  const YamlNode* properties = find(first, "properties");
  const YamlNode& inner = properties != nullptr ? *properties : first;
  const YamlNode* remote = find(inner, "remoteVirtualNetwork");
  if (remote != nullptr) name = network_in(*remote);
  const YamlNode* value = find(first, "value");
  if (value != nullptr && first.items.size() <= 3) {
    return ArmShape{.message = fmt::format("'{}' are keyed by name here", shown(list.key)),
                    .hint = fmt::format("write '{}: {}'", shown(name), flow(*value))};
  }
  return ArmShape{.message = fmt::format("'{}' are keyed by name here", shown(list.key)),
                  .hint = fmt::format("write '{}: {}'", shown(name), body_of(first))};
}

std::optional<ArmShape> arm_text(const Value& map) {
  if (map.node->kind != YamlKind::kMap) return std::nullopt;
  const std::string key = map.key.empty() ? std::string() : shown(map.key) + ": ";
  if (const std::string id = text_at(*map.node, "id"); !id.empty()) {
    return ArmShape{.message = "a reference is a name here, without {id: …}",
                    .hint = fmt::format("write '{}{}'", key, shown(name_in_id(id)))};
  }
  const YamlNode* properties = find(*map.node, "properties");
  const YamlNode& inner = properties != nullptr ? *properties : *map.node;
  if (const std::string service = text_at(inner, "serviceName"); !service.empty()) {
    return ArmShape{.message = "a delegation is the name of its service here",
                    .hint = fmt::format("write [{}]", shown(service))};
  }
  const std::string name = text_at(*map.node, "name");
  if (name.empty()) return std::nullopt;
  const std::string capacity = text_at(*map.node, "capacity");
  return ArmShape{.message = map.key.empty() ? std::string("a name stands here alone")
                                             : fmt::format("'{}' is one word here", shown(map.key)),
                  .hint = capacity.empty() ? fmt::format("write '{}{}'", key, shown(name))
                                           : fmt::format("write '{}{}, capacity: {}'", key,
                                                         shown(name), shown(capacity))};
}

std::optional<ArmShape> arm_file(const YamlNode& root) {
  const YamlNode* resources = find(root, "resources");
  const bool is_template = find(root, "$schema") != nullptr ||
                           find(root, "contentVersion") != nullptr ||
                           (resources != nullptr && resources->kind == YamlKind::kSequence);
  if (is_template) {
    return ArmShape{.message = "this is an ARM template, not a lab",
                    .hint =
                        "a lab has its resources by kind and name, as 'virtualNetworks: "
                        "{spoke: {addressPrefixes: [10.1.0.0/16]}}'; egressd-lab(5) has them "
                        "all"};
  }
  const std::string type = text_at(root, "type");
  const std::string name = text_at(root, "name");
  if (type.find('/') == std::string::npos || name.empty()) return std::nullopt;
  const std::string kind = type.substr(type.rfind('/') + 1);
  return ArmShape{.message = fmt::format("this is one resource, {}, as ARM shows it", shown(type)),
                  .hint = fmt::format("in a lab it stands by kind and name: '{}: {{{}: {{…}}}}'",
                                      shown(kind), shown(name))};
}

}  // namespace egress::lab
