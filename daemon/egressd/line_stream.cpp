// SPDX-License-Identifier: MIT
#include "egressd/line_stream.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace egress::daemon {

int socket_of(MHD_Connection* connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

void LineStream::write(const std::string& line) {
  if (disconnected_) return;
  pending_ += line;
  pending_ += '\n';
  wake();
}

void LineStream::finish() {
  finished_ = true;
  wake();
}

ssize_t LineStream::read(MHD_Connection* connection, char* buffer, size_t size) {
  if (!pending_.empty()) {
    const size_t taken = std::min(size, pending_.size());
    std::memcpy(buffer, pending_.data(), taken);
    pending_.erase(0, taken);
    return static_cast<ssize_t>(taken);
  }
  if (finished_) return MHD_CONTENT_READER_END_OF_STREAM;
  suspended_ = connection;
  MHD_suspend_connection(connection);
  return 0;
}

void LineStream::disconnect() {
  disconnected_ = true;
  suspended_ = nullptr;
  pending_.clear();
}

bool LineStream::abandoned() const {
  if (disconnected_ || suspended_ == nullptr) return disconnected_;
  pollfd asked{.fd = socket_of(suspended_), .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLHUP | POLLERR)) != 0;
}

void LineStream::wake() {
  if (suspended_ == nullptr) return;
  MHD_resume_connection(std::exchange(suspended_, nullptr));
  on_wake_();
}

}  // namespace egress::daemon
