// SPDX-License-Identifier: MIT
#pragma once

// Reads what the rules of one namespace log of packets that they drop. While nobody reads, a rule
// that logs costs a packet it drops a twentieth more, and others nothing.

#include <cstdint>
#include <functional>

#include "base/result.hpp"
#include "kernel/netlink.hpp"
#include "state/dropped_packet.hpp"

namespace egress::kernel {

class DropLog {
 public:
  // With room for `buffer` bytes of what is told and not read yet. A group has one reader in a
  // namespace: kBusy when it has one.
  static Result<DropLog> open(int netns_fd, uint16_t group, size_t buffer);

  int fd() const { return socket_.fd(); }
  // At most so many packets of IPv4; fewer say that no more were there. Does not wait. False when
  // some since the last call are lost, for want of room.
  Result<bool> drain(size_t most, const std::function<void(const state::DroppedPacket&)>& visit);
  // How many those have been so far.
  uint64_t lost() const { return socket_.dropped(); }

 private:
  explicit DropLog(NetlinkSocket socket) : socket_(std::move(socket)) {}

  NetlinkSocket socket_;
};

}  // namespace egress::kernel
