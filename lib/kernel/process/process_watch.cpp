// SPDX-License-Identifier: MIT
#include "kernel/process/process_watch.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "kernel/high_fd.hpp"
#include "kernel/process/child_process.hpp"

namespace egress::kernel {
namespace {

// Another one may have its number by now.
bool has_ended(const UniqueFd& process) {
  pollfd looked{.fd = process.get(), .events = POLLIN, .revents = 0};
  return poll(&looked, 1, 0) > 0;
}

}  // namespace

Status ProcessWatch::follow(std::vector<RunningProcess>& running) {
  std::map<pid_t, UniqueFd> before = std::exchange(followed_, {});
  std::vector<RunningProcess> found = std::exchange(running, {});
  for (RunningProcess& one : found) {
    const auto known = before.find(one.pid);
    UniqueFd process = known == before.end() ? UniqueFd() : std::move(known->second);
    if (!process.valid() || has_ended(process)) {
      ASSIGN_OR_RETURN(process, follow(one.pid));
    }
    if (!process.valid()) continue;
    followed_.emplace(one.pid, std::move(process));
    running.push_back(std::move(one));
  }
  return {};
}

bool ProcessWatch::lost_one() const {
  return std::any_of(followed_.begin(), followed_.end(),
                     [](const auto& process) { return has_ended(process.second); });
}

Result<UniqueFd> ProcessWatch::follow(pid_t pid) {
  auto opened = open_process(pid);
  if (!opened.ok() && opened.error().sys_errno == ESRCH) return UniqueFd();
  if (!opened.ok()) return std::move(opened).error();
  ASSIGN_OR_RETURN(UniqueFd process, move_high(*std::move(opened)));
  epoll_event readable{.events = EPOLLIN, .data = {}};
  if (epoll_ctl(feed_, EPOLL_CTL_ADD, process.get(), &readable) != 0) {
    return Error::from_errno("watch process " + std::to_string(pid));
  }
  return process;
}

}  // namespace egress::kernel
