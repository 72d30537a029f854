// SPDX-License-Identifier: MIT
#include "kernel/drop_log/log.hpp"

#include <linux/netlink.h>

#include <cerrno>

#include "kernel/drop_log/codec.hpp"
#include "kernel/netns_scope.hpp"

namespace egress::kernel {

Result<DropLog> DropLog::open(int netns_fd, uint16_t group, size_t buffer) {
  ASSIGN_OR_RETURN(NetlinkSocket socket,
                   open_inside(netns_fd, [] { return NetlinkSocket::open(NETLINK_NETFILTER); }));
  RETURN_IF_ERROR(socket.make_room(buffer));
  Status bound = socket.request(bind_to_log(group));
  // The kernel has no better word for a group that has its reader.
  if (!bound.ok() && bound.error().code == Errc::kDenied) {
    return Error{.code = Errc::kBusy,
                 .sys_errno = bound.error().sys_errno,
                 .message = "somebody else reads what rules log to group " + std::to_string(group)};
  }
  if (!bound.ok()) return bound.error();
  RETURN_IF_ERROR(socket.request(set_log_copy(group)));
  RETURN_IF_ERROR(socket.request(set_log_at_once(group)));
  return DropLog(std::move(socket));
}

Result<bool> DropLog::drain(size_t most,
                            const std::function<void(const state::DroppedPacket&)>& visit) {
  return socket_.drain(most, [&](const nlmsghdr& message) {
    const auto packet = read_logged(message);
    if (packet) visit(*packet);
    return packet.has_value();
  });
}

}  // namespace egress::kernel
