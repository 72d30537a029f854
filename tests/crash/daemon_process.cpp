// SPDX-License-Identifier: MIT
#include "tests/crash/daemon_process.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/unique_fd.hpp"

namespace egress::crash {

DaemonProcess::DaemonProcess(const std::string& directory)
    : state_(directory + "/state"), socket_(directory + "/egressd.sock"), client_(socket_) {}

void DaemonProcess::spawn() {
  process_.emplace(e2e::Command{EGRESSD_PROGRAM, "--state-dir", state_, "--socket", socket_}, "");
}

Status DaemonProcess::comes_up() {
  const bool up = e2e::eventually([this] { return answers() || !process_->running(); });
  if (up && process_->running()) return {};
  return Error{.code = Errc::kKernel, .message = "egressd does not come up: " + log()};
}

int DaemonProcess::end(int signal) {
  return process_->end(signal);
}

bool DaemonProcess::answers() const {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(static_cast<char*>(address.sun_path), socket_.c_str(), sizeof address.sun_path - 1);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace egress::crash
