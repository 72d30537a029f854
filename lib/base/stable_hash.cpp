// SPDX-License-Identifier: MIT
#include "base/stable_hash.hpp"

#include <fmt/format.h>

namespace egress {

void Digest::add(std::string_view text) {
  for (const char letter : text) add_byte(static_cast<unsigned char>(letter));
  add_byte(0);
}

void Digest::add(uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) add_byte(static_cast<uint8_t>(number >> shift));
}

std::string Digest::text() const {
  return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(hash_ >> 64U),
                     static_cast<uint64_t>(hash_));
}

void Digest::add_byte(uint8_t byte) {
  constexpr Wide kPrime = (Wide{0x0000000001000000} << 64U) | Wide{0x000000000000013b};
  hash_ = (hash_ ^ byte) * kPrime;
}

}  // namespace egress
