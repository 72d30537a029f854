// SPDX-License-Identifier: MIT
#include "kernel/conntrack/events.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "kernel/conntrack/codec.hpp"
#include "kernel/netns_scope.hpp"

namespace egress::kernel {

Result<FlowEvents> FlowEvents::open(int netns_fd, size_t buffer) {
  ASSIGN_OR_RETURN(NetlinkSocket socket,
                   open_inside(netns_fd, [] { return NetlinkSocket::open(NETLINK_NETFILTER); }));
  RETURN_IF_ERROR(socket.make_room(buffer));
  RETURN_IF_ERROR(socket.join(NFNLGRP_CONNTRACK_NEW));
  return FlowEvents(std::move(socket));
}

Result<bool> FlowEvents::drain(size_t most,
                               const std::function<void(const state::TrackedFlow&)>& visit) {
  return socket_.drain(most, [&](const nlmsghdr& message) {
    if (!is_of_ipv4(message)) return false;
    visit(read_flow(message));
    return true;
  });
}

}  // namespace egress::kernel
