// SPDX-License-Identifier: MIT
#pragma once

// Elements of sets and maps, added and deleted over netlink: libnftables would read a whole map
// before it changes an interval of it. What is put here is laid out as nft lays it out, so that nft
// lists it and either can change what the other made.

#include <string>
#include <vector>

#include "kernel/netlink.hpp"
#include "state/nft_steps.hpp"

namespace egress::kernel {

// One transaction in the namespace of `socket`, a netfilter one, on maps of our table that exist.
Status change_elements(NetlinkSocket& socket, const std::vector<state::NftElements>& changes);

}  // namespace egress::kernel
