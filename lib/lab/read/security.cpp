// SPDX-License-Identifier: MIT

#include <cctype>
#include <charconv>

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

struct Side {
  std::string prefix;    // "sourceAddressPrefix"
  std::string prefixes;  // "sourceAddressPrefixes"
  std::string groups;
  std::string range;
  std::string ranges;
};

Side side_named(const std::string& side) {
  return {side + "AddressPrefix", side + "AddressPrefixes", side + "ApplicationSecurityGroups",
          side + "PortRange", side + "PortRanges"};
}

// Addresses begin with a digit (IPv6 ones hold a colon); anything else can only be a tag.
bool looks_like_address(const std::string& text) {
  return text.find(':') != std::string::npos || text.find('/') != std::string::npos ||
         (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0);
}

std::optional<AddressMatch> read_single(Reader& reader, const Value& value, const TagNames* tags) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  if (*text == "*") return AddressMatch{.any = true};
  if (looks_like_address(*text)) {
    const auto prefix = reader.prefix(value);
    if (!prefix) return std::nullopt;
    return AddressMatch{.prefixes = {*prefix}};
  }
  const auto tag = read_service_tag(reader, value, *text, tags);
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

AddressMatch read_match(ObjectReader& object, const Side& side, const TagNames* tags) {
  Reader& reader = object.reader();
  const auto single = object.at(side.prefix);
  const auto several = object.at(side.prefixes);
  const auto groups = object.at(side.groups);
  if (single && several) {
    reader.fail_at_key(*several, "exclusive-keys",
                       fmt::format("'{}' and '{}' exclude each other", side.prefix, side.prefixes));
  }
  if (groups && (single || several)) {
    reader.fail_at_key(*groups, "exclusive-keys",
                       fmt::format("'{}' and '{}' exclude each other", side.groups,
                                   single ? side.prefix : side.prefixes));
  }
  AddressMatch match;
  if (single) match = read_single(reader, *single, tags).value_or(AddressMatch{});
  if (several) {
    for (const Value& item : reader.items(*several)) {
      if (const auto prefix = read_listed(reader, item)) match.prefixes.push_back(*prefix);
    }
  }
  if (groups) match.application_security_groups = reader.list(groups, &Reader::text);
  const auto is_empty_list = [](const MaybeValue& list) {
    return list && list->node->kind == YamlKind::kSequence && list->node->items.empty();
  };
  if (!single && (is_empty_list(several) || is_empty_list(groups) || (!several && !groups))) {
    object.miss({side.prefix, side.prefixes, side.groups},
                fmt::format("'{}' is missing", side.prefix),
                fmt::format("write '{}', '{}' or '{}'; \"*\" for any address", side.prefix,
                            side.prefixes, side.groups));
  }
  return match;
}

std::optional<uint16_t> port_from(std::string_view text) {
  uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

std::optional<Interval<uint16_t>> read_range(Reader& reader, const Value& value) {
  const auto text = reader.text(value);
  if (!text) return std::nullopt;
  if (*text == "*") return Interval<uint16_t>{0, 65535};
  const size_t dash = text->find('-');
  const auto first = port_from(std::string_view(*text).substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : port_from(std::string_view(*text).substr(dash + 1));
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

PortSet read_ports(ObjectReader& object, const Side& side) {
  Reader& reader = object.reader();
  const auto single = object.at(side.range);
  const auto several = object.at(side.ranges);
  std::vector<Interval<uint16_t>> ranges;
  if (single && several) {
    reader.fail_at_key(*several, "exclusive-keys",
                       fmt::format("'{}' and '{}' exclude each other", side.range, side.ranges));
  }
  if (single) {
    if (const auto range = read_range(reader, *single)) ranges.push_back(*range);
  }
  const std::vector<Value> items = several ? reader.items(*several) : std::vector<Value>{};
  for (const Value& item : items) {
    if (item.is_scalar() && item.node->text == "*") {
      reader.fail(item, "port-range", "a list of port ranges cannot hold '*'",
                  "write it in the singular key");
    } else if (const auto range = read_range(reader, item)) {
      ranges.push_back(*range);
    }
  }
  if (!single && items.empty()) {
    object.miss({side.range, side.ranges}, fmt::format("'{}' is missing", side.range),
                fmt::format("write '{}' or '{}'; \"*\" for any port", side.range, side.ranges));
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
  rule.source = read_match(object, side_named("source"), tags);
  rule.destination = read_match(object, side_named("destination"), tags);
  rule.source_ports = read_ports(object, side_named("source"));
  rule.destination_ports = read_ports(object, side_named("destination"));
  return rule;
}

Route read_route(Reader& reader, const Value& value, const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kRoute);
  Route route;
  if (const auto prefix = object.at("addressPrefix")) {
    const auto text = reader.text(*prefix);
    if (text && looks_like_address(*text)) {
      route.address_prefix = reader.prefix(*prefix);
    } else if (text) {
      route.service_tag = read_service_tag(reader, *prefix, *text, tags).value_or("");
    }
  }
  object.word_into(route.next_hop_type, "nextHopType", next_hop_types());
  object.into(route.next_hop_ip_address, "nextHopIpAddress", &Reader::address);
  return route;
}

}  // namespace

std::optional<std::string> read_service_tag(Reader& reader, const Value& value,
                                            const std::string& text, const TagNames* tags) {
  if (tags == nullptr) return text;
  if (auto canonical = tags->canonical(text)) return canonical;
  const auto near = reader.findings().wants_suggestions() ? tags->nearest(text) : std::nullopt;
  const std::string hint = near ? fmt::format("did you mean '{}'?", *near)
                                : "tags other than " + one_of(built_in_tags()) +
                                      " come from the file 'serviceTags' names";
  reader.fail(value, "unknown-service-tag", fmt::format("unknown service tag '{}'", shown(text)),
              hint);
  return std::nullopt;
}

void read_network_security_groups(Reader& reader, const MaybeValue& value, const TagNames* tags,
                                  Lab& lab) {
  for (const Value& group : named(reader, value)) {
    ObjectReader object(reader, group, ObjectType::kNetworkSecurityGroup);
    auto& rules = lab.network_security_groups[group.key].security_rules;
    for (const Value& rule : named(reader, object.at("securityRules"))) {
      rules[rule.key] = read_rule(reader, rule, tags);
    }
  }
}

void read_route_tables(Reader& reader, const MaybeValue& value, const TagNames* tags, Lab& lab) {
  for (const Value& table : named(reader, value)) {
    ObjectReader object(reader, table, ObjectType::kRouteTable);
    auto& routes = lab.route_tables[table.key].routes;
    for (const Value& route : named(reader, object.at("routes"))) {
      routes[route.key] = read_route(reader, route, tags);
    }
  }
}

void read_application_security_groups(Reader& reader, const MaybeValue& value, Lab& lab) {
  for (const Value& group : named(reader, value)) {
    const ObjectReader object(reader, group, ObjectType::kApplicationSecurityGroup);
    lab.application_security_groups.insert(group.key);
  }
}

}  // namespace egress::lab
