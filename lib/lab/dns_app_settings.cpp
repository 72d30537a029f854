// SPDX-License-Identifier: MIT
#include "lab/dns_app_settings.hpp"

namespace egress::lab {
namespace {

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::vector<Ipv4Address>> parse_dns_servers(std::string_view text) {
  std::vector<Ipv4Address> servers;
  while (true) {
    const size_t comma = text.find(',');
    const auto address = Ipv4Address::parse(without_blanks(text.substr(0, comma)));
    if (!address.ok() || servers.size() == kMaxOwnDnsServers) return std::nullopt;
    servers.push_back(*address);
    if (comma == std::string_view::npos) return servers;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace egress::lab
