// SPDX-License-Identifier: MIT
#include "tests/crash/kill.hpp"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace egress::crash {
namespace {

// What outlives the process that calls it: files, mounts, what netlink sockets carry, processes.
constexpr std::array kLasting = {
    SYS_mkdir,   SYS_rmdir,  SYS_unlink, SYS_unlinkat,  SYS_rename, SYS_mount,
    SYS_umount2, SYS_bind,   SYS_sendto, SYS_sendmsg,   SYS_write,  SYS_pwrite64,
    SYS_clone,   SYS_clone3, SYS_vfork,  SYS_ftruncate, SYS_kill,   SYS_pidfd_send_signal,
};

bool is_lasting(const __ptrace_syscall_info& info) {
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
  if (info.entry.nr == SYS_openat) return (info.entry.args[2] & O_CREAT) != 0;
  return std::any_of(kLasting.begin(), kLasting.end(),
                     [&](long call) { return info.entry.nr == static_cast<uint64_t>(call); });
}

bool makes_lasting_call(pid_t pid) {
  __ptrace_syscall_info info{};
  return ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0 && is_lasting(info);
}

// Waits for the next stop; 0 at the end, which is left to whoever reaps the process. A stop that is
// looked at may have become the end before it is taken.
int next_stop(pid_t pid) {
  const auto id = static_cast<id_t>(pid);
  while (true) {
    siginfo_t seen{};
    if (::waitid(P_PID, id, &seen, WEXITED | WSTOPPED | WNOWAIT) != 0) return 0;
    if (seen.si_code != CLD_STOPPED && seen.si_code != CLD_TRAPPED) return 0;
    siginfo_t taken{};
    if (::waitid(P_PID, id, &taken, WSTOPPED | WNOHANG) == 0 && taken.si_pid == pid) {
      return taken.si_status;
    }
  }
}

}  // namespace

TimedKill::TimedKill(pid_t pid, Duration delay)
    : thread_([pid, at = std::chrono::steady_clock::now() + delay] {
        std::this_thread::sleep_until(at);
        ::kill(pid, SIGKILL);
      }) {}

// All of ptrace belongs to the thread that begins it.
CountedKill::CountedKill(std::function<pid_t()> child, uint32_t index)
    : index_(index), thread_([this, child = std::move(child)] { watch(child); }) {
  begun_.get_future().wait();
}

CountedKill::~CountedKill() {
  if (thread_.joinable()) (void)finish();
}

Result<bool> CountedKill::finish() {
  const bool hit = hit_;
  ::kill(pid_, SIGKILL);
  thread_.join();
  if (trace_errno_ != 0) return Error::from_errno("trace the daemon", trace_errno_);
  return hit;
}

void CountedKill::watch(const std::function<pid_t()>& child) {
  pid_ = child();
  const bool watched = ::ptrace(PTRACE_SEIZE, pid_, nullptr, PTRACE_O_TRACESYSGOOD) == 0 &&
                       ::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) == 0;
  if (!watched) trace_errno_ = errno;
  begun_.set_value();
  if (watched) follow();
}

void CountedKill::follow() {
  constexpr int kSystemCall = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
  for (int stop = next_stop(pid_); stop != 0; stop = next_stop(pid_)) {
    if (stop == kSystemCall && makes_lasting_call(pid_) && calls_++ == index_) {
      hit_ = true;
      ::kill(pid_, SIGKILL);
    }
    const bool is_event = (stop >> 8) != 0 || stop == kSystemCall;
    ::ptrace(PTRACE_SYSCALL, pid_, nullptr, is_event ? 0 : stop);
  }
}

}  // namespace egress::crash
