// SPDX-License-Identifier: MIT
#pragma once

// The Program that one of ours is, reached by the sockets in its folder.

#include <string>
#include <utility>

#include "kernel/kernel.hpp"

namespace egress::kernel {

class RunningProgram final : public Program {
 public:
  explicit RunningProgram(UniqueFd folder) : folder_(std::move(folder)) {}

  Result<std::string> ask(const std::string& question, std::chrono::milliseconds patience) override;
  Result<UniqueFd> records(const std::string& filter) override;

 private:
  const UniqueFd folder_;
};

}  // namespace egress::kernel
