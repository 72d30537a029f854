// SPDX-License-Identifier: MIT
// egressctl: what users type. Each command asks the daemon, or works on a lab file alone, and
// prints the answer.

#include <cstdio>

#include "egressctl/command_line.hpp"

int main(int argc, char** argv) {
  egress::ctl::CommandLine command_line;
  const int exit = command_line.run(argc, argv);
  // A result that did not reach its reader is no result.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::perror("egressctl: standard output");
    return exit == egress::ctl::kDone ? static_cast<int>(egress::ctl::kTrouble) : exit;
  }
  return exit;
}
