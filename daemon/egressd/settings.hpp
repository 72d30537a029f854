// SPDX-License-Identifier: MIT
#pragma once

// What the daemon is told at its start: command line before environment before configuration file
// before defaults.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "compile/size.hpp"
#include "lab/load.hpp"

namespace egress::daemon {

struct Settings {
  std::string config{};  // the configuration file, empty when there is none
  std::string state_dir = "/var/lib/egressd";
  std::string run_dir = "/run/egressd";
  std::string socket = "/run/egressd/egressd.sock";
  std::string prefix = "eg";
  std::string log_level = "info";
  std::string lab{};  // applied at the start and on SIGHUP; empty: what was applied last
  compile::SizeLimits limits{};
};

// Keys of the configuration file, each a setting of the same name as its option.
struct Configuration {
  std::optional<std::string> state_dir{};
  std::optional<std::string> run_dir{};
  std::optional<std::string> socket{};
  std::optional<std::string> prefix{};
  std::optional<std::string> log_level{};
  std::optional<std::string> lab{};  // relative to the file's own folder
  compile::SizeLimits limits{};      // in the configuration file only
  std::vector<lab::Finding> findings{};
};
Configuration parse_configuration(const std::string& text, const std::string& file);

struct CommandLine {
  Settings settings{};
  bool check = false;
  std::vector<lab::Finding> findings{};  // of the configuration file
};
// Reads the configuration file too. Ends the process for --help, --version and wrong usage, as
// programs do. kNotFound and the like when the file cannot be read, kInvalid for values.
Result<CommandLine> read_command_line(int argc, const char* const* argv);

// Reads the file again: only `lab` and `log_level` may change while the daemon runs.
Result<Configuration> read_configuration(const std::string& file);

// Whether values are usable: the prefix, which becomes part of file names, and the log level.
Status check_settings(const Settings& settings);

}  // namespace egress::daemon
