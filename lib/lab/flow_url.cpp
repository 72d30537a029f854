// SPDX-License-Identifier: MIT
#include "lab/flow_url.hpp"

#include <fmt/format.h>

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

}  // namespace

Result<FlowTarget> parse_flow_target(const std::string& url) {
  const std::string_view text = url;
  const size_t separator = text.find("://");
  if (separator == std::string_view::npos) return malformed(url, "it has no scheme");
  const std::string_view scheme = text.substr(0, separator);
  const auto protocol = protocol_of(scheme);
  if (!protocol) return malformed(url, fmt::format("unknown scheme '{}'", shown(scheme)));
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
  if (target.host.find_first_of("/:?#@[]") != std::string::npos) {
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
