// SPDX-License-Identifier: MIT
#include "kernel/high_fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/select.h>

#include <optional>

namespace egress::kernel {
namespace {

// The numbers of select() stay free; clients and what a pass opens for a while come on top.
constexpr rlim_t kFilesWithoutLab = FD_SETSIZE + 512;
// One of them a process's, one while its flows are reviewed, and two of settings of connection
// tracking, which stay open.
constexpr rlim_t kFilesPerNamespace = 7;
constexpr rlim_t kLeastFiles = kFilesWithoutLab + 512;

std::optional<rlimit>& limit_at_start() {
  static std::optional<rlimit> limit;
  return limit;
}

}  // namespace

Status raise_fd_limit() {
  if (limit_at_start()) return {};
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::from_errno("read the open file limit");
  if (limit.rlim_max < kLeastFiles) {
    return Error{.code = Errc::kUnsupported,
                 .message = fmt::format("the hard limit of open files (RLIMIT_NOFILE) is {} and "
                                        "must be {} at least, and {} more for each namespace: set "
                                        "LimitNOFILE= in the unit, or ulimit -Hn",
                                        limit.rlim_max, kLeastFiles, kFilesPerNamespace)};
  }
  limit_at_start() = limit;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::from_errno("raise the open file limit");
  return {};
}

size_t namespaces_within_fd_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= kFilesWithoutLab) return 0;
  return (limit.rlim_cur - kFilesWithoutLab) / kFilesPerNamespace;
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
