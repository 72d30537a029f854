// SPDX-License-Identifier: MIT
#pragma once

// The messages of the kernel's connection tracking.

#include "kernel/netlink.hpp"
#include "state/tracked_flow.hpp"

namespace egress::kernel {

// How many entries of any family the namespace has.
NlMessage request_for_count();
uint32_t read_count(const nlmsghdr& message);

// To be dumped: every IPv4 flow of the namespace.
NlMessage request_for_flows();
// To be answered: the entry that has this flow's addresses and ports in either direction.
NlMessage request_for(const state::TrackedFlow& flow);
// Of an entry of IPv4, in an answer or as the kernel tells of it.
state::TrackedFlow read_flow(const nlmsghdr& message);
// Whether a message tells of an entry of IPv4.
bool is_of_ipv4(const nlmsghdr& message);

NlMessage removal_of(const state::TrackedFlow& flow);
// Give the entry `timeout_seconds`, and `mark`. They say nothing of its translation: where a
// message does, as those of conntrack(8) do, the kernel refuses to change an entry that is there
// (EOPNOTSUPP).
NlMessage timeout_of(const state::TrackedFlow& flow);
NlMessage mark_of(const state::TrackedFlow& flow);

}  // namespace egress::kernel
