// SPDX-License-Identifier: MIT
#pragma once

// Values as tests write them down. What does not parse ends the test with an exception.

#include <string>

#include "base/ip.hpp"

namespace egress::testing_support {

inline Ipv4Address ip(const std::string& text) {
  return Ipv4Address::parse(text).value();
}
inline Ipv4Prefix prefix(const std::string& text) {
  return Ipv4Prefix::parse(text).value();
}

}  // namespace egress::testing_support
