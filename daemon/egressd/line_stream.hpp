// SPDX-License-Identifier: MIT
#pragma once

// An answer of many lines, while they are written.

#include <microhttpd.h>

#include <string>

#include "uv/loop.hpp"

namespace egress::daemon {

// Lines on their way to one client. The writer may go on after the client has left.
class LineStream {
 public:
  void write(const std::string& line);
  void finish();

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
