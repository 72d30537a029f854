// SPDX-License-Identifier: MIT
#include "kernel/process/child_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "kernel/high_fd.hpp"

namespace egress::kernel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTermPatience{2000};
constexpr std::chrono::milliseconds kKillPatience{2000};
constexpr int kCannotExecute = 127;

struct Files {
  UniqueFd input{};   // /dev/null
  UniqueFd output{};  // the write end that the program says "ready" to
  UniqueFd errors{};  // a memory file, so that nobody needs to read it while the program lives
};

// For as long as the program lives. Who removes an abandoned file locks it first, and may have done
// so since it was opened.
bool keep_lock(int fd) {
  struct stat about {};
  return fcntl(fd, F_SETFD, 0) == 0 && take_lock(fd) && fstat(fd, &about) == 0 &&
         about.st_nlink != 0;
}

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(const Files& files, const Detached& program, char* const* command) {
  setsid();
  const pid_t grandchild = fork();
  if (grandchild != 0) _exit(grandchild < 0 ? kCannotExecute : 0);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  restore_fd_limit();
  // libnftables keeps its sockets open over exec; a namespace would stay as long as the program.
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (dup2(files.errors.get(), STDERR_FILENO) >= 0 && dup2(files.input.get(), STDIN_FILENO) >= 0 &&
      dup2(files.output.get(), STDOUT_FILENO) >= 0 && setns(program.netns_fd, CLONE_NEWNET) == 0 &&
      chdir(program.folder.c_str()) == 0 && keep_lock(program.lock_fd)) {
    execv(command[0], command);
  }
  constexpr char kMessage[] = "cannot execute the program";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  _exit(kCannotExecute);
}

Status fork_detached(const Files& files, const Detached& program) {
  std::vector<char*> raw;
  for (const std::string& word : program.command) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) return Error::from_errno("fork");
  if (child == 0) become(files, program, raw.data());
  int result = 0;
  while (waitpid(child, &result, 0) < 0) {
    if (errno != EINTR) return Error::from_errno("wait for a forked child");
  }
  if (WIFEXITED(result) && WEXITSTATUS(result) == 0) return {};
  return Error{.code = Errc::kKernel, .message = "cannot fork twice"};
}

std::chrono::milliseconds left_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  return left.count() < 0 ? std::chrono::milliseconds(0) : left;
}

// True once `fd` is readable or ended; false when the deadline came first.
Result<bool> wait_readable(int fd, Clock::time_point deadline) {
  while (true) {
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&waited, 1, static_cast<int>(left_until(deadline).count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Error::from_errno("poll");
    return ready > 0;
  }
}

enum class Said { kLine, kNothing };

Result<Said> wait_for_line(int fd, Clock::time_point deadline) {
  while (true) {
    ASSIGN_OR_RETURN(const bool readable, wait_readable(fd, deadline));
    if (!readable) return Error::from_errno("it is not ready", ETIMEDOUT);
    std::array<char, 256> buffer{};
    const ssize_t size = read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error::from_errno("listen to the program");
    if (size == 0) return Said::kNothing;
    const auto* end = buffer.data() + size;
    if (std::find(static_cast<const char*>(buffer.data()), end, '\n') != end) return Said::kLine;
  }
}

std::string content_of(int memory_file) {
  std::array<char, 4096> buffer{};
  const ssize_t size = pread(memory_file, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), size < 0 ? 0 : static_cast<size_t>(size));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// To a process that may be gone; false with errno when it is there and cannot be sent one.
bool send_signal(int process, int number) {
  return syscall(SYS_pidfd_send_signal, process, number, nullptr, 0U) == 0 || errno == ESRCH;
}

}  // namespace

bool take_lock(int fd) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(fd, F_SETLK, &lock) == 0;
}

Status start_detached(const Detached& program, std::chrono::milliseconds patience) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return Error::from_errno("make a pipe");
  const UniqueFd reader(pipe_ends[0]);
  Files files{.input = UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)),
              .output = UniqueFd(pipe_ends[1]),
              .errors = UniqueFd(memfd_create("stderr", MFD_CLOEXEC))};
  if (!files.input.valid() || !files.errors.valid()) return Error::from_errno("open files");
  RETURN_IF_ERROR(fork_detached(files, program));
  files.output.reset();
  auto said = wait_for_line(reader.get(), Clock::now() + patience);
  if (said.ok() && *said == Said::kLine) return {};
  Error error = said.ok() ? Error{.code = Errc::kKernel, .message = "it ended at once"}
                          : std::move(said).error();
  error.kernel_text = content_of(files.errors.get());
  return error;
}

Result<UniqueFd> open_process(pid_t pid) {
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)));
  if (!process.valid()) return Error::from_errno("open process " + std::to_string(pid));
  return process;
}

bool has_ended(pid_t pid, std::chrono::milliseconds patience) {
  const auto process = open_process(pid);
  if (!process.ok()) return process.error().sys_errno == ESRCH;
  const auto ended = wait_readable(process->get(), Clock::now() + patience);
  return ended.ok() && *ended;
}

Status signal_process(pid_t pid, int number, const std::function<bool()>& still_it) {
  const auto process = open_process(pid);
  if (!process.ok()) return process.error().sys_errno == ESRCH ? Status() : process.error();
  if (!still_it() || send_signal(process->get(), number)) return {};
  return Error::from_errno("signal process " + std::to_string(pid));
}

Status end_process(pid_t pid, const std::function<bool()>& still_it) {
  const auto process = open_process(pid);
  if (!process.ok()) return process.error().sys_errno == ESRCH ? Status() : process.error();
  if (!still_it()) return {};
  for (const auto& [number, patience] :
       {std::pair{SIGTERM, kTermPatience}, std::pair{SIGKILL, kKillPatience}}) {
    if (!send_signal(process->get(), number)) {
      return Error::from_errno("end process " + std::to_string(pid));
    }
    ASSIGN_OR_RETURN(const bool ended, wait_readable(process->get(), Clock::now() + patience));
    if (ended) return {};
  }
  return Error{.code = Errc::kBusy, .message = "process " + std::to_string(pid) + " does not end"};
}

}  // namespace egress::kernel
