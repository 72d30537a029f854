// SPDX-License-Identifier: MIT
#include "lab/flow_url.hpp"

#include <fmt/format.h>

#include <algorithm>
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

bool is_called(const std::string& key, const Host& host, const std::string& name) {
  return equal_ignoring_case(key, name) ||
         std::any_of(host.names.begin(), host.names.end(),
                     [&](const std::string& own) { return equal_ignoring_case(own, name); });
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

std::optional<Ipv4Address> find_address(const Lab& lab, const std::string& host) {
  if (const auto address = Ipv4Address::parse(host); address.ok()) return *address;
  if (const auto exact = lab.hosts.find(host); exact != lab.hosts.end()) {
    return exact->second.ip_address;
  }
  for (const auto& [key, each] : lab.hosts) {
    if (is_called(key, each, host)) return each.ip_address;
  }
  return std::nullopt;
}

Result<FlowUrl> parse_flow_url(const Lab& lab, const std::string& url) {
  auto target = parse_flow_target(url);
  if (!target.ok()) {
    Error error = std::move(target).error();
    error.message += fmt::format("; {}", kFlowUrlForm);
    return error;
  }
  const auto address = find_address(lab, target->host);
  if (!address) {
    return Error{.code = Errc::kNotFound,
                 .message = fmt::format("'{}': no host of the lab is called '{}'", shown(url),
                                        shown(target->host))};
  }
  return FlowUrl{target->protocol, *address, target->port};
}

bool never_leaves_a_host(Ipv4Address destination) {
  constexpr Ipv4Address kThisHost{0};  // Linux sends it to the loopback
  return kLoopback.contains(destination) || kMulticast.contains(destination) ||
         destination == kBroadcast || destination == kThisHost;
}

}  // namespace egress::lab
