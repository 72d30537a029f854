// SPDX-License-Identifier: MIT
#pragma once

// The hash that nftables' `jhash` is: Bob Jenkins' of 2006 as in the kernel's
// include/linux/jhash.h, of up to twelve bytes, and how nftables scales it. A choice of the
// kernel's is predicted by it.

#include <array>
#include <cstddef>
#include <cstdint>

namespace egress {

inline constexpr size_t kJenkinsMost = 12;
using JenkinsBytes = std::array<uint8_t, kJenkinsMost>;

// Of the first `size` bytes, which are not none.
constexpr uint32_t jenkins_hash(const JenkinsBytes& bytes, size_t size, uint32_t seed) {
  const auto rotated = [](uint32_t word, uint32_t by) { return word << by | word >> (32U - by); };
  const auto word = [&](size_t first) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4 && first + i < size; ++i) {
      value |= uint32_t{bytes[first + i]} << (8U * static_cast<uint32_t>(i));
    }
    return value;
  };
  const uint32_t start = 0xdeadbeefU + static_cast<uint32_t>(size) + seed;
  uint32_t a = start + word(0);
  uint32_t b = start + word(4);
  uint32_t c = start + word(8);
  c = (c ^ b) - rotated(b, 14);
  a = (a ^ c) - rotated(c, 11);
  b = (b ^ a) - rotated(a, 25);
  c = (c ^ b) - rotated(b, 16);
  a = (a ^ c) - rotated(c, 4);
  b = (b ^ a) - rotated(a, 14);
  c = (c ^ b) - rotated(b, 24);
  return c;
}

// `mod COUNT` of nftables: a number below `count`.
constexpr uint32_t scaled(uint32_t hash, uint32_t count) {
  return static_cast<uint32_t>(uint64_t{hash} * count >> 32U);
}

}  // namespace egress
