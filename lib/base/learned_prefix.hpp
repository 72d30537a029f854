// SPDX-License-Identifier: MIT
#pragma once

// A prefix as a session of BGP brings it.

#include <cstdint>

#include "base/ip.hpp"

namespace egress {

struct LearnedPrefix {
  Ipv4Prefix prefix{};
  // What a network says of itself has been in no autonomous system but its own.
  uint32_t as_path_length = 1;
  auto operator<=>(const LearnedPrefix&) const = default;
};

}  // namespace egress
