// SPDX-License-Identifier: MIT
// The main of every test binary that touches the kernel: moves into network, mount and process
// namespaces of its own before any test runs, so that nothing reaches the machine's, and whatever
// a test leaves behind ends with it. Without the right to do so the run fails: packet tests that
// are skipped prove nothing.

#include <gtest/gtest.h>
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

namespace {

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "these tests need namespaces of their own: %s: %s\n", what,
               std::strerror(errno));
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

// The first process of the new machine: ends what outlives the tests, and them with their starter.
[[noreturn]] void be_init() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  require(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
          "mount /proc");
  require(::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "mount /run");
  require(::mkdir("/run/netns", 0755), "make /run/netns");
  const pid_t tests = ::fork();
  require(tests, "fork");
  if (tests == 0) std::_Exit(RUN_ALL_TESTS());
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::wait(&status)) != tests) {
    if (ended < 0 && errno == ECHILD) std::_Exit(1);
  }
  std::_Exit(exit_status(status));
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  if (::geteuid() != 0) become_root();
  require(::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID), "unshare");
  require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  std::fflush(nullptr);
  const pid_t init = ::fork();
  require(init, "fork");
  if (init == 0) be_init();
  int status = 0;
  while (::waitpid(init, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_status(status);
}
