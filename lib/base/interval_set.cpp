// SPDX-License-Identifier: MIT
#include "base/interval_set.hpp"

#include <bit>

namespace egress {

AddressSet address_set(const std::vector<Ipv4Prefix>& prefixes) {
  std::vector<Interval<uint32_t>> intervals;
  intervals.reserve(prefixes.size());
  for (const Ipv4Prefix& prefix : prefixes) {
    intervals.push_back({prefix.first().bits, prefix.last().bits});
  }
  return AddressSet(std::move(intervals));
}

std::vector<Ipv4Prefix> to_prefixes(const AddressSet& set) {
  std::vector<Ipv4Prefix> prefixes;
  for (const Interval<uint32_t>& interval : set.intervals()) {
    uint64_t next = interval.first;
    const uint64_t end = uint64_t{interval.last} + 1;
    while (next < end) {
      const int aligned = next == 0 ? 32 : std::countr_zero(next);
      const int fitting = static_cast<int>(std::bit_width(end - next)) - 1;
      const int host_bits = std::min(std::min(aligned, fitting), 32);
      prefixes.push_back({{static_cast<uint32_t>(next)}, static_cast<uint8_t>(32 - host_bits)});
      next += uint64_t{1} << static_cast<unsigned>(host_bits);
    }
  }
  return prefixes;
}

}  // namespace egress
