// SPDX-License-Identifier: MIT
#include "lab/read/value_hints.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "lab/domain_name.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

struct Synonym {
  const char* written = "";
  const char* meant = "";
};

// Of portals, other clouds and everyday speech.
constexpr Synonym kSynonyms[] = {{"any", "*"},
                                 {"all", "*"},
                                 {"ip", "*"},
                                 {"-1", "*"},
                                 {"egress", "Outbound"},
                                 {"out", "Outbound"},
                                 {"ingress", "Inbound"},
                                 {"in", "Inbound"},
                                 {"block", "Deny"},
                                 {"drop", "Deny"},
                                 {"reject", "Deny"},
                                 {"permit", "Allow"},
                                 {"accept", "Allow"},
                                 {"nva", "VirtualAppliance"},
                                 {"firewall", "VirtualAppliance"},
                                 {"appliance", "VirtualAppliance"},
                                 {"gateway", "VirtualNetworkGateway"},
                                 {"vpn", "VirtualNetworkGateway"},
                                 {"vnet", "VnetLocal"},
                                 {"virtualnetwork", "VnetLocal"},
                                 {"local", "VnetLocal"},
                                 {"blackhole", "None"},
                                 {"icmpv4", "Icmp"}};

struct WellKnownPort {
  const char* written = "";
  const char* protocol = "";
  int port = 0;
};
constexpr WellKnownPort kWellKnownPorts[] = {{"http", "Tcp", 80}, {"https", "Tcp", 443},
                                             {"ssh", "Tcp", 22},  {"rdp", "Tcp", 3389},
                                             {"dns", "Udp", 53},  {"smb", "Tcp", 445}};

bool is_any(const std::string& text) {
  return equal_ignoring_case(text, "any") || equal_ignoring_case(text, "all");
}

// The values of "80-90,443" and "10.0.0.4 10.0.0.5", each in quotes; empty: it is no list.
std::string listed(const std::string& text) {
  std::vector<std::string> values(1);
  for (const char c : text) {
    if (c == ',' || c == ';' || c == ' ') {
      if (!values.back().empty()) values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  if (values.back().empty()) values.pop_back();
  if (values.size() < 2) return {};
  return shown(fmt::format("\"{}\"", fmt::join(values, "\", \"")), 2 * kMaxQuoted);
}

std::optional<ValueHint> hint_for_list(const Value& value, const std::string& plural) {
  if (value.node->kind == YamlKind::kSequence) {
    return ValueHint{"one value is expected, not a list",
                     fmt::format("a list goes in '{}'", plural)};
  }
  if (!value.is_scalar()) return std::nullopt;
  const std::string values = listed(value.node->text);
  if (values.empty() || value.node->text.find("//") != std::string::npos) return std::nullopt;
  return ValueHint{fmt::format("'{}' is a list", shown(value.node->text)),
                   fmt::format("write '{}: [{}]'", plural, values)};
}

// A range of addresses, "10.1.2.4-10.1.2.9".
bool is_range(const std::string& text) {
  const size_t dash = text.find('-');
  return dash != std::string::npos && Ipv4Address::parse(text.substr(0, dash)).ok() &&
         Ipv4Address::parse(text.substr(dash + 1)).ok();
}

bool is_host_like(const std::string& text) {
  const std::string name = text.starts_with("*.") ? text.substr(2) : text;
  const size_t dot = name.rfind('.');
  return dot != std::string::npos && is_domain_name(plain_domain_name(name)) &&
         std::islower(static_cast<unsigned char>(name.back())) != 0 &&
         std::islower(static_cast<unsigned char>(name.front())) != 0;
}

}  // namespace

std::string hint_for_word(const std::string& word, const std::vector<std::string>& words) {
  for (const Synonym& synonym : kSynonyms) {
    const bool known = std::find(words.begin(), words.end(), synonym.meant) != words.end();
    if (!known || !equal_ignoring_case(word, synonym.written)) continue;
    const std::string meant = synonym.meant;
    return "write " + (meant == "*" ? "\"*\"" : meant);
  }
  for (const WellKnownPort& service : kWellKnownPorts) {
    const bool known = std::find(words.begin(), words.end(), service.protocol) != words.end();
    if (!known || !equal_ignoring_case(word, service.written)) continue;
    return fmt::format("write {} and destinationPortRange {}", service.protocol, service.port);
  }
  return {};
}

std::optional<ValueHint> hint_for_address(const Value& value) {
  if (auto list = hint_for_list(value, value.key + "es")) return list;
  if (!value.is_scalar()) return std::nullopt;
  const std::string& text = value.node->text;
  const std::string what = fmt::format("'{}'", shown(text));
  if (is_any(text)) return ValueHint{what + " is no address", "write \"*\" for any"};
  if (text.find("://") != std::string::npos) {
    return ValueHint{what + " is a URL", "a security rule takes addresses, no URLs"};
  }
  if (is_range(text)) {
    return ValueHint{what + " is a range", "write it as prefixes, such as 10.0.0.4/30"};
  }
  if (is_host_like(text)) {
    return ValueHint{what + " is a name",
                     "a security rule takes no names: write the address; a firewall's "
                     "networkRules take destinationFqdns"};
  }
  return std::nullopt;
}

std::optional<ValueHint> hint_for_ports(const Value& value) {
  if (auto list = hint_for_list(value, value.key + "s")) return list;
  if (value.is_scalar() && is_any(value.node->text)) {
    return ValueHint{fmt::format("'{}' is no port", shown(value.node->text)),
                     "write \"*\" for any"};
  }
  return std::nullopt;
}

}  // namespace egress::lab
