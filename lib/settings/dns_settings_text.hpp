// SPDX-License-Identifier: MIT
#pragma once

// What egress-dns is to be in one namespace, as the text that it is given. Equal values have equal
// texts.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "lab/dns.hpp"

namespace egress::settings {

// What egress-dns takes: the lab's names once, a role in each namespace in which it answers.
inline constexpr const char* kNamesAttachment = "names";
inline constexpr const char* kDnsAttachment = "dns";

// Of an app, on 127.0.0.11: asks these servers (azure-facts 8.2).
struct AppResolver {
  std::vector<Ipv4Address> servers{};  // in the order in which they count
  int attempts = 5;
  int timeout_seconds = 1;  // of an attempt
  int cache_seconds = 0;    // 0: nothing is kept
  bool operator==(const AppResolver&) const = default;
};

// Azure DNS, on 168.63.129.16: says what the names of the lab say.
struct PlatformResolver {
  std::optional<std::string> vnet{};  // whose view it has; none: that of apps in no network
  bool operator==(const PlatformResolver&) const = default;
};

// A host's own server.
struct ServerResolver {
  Ipv4Address address{};
  lab::DnsServer server{};
  bool in_internet = false;
  bool operator==(const ServerResolver&) const = default;
};

using DnsRole = std::variant<AppResolver, PlatformResolver, ServerResolver>;

std::string to_text(const DnsRole& role);
// kInvalid says what is wrong with the text.
Result<DnsRole> parse_dns_role(const std::string& text);

}  // namespace egress::settings
