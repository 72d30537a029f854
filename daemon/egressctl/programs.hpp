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

}  // namespace egress::ctl
