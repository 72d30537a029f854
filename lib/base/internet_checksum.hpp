// SPDX-License-Identifier: MIT
#pragma once

// The checksum of IP, ICMP, UDP and TCP (RFC 1071).

#include <cstddef>
#include <cstdint>
#include <span>

namespace egress {

// A sum of words in one's complement.
constexpr uint16_t ones_complement_sum(uint32_t sum) {
  while (sum > UINT16_MAX) sum = (sum & UINT16_MAX) + (sum >> 16U);
  return static_cast<uint16_t>(sum);
}

// Of an even number of bytes, on top of `sum`; words are in the order of the network, the result in
// the machine's.
constexpr uint16_t internet_checksum(std::span<const uint8_t> bytes, uint32_t sum = 0) {
  for (size_t offset = 0; offset + 1 < bytes.size(); offset += 2) {
    sum += uint32_t{bytes[offset]} << 8U | bytes[offset + 1];
  }
  return static_cast<uint16_t>(~ones_complement_sum(sum));
}

}  // namespace egress
