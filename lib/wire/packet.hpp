// SPDX-License-Identifier: MIT
#pragma once

// What a wire reads in a packet of IPv4. Packets are of others: nothing is taken for granted.

#include <cstdint>
#include <optional>
#include <span>

#include "policy/effective_rules.hpp"

namespace egress::wire {

// The packets that connection tracking takes for one direction of a flow have it. ICMP has the
// identifier of its echo for a source port.
using FlowKey = policy::Packet;
uint64_t hash_of(const FlowKey& flow);

// None: no IPv4, a fragment, neither TCP nor UDP nor ICMP echo, or cut short.
std::optional<FlowKey> flow_of(std::span<const uint8_t> ip);

// Whether connection tracking of the next router would take it for the first packet of a flow: an
// attempt to connect, a datagram, an echo request, which that router does not drop for its age.
bool may_begin_flow(std::span<const uint8_t> ip);

// For who watches packets: what there is to read, and 0 for the rest.
struct PacketFacts {
  FlowKey flow{};
  uint16_t length = 0;
  uint8_t tcp_flags = 0;
  uint32_t sequence = 0;
};
PacketFacts facts_of(std::span<const uint8_t> ip);

}  // namespace egress::wire
