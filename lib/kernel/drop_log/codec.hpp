// SPDX-License-Identifier: MIT
#pragma once

// The messages of nfnetlink_log. libnetfilter_log would bring a socket of its own, below the
// numbers that select() leaves free, for four attributes.

#include <cstdint>
#include <optional>

#include "kernel/netlink.hpp"
#include "state/dropped_packet.hpp"

namespace egress::kernel {

// What makes a socket the one reader of a group, to be sent in this order: without the first there
// is nothing to set. The second says how much of a packet comes, the third that none waits for
// another.
NlMessage bind_to_log(uint16_t group);
NlMessage set_log_copy(uint16_t group);
NlMessage set_log_at_once(uint16_t group);

// A packet of IPv4; nothing for other messages.
std::optional<state::DroppedPacket> read_logged(const nlmsghdr& message);

}  // namespace egress::kernel
