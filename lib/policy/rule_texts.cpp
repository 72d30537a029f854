// SPDX-License-Identifier: MIT
#include "policy/rule_texts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "lab/limits.hpp"
#include "lab/suggest.hpp"

namespace egress::policy {

std::string addresses_text(const lab::AddressMatch& match) {
  if (match.any) return "*";
  if (!match.service_tag.empty()) return match.service_tag;
  std::vector<std::string> parts = match.application_security_groups;
  for (const Ipv4Prefix& prefix : match.prefixes) parts.push_back(lab::short_text(prefix));
  return lab::shown(fmt::format("{}", fmt::join(parts, ", ")));
}

std::string ports_text(const PortSet& ports) {
  if (ports.is_all()) return "*";
  std::vector<std::string> parts;
  for (const auto& range : ports.intervals()) {
    parts.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                              : fmt::format("{}-{}", range.first, range.last));
  }
  return lab::shown(fmt::format("{}", fmt::join(parts, ", ")));
}

std::string conditions_text(const lab::SecurityRule& rule) {
  const bool any_protocol = rule.protocol == lab::SecurityRuleProtocol::kAny;
  std::string text = any_protocol ? "any protocol" : lab::name_of(rule.protocol);
  if (!rule.source.any) text += " from " + addresses_text(rule.source);
  if (!rule.source_ports.is_all()) text += ", source port " + ports_text(rule.source_ports);
  if (!rule.destination.any) text += " to " + addresses_text(rule.destination);
  if (!rule.destination_ports.is_all()) text += ", port " + ports_text(rule.destination_ports);
  return text == "any protocol" ? "everything" : text;
}

}  // namespace egress::policy
