// SPDX-License-Identifier: MIT

#include <cctype>

#include "base/number.hpp"
#include "lab/read/resources.hpp"
#include "lab/read/value_hints.hpp"

namespace egress::lab {
namespace {

std::optional<AddressMatch> read_single(Reader& reader, const Value& value, const TagNames* tags) {
  if (auto meant = hint_for_address(value)) {
    reader.fail(value, "address-form", std::move(meant->message), std::move(meant->hint));
    return std::nullopt;
  }
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  if (*text == "*") return AddressMatch{.any = true};
  if (looks_like_address(*text)) {
    const auto prefix = reader.prefix(value);
    if (!prefix) return std::nullopt;
    return AddressMatch{.prefixes = {*prefix}};
  }
  const auto tag = read_service_tag(reader, value, tags);
  if (!tag) return std::nullopt;
  return AddressMatch{.service_tag = *tag};
}

std::optional<Ipv4Prefix> read_listed(Reader& reader, const Value& item) {
  const auto text = reader.text(item);
  if (!text) return std::nullopt;
  if (!looks_like_address(*text)) {
    const bool any = *text == "*";
    reader.fail(
        item, "tag-in-list",
        any ? "a list of prefixes cannot hold '*'"
            : fmt::format("a list of prefixes cannot hold the service tag '{}'", shown(*text)),
        any ? "write it in the singular key" : "one tag a rule, in the singular key");
    return std::nullopt;
  }
  return reader.prefix(item);
}

// `side` is "source" or "destination".
AddressMatch read_match(ObjectReader& object, const std::string& side, const TagNames* tags) {
  Reader& reader = object.reader();
  const std::string prefix_key = side + "AddressPrefix";
  const std::string prefixes_key = side + "AddressPrefixes";
  const std::string groups_key = side + "ApplicationSecurityGroups";
  const auto single = object.at(prefix_key);
  const auto several = object.at(prefixes_key);
  const auto groups = object.at(groups_key);
  object.exclude(prefix_key, prefixes_key);
  const bool prefixes = single || (several && !several->is_empty_list());
  if (groups && !groups->is_empty_list() && prefixes) {
    reader.fail_at_key(*groups, "exclusive-keys",
                       fmt::format("'{}' and '{}' exclude each other", groups_key,
                                   single ? prefix_key : prefixes_key));
  }
  AddressMatch match;
  if (single) match = read_single(reader, *single, tags).value_or(AddressMatch{});
  object.list_into(match.prefixes, prefixes_key, read_listed);
  if (groups) match.application_security_groups = reader.list(groups, &Reader::text);
  if (!prefixes && (!groups || groups->is_empty_list())) {
    object.miss({prefix_key, prefixes_key, groups_key}, fmt::format("'{}' is missing", prefix_key),
                fmt::format("write '{}', '{}' or '{}'; \"*\" for any address", prefix_key,
                            prefixes_key, groups_key));
  }
  return match;
}

PortSet read_ports(ObjectReader& object, const std::string& side) {
  Reader& reader = object.reader();
  const std::string range_key = side + "PortRange";
  const std::string ranges_key = side + "PortRanges";
  const auto single = object.at(range_key);
  const auto several = object.at(ranges_key);
  std::vector<Interval<uint16_t>> ranges;
  object.exclude(range_key, ranges_key);
  if (single) {
    if (auto meant = hint_for_ports(*single)) {
      reader.fail(*single, "port-range", std::move(meant->message), std::move(meant->hint));
    } else if (const auto range = read_port_range(reader, *single)) {
      ranges.push_back(*range);
    }
  }
  const std::vector<Value> items = several ? reader.items(*several) : std::vector<Value>{};
  for (const Value& item : items) {
    if (item.is_scalar() && item.node->text == "*") {
      reader.fail(item, "port-range", "a list of port ranges cannot hold '*'",
                  "write it in the singular key");
    } else if (const auto range = read_port_range(reader, item)) {
      ranges.push_back(*range);
    }
  }
  if (!single && items.empty()) {
    object.miss({range_key, ranges_key}, fmt::format("'{}' is missing", range_key),
                fmt::format("write '{}' or '{}'; \"*\" for any port", range_key, ranges_key));
  }
  return PortSet(std::move(ranges));
}

SecurityRule read_rule(Reader& reader, const Value& value, const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kSecurityRule);
  SecurityRule rule;
  object.into(rule.description, "description", &Reader::text);
  object.into(rule.priority, "priority", &Reader::integer);
  object.word_into(rule.direction, "direction", directions());
  object.word_into(rule.access, "access", accesses());
  object.word_into(rule.protocol, "protocol", protocols());
  rule.source = read_match(object, "source", tags);
  rule.destination = read_match(object, "destination", tags);
  rule.source_ports = read_ports(object, "source");
  rule.destination_ports = read_ports(object, "destination");
  return rule;
}

Route read_route(Reader& reader, const Value& value, const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kRoute);
  Route route;
  if (const auto prefix = object.at("addressPrefix")) {
    const auto text = reader.text(*prefix);
    if (text && looks_like_address(*text)) {
      route.address_prefix = reader.range(*prefix);
    } else if (text) {
      route.service_tag = read_service_tag(reader, *prefix, tags).value_or("");
    }
  }
  object.word_into(route.next_hop_type, "nextHopType", next_hop_types());
  // Exports have an empty one where there is none.
  const auto hop = object.at("nextHopIpAddress");
  if (hop && !(hop->is_scalar() && hop->node->text.empty())) {
    route.next_hop_ip_address = reader.address(*hop);
  }
  return route;
}

}  // namespace

