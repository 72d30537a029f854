// SPDX-License-Identifier: MIT
#pragma once

// Transport protocols by IANA's numbers, and ports as "tcp/443" names them.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace egress {

enum class Protocol : uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17, kEsp = 50, kAh = 51 };

constexpr uint8_t number_of(Protocol protocol) {
  return static_cast<uint8_t>(protocol);
}
constexpr bool has_ports(uint8_t number) {
  return number == number_of(Protocol::kTcp) || number == number_of(Protocol::kUdp);
}
const char* name_of(Protocol protocol);  // "tcp"

inline constexpr uint16_t kDomainPort = 53;  // of DNS, over UDP and TCP (RFC 1035, 4.2)

struct Port {
  Protocol protocol = Protocol::kTcp;  // or UDP
  uint16_t number = 0;
  auto operator<=>(const Port&) const = default;
  std::string to_string() const;  // "tcp/443"
  // kInvalid unless `text` is "tcp/PORT" or "udp/PORT" with a port of 1 to 65535.
  static Result<Port> parse(std::string_view text);
};

}  // namespace egress
