// SPDX-License-Identifier: MIT
#pragma once

// The control socket's file, and the lock files that keep two daemons from one lab.

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::daemon {

// Makes `path` and its missing parents; an existing folder is left as it is.
Status make_folder(const std::string& path, unsigned mode);

// A file that exists, locked, as long as this object does. Its content is the holder's process id.
class FileLock {
 public:
  // kBusy naming the holder when another process has it.
  static Result<FileLock> acquire(const std::string& path);
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
  // Replaces a socket that nobody answers on; kBusy when somebody does, kExists for another kind
  // of file.
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
