// SPDX-License-Identifier: MIT
#include "egressd/socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>

#include "base/folder.hpp"
#include "kernel/process/child_process.hpp"

namespace egress::daemon {

namespace {

constexpr int kLockAttempts = 500;
constexpr std::chrono::milliseconds kBetweenAttempts{10};
constexpr std::string_view kProcess = "process ";

std::string content_of(int fd) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  std::string content(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  while (!content.empty() && content.back() == '\n') content.pop_back();
  return content;
}

// What a daemon had forked when it was killed keeps its locks and its socket until it executes its
// program, a moment later.
bool is_of_the_dead(const std::string& content) {
  pid_t pid = 0;
  const char* const end = content.data() + content.size();
  return content.starts_with(kProcess) &&
         std::from_chars(content.data() + kProcess.size(), end, pid).ec == std::errc() &&
         kernel::has_ended(pid);
}

bool is_of_the_dead(int connected) {
  ucred listener{};
  socklen_t size = sizeof(listener);
  return ::getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0 &&
         listener.pid > 0 && kernel::has_ended(listener.pid);
}

// What holds a lock that `fd` does not get; nothing when `fd` has got it.
Result<std::optional<std::string>> other_holder(int fd, const std::string& path) {
  for (int attempt = 0;; ++attempt) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return std::optional<std::string>();
    if (errno != EWOULDBLOCK) return Error::from_errno("lock " + path);
    std::string content = content_of(fd);
    if (!is_of_the_dead(content) || attempt == kLockAttempts) return std::optional(content);
    std::this_thread::sleep_for(kBetweenAttempts);
  }
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("socket path {} is longer than {} bytes", path,
                                        sizeof(address.sun_path) - 1)};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

Status remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? Status() : Error::from_errno("look for " + path);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return Error{.code = Errc::kExists, .message = path + " exists and is no socket"};
  }
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return Error::from_errno("make a socket");
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != ECONNREFUSED) return Error::from_errno("connect to " + path);
  } else if (!is_of_the_dead(probe.get())) {
    return Error{.code = Errc::kBusy, .message = "another daemon answers on " + path};
  }
  if (::unlink(path.c_str()) != 0) return Error::from_errno("remove " + path);
  return {};
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path, const std::string& about) {
  for (;;) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd.valid()) return Error::from_errno("open " + path);
    ASSIGN_OR_RETURN(const auto other, other_holder(fd.get(), path));
    if (other) {
      return Error{.code = Errc::kBusy,
                   .message = fmt::format("another egressd ({}) holds {}", *other, path)};
    }
    // An earlier holder may have removed the file between our open and our lock.
    if (!same_file(fd.get(), path)) continue;
    const std::string holder =
        fmt::format("{}{}{}{}\n", kProcess, ::getpid(), about.empty() ? "" : ", ", about);
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), holder.data(), holder.size(), 0) < 0) {
      return Error::from_errno("write " + path);
    }
    return FileLock(path, std::move(fd));
  }
}

std::optional<std::string> FileLock::holder(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid() || ::flock(fd.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
    return std::nullopt;
  }
  std::string content = content_of(fd.get());
  if (is_of_the_dead(content)) return std::nullopt;
  return content;
}

FileLock::~FileLock() {
  if (fd_.valid()) ::unlink(path_.c_str());
}

Result<SocketFile> SocketFile::listen(const std::string& path) {
  ASSIGN_OR_RETURN(const sockaddr_un address, address_of(path));
  RETURN_IF_ERROR(remove_stale(path, address));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Error::from_errno("make a socket");
  // Under this mask from the start: a later chmod would leave a moment open to everybody.
  const mode_t usual = ::umask(0117);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int bind_errno = errno;
  ::umask(usual);
  if (bound != 0) return Error::from_errno("bind " + path, bind_errno);
  SocketFile socket(path, std::move(fd));
  if (::listen(socket.fd_.get(), SOMAXCONN) != 0) return Error::from_errno("listen on " + path);
  return socket;
}

SocketFile::~SocketFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace egress::daemon
