// SPDX-License-Identifier: MIT
#pragma once

// The daemon that is killed: started as its user starts it, and spoken to over its socket.

#include <optional>
#include <string>

#include "egressctl/client.hpp"
#include "tests/support/process.hpp"

namespace egress::crash {

class DaemonProcess {
 public:
  // `directory` is there; the state directory and the socket lie in it.
  explicit DaemonProcess(const std::string& directory);

  // Returns at once.
  void spawn();
  // Waits until it answers; an error with what it said when it ends instead.
  Status comes_up();
  // Sends the signal and waits for the end; the status as a shell says it.
  int end(int signal);

  bool running() const { return process_->running(); }
  pid_t pid() const { return process_->pid(); }
  const ctl::Client& client() const { return client_; }
  const std::string& state_directory() const { return state_; }
  // What the daemon said on its standard error since it was started.
  std::string log() const { return testing_support::read_file(process_->errors_file()); }

 private:
  std::string state_;
  std::string socket_;
  ctl::Client client_;
  std::optional<testing_support::Background> process_{};
};

}  // namespace egress::crash
