// SPDX-License-Identifier: MIT
#pragma once

// Hears of the flows that begin in one namespace: an entry of connection tracking is told of once
// the packet that begins it has left the namespace's last hook, and so before write() of it to a
// TUN device there returns. What is told, and is dropped or refused in between, never was an entry.

#include <cstdint>
#include <functional>

#include "base/result.hpp"
#include "kernel/netlink.hpp"
#include "state/tracked_flow.hpp"

namespace egress::kernel {

class FlowEvents {
 public:
  // With room for `buffer` bytes of what is told and not read yet. A listener costs the kernel
  // some 2.6 microseconds for each new flow.
  static Result<FlowEvents> open(int netns_fd, size_t buffer);

  int fd() const { return socket_.fd(); }
  // At most so many flows of IPv4, in the order in which they began; fewer say that no more were
  // there. Does not wait. False when some since the last call are lost, for want of room.
  Result<bool> drain(size_t most, const std::function<void(const state::TrackedFlow&)>& visit);
  // How many those have been so far.
  uint64_t lost() const { return socket_.dropped(); }

 private:
  explicit FlowEvents(NetlinkSocket socket) : socket_(std::move(socket)) {}

  NetlinkSocket socket_;
};

}  // namespace egress::kernel
