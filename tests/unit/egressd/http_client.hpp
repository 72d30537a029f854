// SPDX-License-Identifier: MIT
#pragma once

// A blocking HTTP client over a unix socket.

#include <functional>
#include <string>

namespace egress::daemon {

struct Reply {
  long status = 0;  // 0: no answer
  std::string body{};
  std::string headers{};
};

struct Call {
  std::string method = "GET";
  std::string path{};
  std::string body{};
  std::string header{};         // one more, "name: value"
  bool announce_length = true;  // otherwise the body is sent in chunks
  // Called when an answer has begun, before there is anything of its body.
  std::function<void()> on_answer{};
  // Sees the body so far whenever more has come; false hangs up.
  std::function<bool(const std::string&)> on_data{};
  // Asked at least once a second; true hangs up, too.
  std::function<bool()> is_over{};
};

Reply send(const std::string& socket, const Call& call);

}  // namespace egress::daemon
