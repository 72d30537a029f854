// SPDX-License-Identifier: MIT
#pragma once

// An entry of a namespace's connection tracking, as plain data.

#include <cstdint>

#include "base/ip.hpp"

namespace egress::state {

struct TrackedFlow {
  uint8_t protocol = 0;  // IPPROTO_TCP, …
  // As the first packet was, before any translation. ICMP has its identifier for a source port and,
  // as in the kernel's own tuples, type and code (256 * type + code) for a destination port.
  Ipv4Address source{};
  Ipv4Address destination{};
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  Ipv4Address reply_destination{};  // which answers are for: a translation's address, or the source
  uint16_t reply_destination_port = 0;  // likewise; 0 of ICMP
  // Whom answers are from: whom another destination was given for, or the destination.
  Ipv4Address reply_source{};
  uint16_t reply_source_port = 0;  // likewise; 0 of ICMP
  uint16_t zone = 0;               // of both directions
  uint16_t original_zone = 0;      // or of what the first packet's side sends alone
  uint32_t mark = 0;
  uint32_t timeout_seconds = 0;  // what is left of its life while no packet comes
  bool closed = false;           // TCP only: by a FIN of either end, or a reset

  bool operator==(const TrackedFlow&) const = default;
};

}  // namespace egress::state
