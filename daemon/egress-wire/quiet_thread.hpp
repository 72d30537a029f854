// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <thread>
#include <utility>

namespace egress::wires {

// A thread that takes no signals, which are the loop's.
template <typename Work>
std::thread quiet_thread(Work work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace egress::wires
