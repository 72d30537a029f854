// SPDX-License-Identifier: MIT
#pragma once

// Values as tests write them down. What does not parse ends the test with an exception.

#include <string>

#include "base/ip.hpp"
#include "base/protocol.hpp"

namespace egress::testing_support {

// As packets carry them.
inline constexpr uint8_t kIcmp = number_of(Protocol::kIcmp);
inline constexpr uint8_t kTcp = number_of(Protocol::kTcp);
inline constexpr uint8_t kUdp = number_of(Protocol::kUdp);
inline constexpr uint8_t kEsp = number_of(Protocol::kEsp);
inline constexpr uint8_t kAh = number_of(Protocol::kAh);

inline Ipv4Address ip(const std::string& text) {
  return Ipv4Address::parse(text).value();
}
inline Ipv4Prefix prefix(const std::string& text) {
  return Ipv4Prefix::parse(text).value();
}

}  // namespace egress::testing_support
