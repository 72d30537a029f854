// SPDX-License-Identifier: MIT
#pragma once

// One daemon as its user has it: a state directory, a socket, a prefix, and the two programs. The
// test process already stands in namespaces of its own (main.cpp), which are "the machine" that
// several of these share.

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/support/folder.hpp"
#include "tests/support/process.hpp"

namespace egress::testing_support {

class Machine {
 public:
  // Nothing runs yet; the directory is new and goes with the object.
  explicit Machine(std::string prefix = "eg");
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Starts the daemon, behind `wrapper` if there is one and with more options, and waits until it
  // answers; what it said when it does not.
  testing::AssertionResult start(const Command& wrapper = {}, const Command& options = {});
  // Ends the daemon; its exit status as a shell says it.
  int stop(int signal = SIGTERM);

  // Runs egressd for what it does in place of serving, with this machine's state folder and prefix.
  Outcome egressd(const Command& options) const;

  // Applies the lab file `text`; what the command and the daemon said when that fails.
  testing::AssertionResult apply(const std::string& text) const;

  Outcome ctl(const Command& arguments, const std::string& input = {}) const;
  Command ctl_command(const Command& arguments) const;
  // Runs `arguments` as the app, through `egressctl exec`.
  Outcome exec(const std::string& app, const Command& command) const;
  // The standard output as JSON; null when it is none.
  nlohmann::json ctl_json(Command arguments) const;
  // Writes `text` to a file of this name in the machine's directory; its path.
  std::string file(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }
  // Waits until `status` says that kernel and lab agree.
  bool comes_in_sync() const;
  // What the daemon said on its standard error so far.
  std::string log() const;

  const std::string& prefix() const { return prefix_; }
  const std::string& socket() const { return socket_; }
  std::string state_directory() const { return folder_ / "state"; }
  pid_t pid() const { return daemon_->pid(); }

 private:
  Command egressd_command() const;

  std::string prefix_;
  Folder folder_{};
  std::string socket_;
  std::optional<Background> daemon_{};
};

// Everything the programs may leave on a machine: namespaces with their links, addresses, routes,
// rules, neighbours, firewalls, listening sockets; files under /run; processes and attachments.
// Equal texts are equal machines.
std::string inventory();
// The same for the namespace the tests stand in, which the programs must never touch.
std::string home_inventory();

// The example of the documentation.
std::string contract_lab();
// `text` with the first `from` replaced, which has to be in it.
std::string replaced(std::string text, const std::string& from, const std::string& to);

}  // namespace egress::testing_support
