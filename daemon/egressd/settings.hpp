// SPDX-License-Identifier: MIT
#pragma once

// What the daemon is told at its start: command line before environment before configuration file
// before defaults.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "compile/size.hpp"
#include "lab/load.hpp"

namespace egress::daemon {

// Values of `fast_path`.
inline constexpr const char* kOn = "on";
inline constexpr const char* kOff = "off";

struct Settings {
  std::string config{};  // the configuration file, empty when there is none
  std::string state_dir = "/var/lib/egressd";
  std::string run_dir = "/run/egressd";
  std::string socket = "/run/egressd/egressd.sock";
  std::string prefix = "eg";
  std::string log_level = "info";
  std::string fast_path = kOn;
  std::string lab{};  // applied at the start and on SIGHUP; empty: what was applied last
  compile::SizeLimits limits{};
  std::set<std::string, std::less<>> on_command_line{};  // keys that the file does not decide
};

// Settings with what a configuration file says. Its keys are named as the options are; `lab`, here
// without a default, and `limits` stand in the file only.
struct Configuration {
  Settings settings{};
  std::vector<lab::Finding> findings{};
};
Configuration parse_configuration(const std::string& text, const std::string& file,
                                  Settings settings = {});

struct CommandLine {
  Settings settings{};
  bool check = false;
  bool doctor = false;
  bool cleanup = false;
  bool forget_state = false;
  std::vector<lab::Finding> findings{};  // of the configuration file
};
// Reads the configuration file too. Ends the process for --help, --version and wrong usage, as
// programs do. kNotFound and the like when the file cannot be read, kInvalid for values.
Result<CommandLine> read_command_line(int argc, const char* const* argv);

// Of the file that `settings` names; `lab` is relative to the file's own folder. Read again, only
// `lab` and `log_level` may change while the daemon runs.
Result<Configuration> read_configuration(Settings settings);

// Whether values are usable: the prefix, which becomes part of file names, and those that are one
// of a few words.
Status check_settings(const Settings& settings);

}  // namespace egress::daemon
