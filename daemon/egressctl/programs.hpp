// SPDX-License-Identifier: MIT
#pragma once

// Programs that commands ask.

#include <string>
#include <vector>

namespace egress::ctl {

enum class Errors { kLost, kIncluded };
// What it writes until it ends, and that it is not there where it is not.
std::string ask_program(const std::vector<std::string>& command, Errors errors);

// egressd: built or placed beside this program, or installed.
std::string daemon_program();
// What makes it tell about this machine: with these options, or else as it is installed.
std::vector<std::string> doctor_command(const std::vector<std::string>& options);

}  // namespace egress::ctl
