// SPDX-License-Identifier: MIT
#pragma once

// An answer of many lines, while they are written.

#include <microhttpd.h>

#include <cstddef>
#include <string>

#include "uv/loop.hpp"

namespace egress::daemon {

int socket_of(MHD_Connection* connection);

// Lines on their way to one client. The writer may go on after the client has left.
class LineStream {
 public:
  void write(const std::string& line);
  void finish();
  // Bytes that the client has not taken yet.
  size_t pending() const { return pending_.size(); }
  // Nobody reads it any more. The server learns so only when there is something to send; this also
  // looks at the socket of a client that waits.
  bool abandoned() const;

  // For the server: what to do when there is something to read again, MHD's content reader, and the
  // end of the connection.
  void on_wake(uv::Callback callback) { on_wake_ = std::move(callback); }
  ssize_t read(MHD_Connection* connection, char* buffer, size_t size);
  void disconnect();

 private:
  void wake();

  uv::Callback on_wake_{};
  std::string pending_{};
  MHD_Connection* suspended_ = nullptr;
  bool finished_ = false;
  bool disconnected_ = false;
};

}  // namespace egress::daemon
