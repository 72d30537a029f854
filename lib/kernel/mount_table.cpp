// SPDX-License-Identifier: MIT
#include "kernel/mount_table.hpp"

#include <fcntl.h>
#include <poll.h>

namespace egress::kernel {

Result<MountTable> MountTable::open() {
  UniqueFd file(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return Error::from_errno("open /proc/self/mountinfo");
  return MountTable(std::move(file));
}

bool MountTable::changed() const {
  pollfd poll_mounts{.fd = file_.get(), .events = POLLPRI, .revents = 0};
  return poll(&poll_mounts, 1, 0) != 0;
}

}  // namespace egress::kernel
