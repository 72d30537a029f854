// SPDX-License-Identifier: MIT
#pragma once

// The bytes of probe packets, both ways. Each probe carries a 32-bit token: as the TCP sequence
// number, or in the payload behind UDP and ICMP headers. Pure; no sockets.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ip.hpp"

namespace egress::probe {

struct TcpProbe {
  Ipv4Address source{};
  Ipv4Address destination{};
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t token = 0;
};
// A SYN with its checksum, without the IP header.
std::array<uint8_t, 20> syn_segment(const TcpProbe& probe);

std::vector<uint8_t> token_payload(uint32_t token);
// An echo request with its checksum, without the IP header; the identifier is part of the token.
std::vector<uint8_t> echo_request(uint32_t token);

inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpAck = 0x10;
inline constexpr uint8_t kIcmpEchoReply = 0;
inline constexpr uint8_t kIcmpUnreachable = 3;
inline constexpr uint8_t kIcmpPortUnreachable = 3;
inline constexpr uint8_t kIcmpEchoRequest = 8;

// What is told apart of an IPv4 packet; fields of other protocols are 0.
struct SeenPacket {
  Ipv4Address source{};
  Ipv4Address destination{};
  uint8_t protocol = 0;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint8_t tcp_flags = 0;
  uint32_t tcp_sequence = 0;
  uint32_t tcp_acknowledged = 0;
  uint8_t icmp_type = 0;
  uint8_t icmp_code = 0;
  std::span<const uint8_t> payload{};  // behind the transport header; points into the packet

  // The token that a probe carries, in whichever place its protocol has for it.
  std::optional<uint32_t> token() const;
};
// Empty for anything but an unfragmented or first IPv4 fragment of TCP, UDP or ICMP. The packet may
// be cut after the first 8 bytes of its transport header, as it is when ICMP quotes it.
std::optional<SeenPacket> parse_packet(std::span<const uint8_t> bytes);

}  // namespace egress::probe
