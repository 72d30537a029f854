// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "egressctl/command_line.hpp"

namespace egress::ctl {

struct Outcome {
  int exit = -1;
  std::string out{};
  std::string err{};
};

// What a command prints and how it ends.
inline Outcome run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "egressctl");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CommandLine line;
  const int exit = line.run(static_cast<int>(arguments.size()), arguments.data());
  return {exit, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

}  // namespace egress::ctl
