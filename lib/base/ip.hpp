// SPDX-License-Identifier: MIT
#pragma once

// IPv4 addresses and prefixes as values. Integrations carry IPv4 only (azure-facts 3.3.2): the
// loader refuses IPv6 where an address is one of the network's.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace egress {

struct Ipv4Address {
  uint32_t bits = 0;  // host byte order

  auto operator<=>(const Ipv4Address&) const = default;
  std::string to_string() const;
  // kInvalid unless `text` is exactly four decimal octets.
  static Result<Ipv4Address> parse(std::string_view text);
};

struct Ipv4Prefix {
  Ipv4Address address{};  // host bits are zero
  uint8_t length = 0;     // 0..32

  auto operator<=>(const Ipv4Prefix&) const = default;
  uint32_t mask() const { return length == 0 ? 0U : ~uint32_t{0} << (32U - length); }
  Ipv4Address first() const { return address; }
  Ipv4Address last() const { return {address.bits | ~mask()}; }
  uint64_t size() const { return uint64_t{1} << (32U - length); }
  bool contains(Ipv4Address other) const { return (other.bits & mask()) == address.bits; }
  bool contains(const Ipv4Prefix& other) const {
    return length <= other.length && contains(other.address);
  }
  bool overlaps(const Ipv4Prefix& other) const { return contains(other) || other.contains(*this); }
  std::string to_string() const;  // always with the length, "10.0.0.4/32"

  static Ipv4Prefix host(Ipv4Address address) { return {address, 32}; }
  // "a.b.c.d/n", or a bare address as /32. kInvalid, naming the right prefix, when host bits are
  // set: Azure refuses such prefixes rather than masking them.
  static Result<Ipv4Prefix> parse(std::string_view text);
};

// RFC 1918: what App Service calls private (azure-facts 1.1.3).
inline constexpr Ipv4Prefix kRfc1918[] = {
    {{0x0a000000}, 8}, {{0xac100000}, 12}, {{0xc0a80000}, 16}};
bool is_rfc1918(Ipv4Address address);

// Azure's platform address (DNS, DHCP, health probes), azure-facts 9.8.
inline constexpr Ipv4Address kAzurePlatform{0xa83f8110};  // 168.63.129.16

}  // namespace egress
