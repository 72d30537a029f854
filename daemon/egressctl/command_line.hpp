// SPDX-License-Identifier: MIT
#pragma once

// The whole command line: global options, commands, and the words of its help.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "egressctl/commands/commands.hpp"

namespace egress::ctl {

class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // The exit status: of the command, or of help, version and wrong usage.
  int run(int argc, const char* const* argv);

  const CLI::App& app() const { return app_; }

 private:
  int refuse(const CLI::ParseError& error, const std::vector<std::string>& arguments) const;
  Context context() const;
  // Or nothing, when the command's answer has the form that is asked for.
  std::string why_not_in_this_form() const;

  CLI::App app_;
  std::string socket_ = "/run/egressd/egressd.sock";
  std::string output_ = "table";
  std::string timeout_{};
  bool wait_ = false;
  bool verbose_ = false;
  bool no_progress_ = false;
  std::vector<std::string> program_{};
  Action chosen_{};
};

}  // namespace egress::ctl
