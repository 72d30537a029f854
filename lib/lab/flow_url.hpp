// SPDX-License-Identifier: MIT
#pragma once

// URLs of flows, as `explain` and `expectations` take them: tcp://HOST:PORT, udp://HOST:PORT and
// icmp://HOST. HOST is an IPv4 address or a name, which means what the app's name servers say.

#include <cstdint>
#include <string>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "lab/lab.hpp"

namespace egress::lab {

// A URL as written.
struct FlowTarget {
  Protocol protocol = Protocol::kTcp;  // or UDP or ICMP
  std::string host{};
  uint16_t port = 0;  // 1..65535; 0 for ICMP
};
// kInvalid, saying what is wrong with it; kFlowUrlForm says how it should be.
Result<FlowTarget> parse_flow_target(const std::string& url);
inline constexpr const char* kFlowUrlForm =
    "write tcp://HOST:PORT, udp://HOST:PORT or icmp://HOST, ports from 1 to 65535";

// Loopback, multicast and broadcast: no network decides about such packets.
bool never_leaves_a_host(Ipv4Address destination);

}  // namespace egress::lab
