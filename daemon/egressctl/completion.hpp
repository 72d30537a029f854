// SPDX-License-Identifier: MIT
#pragma once

// Shell completion written from the command line's own definition, so that it cannot lag behind.

#include <CLI/CLI.hpp>
#include <string>

namespace egress::ctl {

std::string bash_completion(const CLI::App& app);

}  // namespace egress::ctl
