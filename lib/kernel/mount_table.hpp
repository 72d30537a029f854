// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::kernel {

// The mounts of our mount namespace. A name under /run/netns cannot come to stand for another
// namespace without one being made or taken away.
class MountTable {
 public:
  static Result<MountTable> open();
  // Whether there was any change since the last call (proc(5), /proc/PID/mounts).
  bool changed() const;

 private:
  explicit MountTable(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace egress::kernel
