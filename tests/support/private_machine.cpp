// SPDX-License-Identifier: MIT
#include "tests/support/private_machine.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace egress::testing_support {
namespace {

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "private namespaces are needed: %s: %s\n", what, std::strerror(errno));
  std::_Exit(1);
}

void require(int outcome, const char* what) {
  if (outcome < 0) give_up(what);
}

void write_text(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) give_up(path);
}

void become_root() {
  const std::string uid = std::to_string(::geteuid());
  const std::string gid = std::to_string(::getegid());
  require(::unshare(CLONE_NEWUSER), "unshare user namespace");
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", "0 " + uid + " 1");
  write_text("/proc/self/gid_map", "0 " + gid + " 1");
}

int exit_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The first process of the new machine: ends what outlives the work, and itself with its starter.
[[noreturn]] void be_init(const std::function<int()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  require(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
          "mount /proc");
  require(::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "mount /run");
  require(::mkdir("/run/netns", 0755), "make /run/netns");
  const pid_t worker = ::fork();
  require(worker, "fork");
  if (worker == 0) {
    const int outcome = work();
    std::fflush(nullptr);
    std::_Exit(outcome);
  }
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::wait(&status)) != worker) {
    if (ended < 0 && errno == ECHILD) std::_Exit(1);
  }
  std::_Exit(exit_status(status));
}

}  // namespace

int in_private_machine(const std::function<int()>& work) {
  if (::geteuid() != 0) become_root();
  require(::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID), "unshare");
  require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  std::fflush(nullptr);
  const pid_t init = ::fork();
  require(init, "fork");
  if (init == 0) be_init(work);
  int status = 0;
  while (::waitpid(init, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_status(status);
}

}  // namespace egress::testing_support
