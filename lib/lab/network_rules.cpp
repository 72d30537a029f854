// SPDX-License-Identifier: MIT
#include "lab/network_rules.hpp"

#include <fmt/format.h>

#include "base/ip.hpp"

namespace egress::lab {

const char* name_of(NetworkRuleProtocol protocol) {
  switch (protocol) {
    case NetworkRuleProtocol::kTcp: return "TCP";
    case NetworkRuleProtocol::kUdp: return "UDP";
    case NetworkRuleProtocol::kIcmp: return "ICMP";
    case NetworkRuleProtocol::kAny: return "Any";
  }
  return "Any";
}

std::optional<Interval<uint32_t>> parse_address_range(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = Ipv4Address::parse(text.substr(0, dash));
  const auto last = Ipv4Address::parse(text.substr(dash + 1));
  if (!first.ok() || !last.ok() || first->bits > last->bits) return std::nullopt;
  return Interval<uint32_t>{first->bits, last->bits};
}

std::string address_range_text(const Interval<uint32_t>& range) {
  const Ipv4Address first{range.first};
  if (range.first == range.last) return first.to_string();
  const auto prefixes = to_prefixes(AddressSet({range}));
  if (prefixes.size() == 1) return prefixes.front().to_string();
  return fmt::format("{}-{}", first.to_string(), Ipv4Address{range.last}.to_string());
}

std::vector<std::string> texts_of(const FirewallAddresses& addresses) {
  std::vector<std::string> texts;
  if (addresses.any) texts.emplace_back("*");
  for (const auto& range : addresses.ranges) texts.push_back(address_range_text(range));
  texts.insert(texts.end(), addresses.service_tags.begin(), addresses.service_tags.end());
  return texts;
}

}  // namespace egress::lab
