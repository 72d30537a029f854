// SPDX-License-Identifier: MIT
#pragma once

// The control socket's file, and the lock files that keep two daemons from one lab.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::daemon {

// A file that exists, locked, as long as this object does. Its content tells who holds it.
class FileLock {
 public:
  // kBusy naming the holder when another process has it. `about` is what others then read of this
  // one besides its process id. Waits for what a holder that has died left behind on its way to
  // another program.
  static Result<FileLock> acquire(const std::string& path, const std::string& about = {});
  // Who holds the lock of `path`, for people; nothing when nobody who lives does. Whoever asks
  // keeps others from acquiring it meanwhile.
  static std::optional<std::string> holder(const std::string& path);
  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

// A listening unix socket of mode 0660; its file goes with this object.
class SocketFile {
 public:
  // Replaces a socket that nobody who lives listens on; kBusy when somebody does, kExists for
  // another kind of file.
  static Result<SocketFile> listen(const std::string& path);
  SocketFile(SocketFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile();

  UniqueFd take_fd() { return std::move(fd_); }

 private:
  SocketFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

}  // namespace egress::daemon
