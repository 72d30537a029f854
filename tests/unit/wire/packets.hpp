// SPDX-License-Identifier: MIT
#pragma once

// Packets of IPv4 as bytes; checksums are nobody's matter here.

#include <cstdint>
#include <vector>

#include "base/ip.hpp"
#include "tests/support/values.hpp"

namespace egress::wire::test {

using namespace testing_support;

using Bytes = std::vector<uint8_t>;

inline constexpr uint8_t kFin = 0x01;
inline constexpr uint8_t kSyn = 0x02;
inline constexpr uint8_t kRst = 0x04;
inline constexpr uint8_t kAck = 0x10;

inline void put16(Bytes& bytes, size_t at, uint32_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<uint8_t>(value);
}
inline void put32(Bytes& bytes, size_t at, uint32_t value) {
  put16(bytes, at, value >> 16U);
  put16(bytes, at + 2, value & 0xffffU);
}

// With a header of `words` times four bytes, and `size` bytes behind it.
inline Bytes packet(uint8_t protocol, size_t size, uint8_t words = 5, uint8_t ttl = 64) {
  Bytes bytes(size_t{words} * 4 + size);
  bytes[0] = static_cast<uint8_t>(0x40U | words);
  put16(bytes, 2, static_cast<uint32_t>(bytes.size()));
  bytes[8] = ttl;
  bytes[9] = protocol;
  put32(bytes, 12, ip("10.1.1.4").bits);
  put32(bytes, 16, ip("10.1.2.4").bits);
  return bytes;
}

inline Bytes tcp(uint8_t flags, uint8_t words = 5, uint8_t ttl = 64) {
  Bytes bytes = packet(kTcp, 20, words, ttl);
  const size_t header = size_t{words} * 4;
  put16(bytes, header, 50000);
  put16(bytes, header + 2, 443);
  put32(bytes, header + 4, 0x01020304);
  bytes[header + 13] = flags;
  return bytes;
}

inline Bytes udp() {
  Bytes bytes = packet(kUdp, 8);
  put16(bytes, 20, 50001);
  put16(bytes, 22, 53);
  return bytes;
}

inline Bytes icmp(uint8_t type) {
  Bytes bytes = packet(kIcmp, 8);
  bytes[20] = type;
  put16(bytes, 24, 77);
  return bytes;
}

inline Bytes fragment(Bytes bytes, uint16_t offset_and_flags) {
  put16(bytes, 6, offset_and_flags);
  return bytes;
}

}  // namespace egress::wire::test