bool looks_like_address(const std::string& text) {
  return text.find(':') != std::string::npos || text.find('/') != std::string::npos ||
         (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0);
}

std::optional<Interval<uint16_t>> read_port_range(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  if (*text == "*") return Interval<uint16_t>{0, 65535};
  const size_t dash = text->find('-');
  const auto first = parse_number<uint16_t>(text->substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : parse_number<uint16_t>(text->substr(dash + 1));
  if (!first || !last) {
    reader.fail(value, "port-range", fmt::format("'{}' is not a port range", shown(*text)),
                "write 443, 1000-1999 or \"*\", from 0 to 65535");
    return std::nullopt;
  }
  if (*first > *last) {
    reader.fail(value, "port-range", fmt::format("port range {} ends before it begins", *text),
                fmt::format("write {}-{}", *last, *first));
    return std::nullopt;
  }
  return Interval<uint16_t>{*first, *last};
}

std::optional<std::string> read_service_tag(Reader& reader, const Value& value,
                                            const TagNames* tags) {
  const auto text = reader.text(value);
  if (!text || tags == nullptr) return text;
  if (auto canonical = tags->canonical(*text)) return canonical;
  const std::string source =
      "write a prefix, \"*\" or a service tag, of which 'serviceTags' names a file; without it "
      "there are a few of West Europe, North Europe and East US";
  reader.fail(value, "unknown-service-tag", fmt::format("unknown service tag '{}'", shown(*text)),
              reader.findings().wants_suggestions() ? tags->nearest(*text).hint(source) : source);
  return std::nullopt;
}

NetworkSecurityGroup read_network_security_group(Reader& reader, const Value& value,
                                                 const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kNetworkSecurityGroup);
  NetworkSecurityGroup group;
  object.map_into(group.security_rules, "securityRules",
                  [&](Reader& from, const Value& rule) { return read_rule(from, rule, tags); });
  object.into(group.flush_connection, "flushConnection", &Reader::boolean);
  return group;
}

RouteTable read_route_table(Reader& reader, const Value& value, const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kRouteTable);
  RouteTable table;
  object.map_into(table.routes, "routes",
                  [&](Reader& from, const Value& route) { return read_route(from, route, tags); });
  object.into(table.disable_bgp_route_propagation, "disableBgpRoutePropagation", &Reader::boolean);
  return table;
}

}  // namespace egress::lab
