// SPDX-License-Identifier: MIT
#pragma once

// Hears when processes end that are not our children.

#include <sys/types.h>

#include <map>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/process/processes.hpp"

namespace egress::kernel {

class ProcessWatch {
 public:
  // `feed` as for NetnsWatch.
  explicit ProcessWatch(int feed) : feed_(feed) {}

  // Of these and of no others. Those that have ended since they were found go from `running`.
  Status follow(std::vector<RunningProcess>& running);
  // Whether one of them has ended since.
  bool lost_one() const;

 private:
  // Nothing when it has ended.
  Result<UniqueFd> follow(pid_t pid);

  int feed_;
  std::map<pid_t, UniqueFd> followed_{};
};

}  // namespace egress::kernel
