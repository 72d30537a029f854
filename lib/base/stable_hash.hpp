// SPDX-License-Identifier: MIT
#pragma once

// Hashes whose values outlive a process: names, numbers, addresses and digests in the kernel and in
// answers come from them, so a value that changes renames what nobody touched. All are FNV-1a; they
// differ in what is done to its weak low bits, and each user's choice is as much of a contract.

#include <cstdint>
#include <string>
#include <string_view>

namespace egress {

inline constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15U;  // 2^64 over the golden ratio

// FNV-1a of 64 bits (draft-eastlake-fnv); another `basis` makes another function.
inline constexpr uint64_t kFnvBasis = 0xcbf29ce484222325U;
inline constexpr uint64_t kFnvPrime = 0x100000001b3U;
constexpr uint64_t fnv1a(std::string_view text, uint64_t basis = kFnvBasis) {
  for (const char letter : text) basis = (basis ^ static_cast<unsigned char>(letter)) * kFnvPrime;
  return basis;
}

// One multiplication: enough for taking a remainder of the hash.
constexpr uint64_t folded(uint64_t hash) {
  hash = (hash ^ (hash >> 32U)) * kGoldenRatio;
  return hash ^ (hash >> 29U);
}

// SplitMix64's finaliser: texts that differ in one letter differ in every digit.
constexpr uint64_t scattered(uint64_t hash) {
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31U);
}

// FNV-1a of 128 bits: a content hash among friends, as nobody is kept from making two that meet.
class Digest {
 public:
  void add(std::string_view text);  // and its end
  void add(uint32_t number);
  std::string text() const;  // 32 hexadecimal digits

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr Wide kBasis = (Wide{0x6c62272e07bb0142} << 64U) | Wide{0x62b821756295c58d};
  void add_byte(uint8_t byte);

  Wide hash_ = kBasis;
};

}  // namespace egress
