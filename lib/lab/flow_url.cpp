// SPDX-License-Identifier: MIT
#include "lab/flow_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/number.hpp"
#include "base/special_ranges.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

Error malformed(const std::string& url, const std::string& why) {
  return {.code = Errc::kInvalid,
          .message = fmt::format("'{}' is not the URL of a flow: {}", shown(url), why)};
}

std::optional<Protocol> protocol_of(std::string_view scheme) {
  for (const Protocol each : {Protocol::kTcp, Protocol::kUdp, Protocol::kIcmp}) {
    if (scheme == name_of(each)) return each;
  }
  return std::nullopt;
}

// What people write for a service is a TCP flow to its port.
std::string why_no_scheme(std::string_view scheme, std::string_view rest) {
  const std::string unknown = fmt::format("unknown scheme '{}'", shown(scheme));
  uint16_t port = 0;
  if (scheme == "https") port = 443;
  if (scheme == "http") port = 80;
  if (port == 0) return unknown;
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const bool has_port = authority.find(':') != std::string_view::npos;
  return fmt::format("{}, and the flow is tcp://{}{}", unknown, shown(authority),
                     has_port ? std::string() : fmt::format(":{}", port));
}

// WHATWG URL, 3.5: what ends in a number is an address.
bool ends_in_a_number(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_space_or_control(char byte) {
  return (byte >= 0 && byte <= ' ') || byte == '\x7f';
}

}  // namespace

Result<FlowTarget> parse_flow_target(const std::string& url) {
  const std::string_view text = url;
  const size_t separator = text.find("://");
  if (separator == std::string_view::npos) return malformed(url, "it has no scheme");
  const std::string_view scheme = text.substr(0, separator);
  const auto protocol = protocol_of(scheme);
  if (!protocol) return malformed(url, why_no_scheme(scheme, text.substr(separator + 3)));
  const std::string_view rest = text.substr(separator + 3);
  const size_t colon = rest.rfind(':');
  FlowTarget target{.protocol = *protocol, .host = std::string(rest.substr(0, colon))};
  const bool has_port = colon != std::string_view::npos;
  if (target.host.empty()) return malformed(url, "it names no destination");
  if (has_port && *protocol == Protocol::kIcmp) return malformed(url, "ICMP has no ports");
  if (!has_port && *protocol != Protocol::kIcmp) return malformed(url, "the port is missing");
  if (has_port) {
    const std::string_view digits = rest.substr(colon + 1);
    target.port = parse_number<uint16_t>(digits).value_or(0);
    if (target.port == 0) return malformed(url, fmt::format("'{}' is not a port", shown(digits)));
  }
  if (ends_in_a_number(target.host) && !Ipv4Address::parse(target.host)) {
    return malformed(url, fmt::format("'{}' is no IPv4 address, and names do not end in a number",
                                      shown(target.host)));
  }
  const bool has_odd_bytes =
      std::any_of(target.host.begin(), target.host.end(), is_space_or_control);
  if (has_odd_bytes || target.host.find_first_of("/:?#@[]") != std::string::npos) {
    return malformed(url,
                     fmt::format("'{}' is neither an IPv4 address nor a name", shown(target.host)));
  }
  return target;
}

bool never_leaves_a_host(Ipv4Address destination) {
  constexpr Ipv4Address kThisHost{0};  // Linux sends it to the loopback
  return kLoopback.contains(destination) || kMulticast.contains(destination) ||
         destination == kBroadcast || destination == kThisHost;
}

}  // namespace egress::lab
