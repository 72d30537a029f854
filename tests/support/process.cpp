// SPDX-License-Identifier: MIT
#include "tests/support/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

extern char** environ;

namespace egress::testing_support {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) std::abort();
  }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read() const { return ends[0]; }
  int write() const { return ends[1]; }
  void close_read() { ::close(std::exchange(ends[0], -1)); }
  void close_write() { ::close(std::exchange(ends[1], -1)); }
  std::array<int, 2> ends{};
};

std::vector<char*> pointers(const Command& strings) {
  std::vector<char*> result;
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  result.push_back(nullptr);
  return result;
}

Command whole_environment(const Command& extra) {
  Command result = extra;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string inherited = *entry;
    const std::string name = inherited.substr(0, inherited.find('=') + 1);
    bool replaced = false;
    for (const std::string& own : extra) replaced = replaced || own.rfind(name, 0) == 0;
    if (!replaced) result.push_back(inherited);
  }
  return result;
}

pid_t spawn(const Command& command, int in, int out, int err, const Command& extra_environment) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  const Command environment = whole_environment(extra_environment);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, command.front().c_str(), &actions, nullptr,
                                    pointers(command).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : -1;
}

int shell_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int milliseconds_left(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

// Moves what the pipe has into `text`; false at its end.
bool take(int fd, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  if (size <= 0) return false;
  text.append(buffer.data(), static_cast<size_t>(size));
  return true;
}

void feed(Pipe& in, std::string& input) {
  const ssize_t size = ::write(in.write(), input.data(), input.size());
  if (size > 0) input.erase(0, static_cast<size_t>(size));
  if (size < 0 || input.empty()) in.close_write();
}

// The child's end, which is ours when it does not come by itself; as a shell says it.
int wait_or_kill(pid_t pid) {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid, &status, WNOHANG) != 0; })) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
  }
  return shell_status(status);
}

}  // namespace

Outcome run(const Command& command, const std::string& input, const Command& environment) {
  Outcome outcome;
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t pid = spawn(command, in.read(), out.write(), err.write(), environment);
  if (pid < 0) {
    outcome.err = "cannot start " + command.front();
    return outcome;
  }
  in.close_read();
  out.close_write();
  err.close_write();
  std::string unsent = input;
  if (unsent.empty()) in.close_write();
  const Clock::time_point deadline = Clock::now() + kHang;
  std::array<pollfd, 3> polled = {
      pollfd{out.read(), POLLIN, 0}, {err.read(), POLLIN, 0}, {in.write(), POLLOUT, 0}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    polled[2].fd = in.write();
    if (::poll(polled.data(), polled.size(), milliseconds_left(deadline)) == 0) {
      ::kill(pid, SIGKILL);
      outcome.err += "\n(ended by the test: it hung)";
      break;
    }
    if (polled[0].revents != 0 && !take(out.read(), outcome.out)) polled[0].fd = -1;
    if (polled[1].revents != 0 && !take(err.read(), outcome.err)) polled[1].fd = -1;
    if (polled[2].revents != 0) feed(in, unsent);
  }
  outcome.status = wait_or_kill(pid);
  return outcome;
}

Outcome run_script(const std::string& script) {
  return run({"bash", "-ec", script});
}

void by_hand(const std::string& script) {
  const Outcome outcome = run_script(script);
  EXPECT_EQ(outcome.status, 0) << script << "\n" << outcome.err;
}

Background::Background(const Command& command, const std::string& ready_line,
                       const Command& environment) {
  std::array<char, 32> name = {"/tmp/background-XXXXXX"};
  const int errors = ::mkostemp(name.data(), O_CLOEXEC);
  errors_file_ = name.data();
  Pipe in;
  Pipe out;
  pid_ = spawn(command, in.read(), out.write(), errors, environment);
  ::close(errors);
  in_ = std::exchange(in.ends[1], -1);
  out_ = std::exchange(out.ends[0], -1);
  out.close_write();
  ready_ = pid_ > 0 && (ready_line.empty() || says(ready_line));
}

Background::Background(Background&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      in_(std::exchange(other.in_, -1)),
      out_(std::exchange(other.out_, -1)),
      said_(std::move(other.said_)),
      ready_(other.ready_),
      errors_file_(std::exchange(other.errors_file_, {})) {}

Background::~Background() {
  if (pid_ > 0) end(SIGKILL);
  if (in_ >= 0) ::close(in_);
  if (out_ >= 0) ::close(out_);
  if (!errors_file_.empty()) ::unlink(errors_file_.c_str());
}

void Background::say(const std::string& text) const {
  if (::write(in_, text.data(), text.size()) < 0) std::perror("say to a program");
}

bool Background::says(const std::string& line) {
  const Clock::time_point deadline = Clock::now() + kHang;
  while (true) {
    const size_t at = ("\n" + said_).find("\n" + line + "\n");
    if (at != std::string::npos) {
      said_.erase(0, at + line.size() + 1);
      return true;
    }
    pollfd polled{out_, POLLIN, 0};
    if (::poll(&polled, 1, milliseconds_left(deadline)) <= 0 || !take(out_, said_)) return false;
  }
}

bool Background::running() const {
  if (pid_ <= 0) return false;
  siginfo_t ended{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

int Background::end(int signal) {
  if (pid_ <= 0) return -1;
  ::kill(pid_, signal);
  return wait();
}

int Background::wait() {
  const int status = wait_or_kill(pid_);
  pid_ = -1;
  return status;
}

std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  DIR* const proc = ::opendir("/proc");
  if (proc == nullptr) return found;
  while (const dirent* entry = ::readdir(proc)) {
    const pid_t pid = static_cast<pid_t>(std::atoi(static_cast<const char*>(entry->d_name)));
    if (pid <= 0 || pid == ::getpid()) continue;
    // A zombie has no command line.
    if (read_file("/proc/" + std::to_string(pid) + "/cmdline").find(text) != std::string::npos) {
      found.push_back(pid);
    }
  }
  ::closedir(proc);
  return found;
}

}  // namespace egress::testing_support
