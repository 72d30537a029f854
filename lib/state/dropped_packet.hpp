// SPDX-License-Identifier: MIT
#pragma once

// A packet that a rule has dropped and told of, as plain data.

#include <cstdint>
#include <string>

#include "base/ip.hpp"

namespace egress::state {

struct DroppedPacket {
  std::string prefix{};  // of the rule (nft_table.hpp, log_and_drop)
  uint8_t protocol = 0;  // IPPROTO_TCP, …
  Ipv4Address source{};
  Ipv4Address destination{};
  // ICMP has its identifier for a source port and type and code (256 * type + code) for a
  // destination port, as in a TrackedFlow. 0 where the packet has none, as later fragments.
  uint16_t source_port = 0;
  uint16_t destination_port = 0;

  bool operator==(const DroppedPacket&) const = default;
};

}  // namespace egress::state
