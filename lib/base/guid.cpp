// SPDX-License-Identifier: MIT
#include "base/guid.hpp"

#include <fmt/format.h>

#include "base/stable_hash.hpp"

namespace egress {

namespace {

uint64_t hash(std::string_view text, uint64_t seed) {
  return scattered(fnv1a(text, kFnvBasis ^ (seed * kGoldenRatio)));
}

}  // namespace

std::string guid_of(std::string_view name) {
  const uint64_t high = (hash(name, 1) & ~uint64_t{0xf000}) | 0x8000U;
  const uint64_t low = (hash(name, 2) & ~(uint64_t{3} << 62U)) | (uint64_t{2} << 62U);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU,
                     high & 0xffffU, low >> 48U, low & 0xffffffffffffU);
}

std::string instance_id_of(std::string_view name) {
  return fmt::format("{:016x}{:016x}{:016x}{:016x}", hash(name, 3), hash(name, 4), hash(name, 5),
                     hash(name, 6));
}

}  // namespace egress
