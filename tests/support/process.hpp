// SPDX-License-Identifier: MIT
#pragma once

// Programs as a user starts them: arguments in, exit status and both outputs back. A program that
// does not end by itself is ended after a deadline that only a hang reaches.

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"

namespace egress::testing_support {

struct Outcome {
  int status = -1;  // exit status, or 128 + signal as a shell says it
  std::string out{};
  std::string err{};
};

using Command = std::vector<std::string>;

// Extra environment comes as "NAME=value" and wins over the inherited one.
Outcome run(const Command& command, const std::string& input = {}, const Command& environment = {});
// A shell script with `set -e`; for topologies that tests build by hand.
Outcome run_script(const std::string& script);
// Succeeds silently or fails the test with what the script said.
void by_hand(const std::string& script);

// A program that keeps running until it is ended; SIGKILLed with the object.
class Background {
 public:
  // Waits until `ready_line` has appeared on its standard output; with an empty one only starts.
  Background(const Command& command, const std::string& ready_line,
             const Command& environment = {});
  ~Background();
  Background(Background&& other) noexcept;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  pid_t pid() const { return pid_; }
  bool ready() const { return ready_; }
  // Has not ended so far.
  bool running() const;
  // Where its standard error goes.
  const std::string& errors_file() const { return errors_file_; }
  // To its standard input.
  void say(const std::string& text) const;
  // Waits until `line` is among the lines it has said and not yet been asked for.
  bool says(const std::string& line);
  // Sends `signal` and waits for the end; the status as in Outcome.
  int end(int signal);
  // Waits for the program to end by itself.
  int wait();

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string said_{};
  bool ready_ = false;
  std::string errors_file_{};
};

// The processes of this (private) machine whose command line holds `text`, zombies aside.
std::vector<pid_t> processes_with(const std::string& text);

}  // namespace egress::testing_support
