// SPDX-License-Identifier: MIT
#include "attached/standing.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.hpp"

namespace egress::attached {
namespace {

constexpr rlim_t kReservedFiles = 64;  // the loop, the lock, what libraries open
constexpr rlim_t kMostFiles = 65'536;  // bounds the kernel memory of idle connections
constexpr rlim_t kFilesWithoutLimit = 256 + kReservedFiles;

}  // namespace

size_t raise_file_limit() {
  rlimit limit{.rlim_cur = kFilesWithoutLimit, .rlim_max = kFilesWithoutLimit};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = std::min(limit.rlim_max, kMostFiles);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur > 2 * kReservedFiles ? limit.rlim_cur - kReservedFiles : kReservedFiles;
}

Status stand_alone() {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return Error::from_errno("open /dev/null");
  (void)::setsid();  // fails for a group leader, which is on its own already
  if (::chdir("/") < 0) return Error::from_errno("leave the working directory");
  constexpr char kReady[] = "ready\n";
  (void)!::write(STDOUT_FILENO, kReady, sizeof kReady - 1);  // nobody may be reading
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
  return {};
}

}  // namespace egress::attached
