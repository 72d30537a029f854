// SPDX-License-Identifier: MIT
#pragma once

// The file by which a running responder is found: locked (fcntl) as long as the process lives,
// so that a crash frees it, with the spec as its content.

#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::host {

class LockFile {
 public:
  // Creates `path` with mode 0600 if need be and takes the write lock. kBusy when another process
  // holds it; its content is then untouched.
  static Result<LockFile> acquire(const std::string& path);

  // Replaces the content.
  Status write(const std::string& content) const;
  // Removes the file; the lock itself ends with the object.
  void remove() const;

 private:
  LockFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;
};

}  // namespace egress::host
