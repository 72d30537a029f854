// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace egress::attached {

// The body of main() of a program that takes no arguments: runs `run`, in a thread of its own, and
// says what went wrong. Returns the exit status; throws nothing that memory or a command line can
// cause.
int run_program(int argc, const char* const* argv, const std::string& name,
                const std::string& description, const std::function<Status()>& run);

}  // namespace egress::attached
