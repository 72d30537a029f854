// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "policy/explain.hpp"

namespace egress::policy {
namespace {

Error malformed(const std::string& url, const std::string& why) {
  return {.code = Errc::kInvalid,
          .message = fmt::format("'{}': {}; expected tcp://ADDRESS:PORT, udp://ADDRESS:PORT or "
                                 "icmp://ADDRESS",
                                 url, why)};
}

std::optional<FlowProtocol> protocol_of(std::string_view scheme) {
  if (scheme == "tcp") return FlowProtocol::kTcp;
  if (scheme == "udp") return FlowProtocol::kUdp;
  if (scheme == "icmp") return FlowProtocol::kIcmp;
  return std::nullopt;
}

// DNS compares names without case (RFC 4343).
bool same_name(const std::string& a, const std::string& b) {
  return strcasecmp(a.c_str(), b.c_str()) == 0;
}

std::optional<Ipv4Address> find_name(const lab::Lab& lab, const std::string& name) {
  const auto host = lab.hosts.find(name);
  if (host != lab.hosts.end()) return host->second.ip_address;
  for (const auto& [key, each] : lab.hosts) {
    const bool named = std::any_of(each.names.begin(), each.names.end(),
                                   [&](const std::string& own) { return same_name(own, name); });
    if (named) return each.ip_address;
  }
  return std::nullopt;
}

Result<uint16_t> parse_port(const std::string& url, std::string_view digits) {
  uint16_t port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, port);
  if (failure != std::errc{} || stop != end || port == 0) {
    return malformed(url, fmt::format("'{}' is not a port from 1 to 65535", digits));
  }
  return port;
}

}  // namespace

Result<FlowUrl> parse_flow_url(const lab::Lab& lab, const std::string& url) {
  const std::string_view text = url;
  const size_t separator = text.find("://");
  if (separator == std::string_view::npos) return malformed(url, "it has no scheme");
  const auto protocol = protocol_of(text.substr(0, separator));
  if (!protocol) {
    return malformed(url, fmt::format("unknown scheme '{}'", text.substr(0, separator)));
  }
  const std::string_view rest = text.substr(separator + 3);
  const size_t colon = rest.rfind(':');
  const std::string target(rest.substr(0, colon));
  const bool has_port = colon != std::string_view::npos;
  if (target.empty()) return malformed(url, "it names no destination");
  if (has_port && *protocol == FlowProtocol::kIcmp) return malformed(url, "ICMP has no ports");
  if (!has_port && *protocol != FlowProtocol::kIcmp) return malformed(url, "the port is missing");

  FlowUrl flow{.protocol = *protocol};
  if (has_port) {
    ASSIGN_OR_RETURN(flow.port, parse_port(url, rest.substr(colon + 1)));
  }
  if (const auto address = Ipv4Address::parse(target); address.ok()) {
    flow.destination = *address;
    return flow;
  }
  if (target.find_first_of("/:?#@[]") != std::string::npos) {
    return malformed(url, fmt::format("'{}' is neither an IPv4 address nor a name", target));
  }
  const auto named = find_name(lab, target);
  if (!named) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("'{}': no host of the lab is called '{}'", url, target)};
  }
  flow.destination = *named;
  return flow;
}

}  // namespace egress::policy
