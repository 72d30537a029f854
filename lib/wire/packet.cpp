// SPDX-License-Identifier: MIT
#include "wire/packet.hpp"

#include <algorithm>
#include <limits>

#include "base/stable_hash.hpp"

namespace egress::wire {
namespace {

// Offsets and sizes of RFC 791, 792, 768 and 9293.
constexpr size_t kIpHeader = 20;
constexpr size_t kTimeToLive = 8;
constexpr size_t kProtocol = 9;
constexpr size_t kSource = 12;
constexpr size_t kDestination = 16;
constexpr size_t kFragment = 6;
constexpr uint16_t kFragmented = 0x3fff;  // more fragments, or an offset
constexpr size_t kPorts = 4;
constexpr size_t kIcmpHeader = 8;
constexpr size_t kIcmpIdentifier = 4;
constexpr uint8_t kEchoReply = 0;
constexpr uint8_t kEchoRequest = 8;
constexpr size_t kTcpHeader = 20;
constexpr size_t kTcpSequence = 4;
constexpr size_t kTcpFlags = 13;
constexpr uint8_t kTcpSyn = 0x02;
constexpr uint8_t kTcpRst = 0x04;
constexpr uint8_t kTcpAck = 0x10;
constexpr uint8_t kTcpFin = 0x01;

uint16_t read16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

uint32_t read32(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{read16(bytes, at)} << 16U | read16(bytes, at + 2);
}

// What is behind the IP header; nothing where that is none of IPv4, or cut short.
std::span<const uint8_t> payload_of(std::span<const uint8_t> ip) {
  if (ip.size() < kIpHeader || ip[0] >> 4U != 4) return {};
  const size_t header = size_t{ip[0] & 0x0fU} * 4;
  if (header < kIpHeader || header > ip.size()) return {};
  return ip.subspan(header);
}

bool is_fragment(std::span<const uint8_t> ip) {
  return (read16(ip, kFragment) & kFragmented) != 0;
}

}  // namespace

uint64_t hash_of(const FlowKey& flow) {
  const uint64_t addresses = uint64_t{flow.source.bits} << 32U | flow.destination.bits;
  const uint64_t rest =
      uint64_t{flow.protocol} << 32U | uint64_t{flow.source_port} << 16U | flow.destination_port;
  return scattered(folded(addresses) ^ rest);
}

std::optional<FlowKey> flow_of(std::span<const uint8_t> ip) {
  const auto payload = payload_of(ip);
  if (payload.size() < kPorts || is_fragment(ip)) return std::nullopt;
  FlowKey key{.protocol = ip[kProtocol],
              .source = {read32(ip, kSource)},
              .destination = {read32(ip, kDestination)}};
  if (has_ports(key.protocol)) {
    key.source_port = read16(payload, 0);
    key.destination_port = read16(payload, 2);
    return key;
  }
  const bool echo = key.protocol == number_of(Protocol::kIcmp) && payload.size() >= kIcmpHeader &&
                    (payload[0] == kEchoRequest || payload[0] == kEchoReply);
  if (!echo) return std::nullopt;
  key.source_port = read16(payload, kIcmpIdentifier);
  return key;
}

bool may_begin_flow(std::span<const uint8_t> ip) {
  const auto payload = payload_of(ip);
  if (payload.empty() || is_fragment(ip) || ip[kTimeToLive] <= 1) return false;
  switch (ip[kProtocol]) {
    case number_of(Protocol::kTcp):
      return payload.size() >= kTcpHeader &&
             (payload[kTcpFlags] & (kTcpSyn | kTcpAck | kTcpRst | kTcpFin)) == kTcpSyn;
    case number_of(Protocol::kUdp): return true;
    case number_of(Protocol::kIcmp): return payload[0] == kEchoRequest;
    default: return false;
  }
}

PacketFacts facts_of(std::span<const uint8_t> ip) {
  constexpr size_t kMost = std::numeric_limits<uint16_t>::max();
  PacketFacts facts{.length = static_cast<uint16_t>(std::min(ip.size(), kMost))};
  const auto payload = payload_of(ip);
  if (payload.data() == nullptr) return facts;
  const auto flow = flow_of(ip);
  facts.flow = flow.value_or(FlowKey{.protocol = ip[kProtocol],
                                     .source = {read32(ip, kSource)},
                                     .destination = {read32(ip, kDestination)}});
  if (flow && flow->protocol == number_of(Protocol::kTcp) && payload.size() >= kTcpHeader) {
    facts.tcp_flags = payload[kTcpFlags];
    facts.sequence = read32(payload, kTcpSequence);
  }
  return facts;
}

}  // namespace egress::wire
