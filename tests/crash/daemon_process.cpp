// SPDX-License-Identifier: MIT
#include "tests/crash/daemon_process.hpp"

#include "tests/support/unix_socket.hpp"

namespace egress::crash {

DaemonProcess::DaemonProcess(const std::string& directory)
    : state_(directory + "/state"), socket_(directory + "/egressd.sock"), client_(socket_) {}

void DaemonProcess::spawn() {
  process_.emplace(
      testing_support::Command{EGRESSD_PROGRAM, "--state-dir", state_, "--socket", socket_}, "");
}

Status DaemonProcess::comes_up() {
  const bool up = testing_support::eventually(
      [this] { return testing_support::answers(socket_) || !process_->running(); });
  if (up && process_->running()) return {};
  return Error{.code = Errc::kKernel, .message = "egressd does not come up: " + log()};
}

int DaemonProcess::end(int signal) {
  return process_->end(signal);
}

}  // namespace egress::crash
