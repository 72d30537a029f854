// SPDX-License-Identifier: MIT

#include <algorithm>

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

std::optional<Interval<uint32_t>> read_addresses(Reader& reader, const Value& value,
                                                 const std::string& text) {
  if (text.find('-') == std::string::npos) {
    const auto prefix = reader.prefix(value);
    if (!prefix) return std::nullopt;
    return Interval<uint32_t>{prefix->first().bits, prefix->last().bits};
  }
  const auto range = parse_address_range(text);
  if (!range) {
    reader.fail(value, "address-range", fmt::format("'{}' is not a range", shown(text)),
                "write 10.0.0.4-10.0.0.9, the lower address first");
  }
  return range;
}

void read_part(Reader& reader, const Value& value, const TagNames* tags, FirewallAddresses& out) {
  const auto text = reader.text(value);
  if (!text) return;
  if (*text == "*") {
    out.any = true;
  } else if (looks_like_address(*text)) {
    if (const auto range = read_addresses(reader, value, *text)) out.ranges.push_back(*range);
  } else if (const auto tag = read_service_tag(reader, value, tags)) {
    out.service_tags.push_back(*tag);
  }
}

// A list that is there says something.
void need_some(ObjectReader& object, const std::string& key, const std::string& hint = {}) {
  const auto list = object.at(key);
  if (!list || !list->is_empty_list()) return;
  object.reader().fail_at_key(*list, "missing-key", fmt::format("'{}' is empty", key), hint);
}

constexpr const char* kAnyIsAStar = "write [\"*\"] for any";

FirewallAddresses read_side(ObjectReader& object, const std::string& key, const TagNames* tags) {
  FirewallAddresses side;
  need_some(object, key, kAnyIsAStar);
  for (const Value& item : object.items(key)) read_part(object.reader(), item, tags, side);
  return side;
}

void read_destination(ObjectReader& object, const TagNames* tags, NetworkRule& rule) {
  const std::string addresses = "destinationAddresses";
  const std::string fqdns = "destinationFqdns";
  object.exclude(addresses, fqdns);
  rule.destination_addresses = read_side(object, addresses, tags);
  object.list_into(rule.destination_fqdns, fqdns, &Reader::domain_name);
  need_some(object, fqdns);
  if (!object.at(fqdns) && !object.at(addresses)) {
    object.miss({addresses, fqdns}, "'destinationAddresses' is missing",
                "write 'destinationAddresses' or 'destinationFqdns'; [\"*\"] for any address");
  }
}

PortSet read_destination_ports(ObjectReader& object) {
  const std::string key = "destinationPorts";
  need_some(object, key, kAnyIsAStar);
  std::vector<Interval<uint16_t>> ranges;
  for (const Value& item : object.items(key)) {
    if (const auto range = read_port_range(object.reader(), item)) ranges.push_back(*range);
  }
  return PortSet(std::move(ranges));
}

}  // namespace

NetworkRule read_network_rule(Reader& reader, const Value& value, const TagNames* tags) {
  ObjectReader object(reader, value, ObjectType::kNetworkRule);
  NetworkRule rule;
  object.into(rule.priority, "priority", &Reader::integer);
  object.word_into(rule.action, "action", accesses());
  const std::string protocols = "ipProtocols";
  need_some(object, protocols, "write [Any] for any");
  object.list_into(rule.ip_protocols, protocols, [](Reader& from, const Value& item) {
    return from.word(item, network_rule_protocols());
  });
  rule.source_addresses = read_side(object, "sourceAddresses", tags);
  read_destination(object, tags, rule);
  rule.destination_ports = read_destination_ports(object);
  return rule;
}

}  // namespace egress::lab
