// SPDX-License-Identifier: MIT
#pragma once

// URLs of flows, as `explain` and `expectations` take them: tcp://HOST:PORT, udp://HOST:PORT and
// icmp://HOST. HOST is an IPv4 address, a host of the lab or one of its `names`.

#include <cstdint>
#include <optional>
#include <string>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "lab/lab.hpp"

namespace egress::lab {

// A URL as written, before its host is looked up.
struct FlowTarget {
  Protocol protocol = Protocol::kTcp;  // or UDP or ICMP
  std::string host{};
  uint16_t port = 0;  // 1..65535; 0 for ICMP
};
// kInvalid, saying what is wrong with it; kFlowUrlForm says how it should be.
Result<FlowTarget> parse_flow_target(const std::string& url);
inline constexpr const char* kFlowUrlForm =
    "write tcp://HOST:PORT, udp://HOST:PORT or icmp://HOST, ports from 1 to 65535";

// Whose address `host` is or means. Names compare without case (RFC 4343).
std::optional<Ipv4Address> find_address(const Lab& lab, const std::string& host);

struct FlowUrl {
  Protocol protocol = Protocol::kTcp;
  Ipv4Address destination{};
  uint16_t port = 0;
};
// kInvalid with the expected form; kNotFound when no host of the lab has the name.
Result<FlowUrl> parse_flow_url(const Lab& lab, const std::string& url);

// Loopback, multicast and broadcast: no network decides about such packets.
bool never_leaves_a_host(Ipv4Address destination);

}  // namespace egress::lab
