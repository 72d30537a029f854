// SPDX-License-Identifier: MIT
#include "kernel/high_fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>

#include <optional>

namespace egress::kernel {
namespace {

std::optional<rlimit>& limit_at_start() {
  static std::optional<rlimit> limit;
  return limit;
}

}  // namespace

Status raise_fd_limit() {
  if (limit_at_start()) return {};
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::from_errno("read the open file limit");
  limit_at_start() = limit;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::from_errno("raise the open file limit");
  return {};
}

void restore_fd_limit() {
  if (limit_at_start()) setrlimit(RLIMIT_NOFILE, &*limit_at_start());
}

Result<UniqueFd> move_high(UniqueFd fd) {
  UniqueFd high(fcntl(fd.get(), F_DUPFD_CLOEXEC, FD_SETSIZE));
  if (!high.valid()) return Error::from_errno("move a descriptor above those of select()");
  return high;
}

}  // namespace egress::kernel
