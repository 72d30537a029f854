// SPDX-License-Identifier: MIT
#pragma once

// IPv6 addresses, which are only ever data here: that of AAAA records (RFC 3596).

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace egress {

struct Ipv6Address {
  std::array<uint8_t, 16> octets{};  // in network order

  auto operator<=>(const Ipv6Address&) const = default;
  std::string to_string() const;  // as RFC 5952 has it
  // kInvalid unless `text` is an IPv6 address without a zone.
  static Result<Ipv6Address> parse(std::string_view text);
};

}  // namespace egress
