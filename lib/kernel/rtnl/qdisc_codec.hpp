// SPDX-License-Identifier: MIT
#pragma once

// Queueing disciplines as rtnetlink messages. We attach none but the flow cache's hooks: what a
// link has besides the kernel's own is somebody's, and is known by its handle, which the kernel's
// own do not have.

#include <optional>
#include <string>

#include "kernel/netlink.hpp"

namespace egress::kernel {

struct AttachedQdisc {
  int link_index = 0;
  std::string kind{};     // "netem"
  bool is_hooks = false;  // of the flow cache, if its filters are
  NlMessage removal;      // with all that hangs on it
};

NlMessage list_qdiscs();
// Nothing for the kernel's own, and for those inside another one.
std::optional<AttachedQdisc> decode_attached_qdisc(const nlmsghdr& message);

}  // namespace egress::kernel
