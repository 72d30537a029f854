// SPDX-License-Identifier: MIT
#include "probe/packets.hpp"

#include <algorithm>

#include "base/internet_checksum.hpp"

namespace egress::probe {
namespace {

constexpr uint8_t kIcmp = 1;
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr std::array<uint8_t, 8> kMagic = {'e', 'g', 'p', 'r', 'o', 'b', 'e', '1'};

void put16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8U);
  at[1] = static_cast<uint8_t>(value);
}

void put32(uint8_t* at, uint32_t value) {
  put16(at, static_cast<uint16_t>(value >> 16U));
  put16(at + 2, static_cast<uint16_t>(value));
}

uint16_t get16(std::span<const uint8_t> bytes, size_t offset) {
  return static_cast<uint16_t>((uint32_t{bytes[offset]} << 8U) | bytes[offset + 1]);
}

uint32_t get32(std::span<const uint8_t> bytes, size_t offset) {
  return (uint32_t{get16(bytes, offset)} << 16U) | get16(bytes, offset + 2);
}

uint32_t sum_of_halves(uint32_t value) {
  return (value >> 16U) + (value & 0xffffU);
}

std::optional<uint32_t> token_in(std::span<const uint8_t> payload) {
  if (payload.size() < kMagic.size() + 4) return std::nullopt;
  if (!std::equal(kMagic.begin(), kMagic.end(), payload.begin())) return std::nullopt;
  return get32(payload, kMagic.size());
}

}  // namespace

std::array<uint8_t, 20> syn_segment(const TcpProbe& probe) {
  constexpr uint16_t kWindow = 64240;
  std::array<uint8_t, 20> segment{};
  put16(&segment[0], probe.source_port);
  put16(&segment[2], probe.destination_port);
  put32(&segment[4], probe.token);
  segment[12] = 5U << 4U;  // header length in words
  segment[13] = kTcpSyn;
  put16(&segment[14], kWindow);
  const uint32_t pseudo_header = sum_of_halves(probe.source.bits) +
                                 sum_of_halves(probe.destination.bits) + kTcp +
                                 uint32_t{segment.size()};
  put16(&segment[16], internet_checksum(segment, pseudo_header));
  return segment;
}

std::vector<uint8_t> token_payload(uint32_t token) {
  std::vector<uint8_t> payload(kMagic.begin(), kMagic.end());
  payload.resize(kMagic.size() + 4);
  put32(&payload[kMagic.size()], token);
  return payload;
}

std::vector<uint8_t> echo_request(uint32_t token) {
  std::vector<uint8_t> message(8);
  message[0] = kIcmpEchoRequest;
  put16(&message[4], static_cast<uint16_t>(token));
  put16(&message[6], 1);
  const std::vector<uint8_t> payload = token_payload(token);
  message.insert(message.end(), payload.begin(), payload.end());
  put16(&message[2], internet_checksum(message));
  return message;
}

std::optional<uint32_t> SeenPacket::token() const {
  if (protocol == kTcp) return tcp_sequence;
  return token_in(payload);
}

std::optional<SeenPacket> parse_packet(std::span<const uint8_t> bytes) {
  constexpr size_t kShortestHeader = 20;
  if (bytes.size() < kShortestHeader || bytes[0] >> 4U != 4) return std::nullopt;
  const size_t header_size = size_t{bytes[0] & 0x0fU} * 4;
  const bool later_fragment = (get16(bytes, 6) & 0x1fffU) != 0;
  if (header_size < kShortestHeader || bytes.size() < header_size + 8 || later_fragment) {
    return std::nullopt;
  }
  SeenPacket packet;
  packet.protocol = bytes[9];
  packet.source = {get32(bytes, 12)};
  packet.destination = {get32(bytes, 16)};
  const std::span<const uint8_t> transport = bytes.subspan(header_size);
  switch (packet.protocol) {
    case kTcp:
      packet.tcp_sequence = get32(transport, 4);
      if (transport.size() >= 20) {
        packet.tcp_acknowledged = get32(transport, 8);
        packet.tcp_flags = transport[13];
      }
      break;
    case kUdp: packet.payload = transport.subspan(8); break;
    case kIcmp:
      packet.icmp_type = transport[0];
      packet.icmp_code = transport[1];
      packet.payload = transport.subspan(8);
      return packet;
    default: return std::nullopt;
  }
  packet.source_port = get16(transport, 0);
  packet.destination_port = get16(transport, 2);
  return packet;
}

}  // namespace egress::probe
