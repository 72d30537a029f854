// SPDX-License-Identifier: MIT
#include "egress-wire/priority.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string_view>

#include "base/unique_fd.hpp"

namespace egress::wires {
namespace {

constexpr std::string_view kMost = "-20";

}  // namespace

void prefer_process() {
  const UniqueFd group(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC));
  if (group.valid()) (void)!::write(group.get(), kMost.data(), kMost.size());
}

void prefer_thread() {
  (void)::setpriority(PRIO_PROCESS, 0, -20);  // of 0, the thread's own
}

}  // namespace egress::wires
