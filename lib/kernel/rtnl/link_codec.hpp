// SPDX-License-Identifier: MIT
#pragma once

// Links as rtnetlink messages, both directions. Messages are written attribute by attribute rather
// than through libnl's objects: those cannot give a veth's peer a namespace and a queue count in
// one message, nor tell which settings a link lacks.

#include <optional>

#include "kernel/netlink.hpp"
#include "state/ops.hpp"

namespace egress::kernel {

// A link as listed. `link.peer` is not known here: the kernel names the peer by two numbers, and
// peers.hpp finds out whom they mean.
struct ObservedLink {
  state::Link link{};
  int index = 0;
  int peer_index = 0;              // 0: no peer
  std::optional<int> peer_nsid{};  // absent: the peer is in the same namespace
  bool ipv6_settings = false;      // it has an addr_gen_mode at all
  // Of a loopback: the namespace's mark (netns_owner.hpp), and so no property of the link.
  std::string loopback_alias{};
  bool operator==(const ObservedLink&) const = default;
};

NlMessage list_links();
NlMessage get_link(const std::string& name);
// The one that every namespace is born with, whatever its name is now.
NlMessage get_loopback();
NlMessage change_loopback_alias(const std::string& alias);
// Empty when there is none, or no loopback with which the namespace was born.
Result<std::string> loopback_alias(NetlinkSocket& socket);
// Nothing for the devices that tunnel modules put into every namespace and nobody can delete.
std::optional<ObservedLink> decode_link(const nlmsghdr& message);

// Makes the pair, both ends down, with what a new link can be told at once: names, MACs, MTU and
// one queue per end, which spares two RCU grace periods a pair (performance.md 4).
// Indexes of a pair's ends, which must differ. A link whose index equals its peer's counts as an
// ordinary device to the kernel's link watch, which then lets up to a second pass before it takes
// the carrier for up, and drops what is sent meanwhile.
struct PairIndexes {
  int here = 0;
  int there = 0;
};
NlMessage create_pair(const state::LinkPair& pair, PairIndexes indexes, int peer_netns_fd);
NlMessage delete_link(const std::string& name);
NlMessage join_link_group(int index, uint32_t group);
NlMessage delete_link_group(uint32_t group);

// Settings of `desired` in which `current` differs, all but up; nothing when none does. Changing
// what is equal is not harmless: writing a MAC, or NOARP, flushes the link's permanent neighbours.
std::optional<NlMessage> change_settings(const state::Link& desired, const ObservedLink& current);
// What create_pair(), or for a TUN create_tun(), could not say, for a link fresh from it.
NlMessage complete_settings(const state::Link& desired);
// Apart from the settings, because the kernel raises the flag before it takes IFLA_AF_SPEC.
NlMessage change_up(const state::Link& desired);

}  // namespace egress::kernel
