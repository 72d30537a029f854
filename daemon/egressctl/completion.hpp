// SPDX-License-Identifier: MIT
#pragma once

// What may stand where the cursor is. Read off the command line's own definition, so that it cannot
// lag behind, and off the lab in force where its names are meant.

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::ctl {

// Of `words`, which stand behind the program's name, the last is the one to be completed, as far as
// it is there. Empty where a file's name or free text belongs. `in_force` is asked once at most,
// and only where names of a lab are meant.
using AskForLab = std::function<std::optional<lab::Lab>()>;
std::vector<std::string> completions(const CLI::App& app, const std::vector<std::string>& words,
                                     const AskForLab& in_force);

// A script for the shell that asks `egressctl complete` at each turn; nothing for an unknown shell.
std::optional<std::string> completion_script(const std::string& shell);
std::vector<std::string> shells();

}  // namespace egress::ctl
