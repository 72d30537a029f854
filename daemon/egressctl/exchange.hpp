// SPDX-License-Identifier: MIT
#pragma once

// One HTTP/1.1 exchange over a unix socket.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace egress::ctl {

// Asked several times a second; true ends it.
using IsOver = std::function<bool()>;

struct Request {
  std::string socket{};
  std::string target{};                  // path and query
  const std::string* body = nullptr;     // JSON, which makes it a POST
  std::chrono::milliseconds at_most{0};  // zero: for as long as it takes
  IsOver is_over = [] { return false; };
  std::function<void()> on_silence{};  // once, when nothing is heard for kSilence
};
inline constexpr std::chrono::seconds kSilence{2};

struct Exchange {
  enum class End {
    kComplete,
    kOver,          // as `is_over` wanted
    kTimedOut,      // after so long
    kOtherApi,      // who answers is no egressd of this client's API; what it says is not read
    kNotConnected,  // nobody listens at the socket, or not for us
    kBroken,        // the connection ended before the answer did, or it is no HTTP
  };
  End end = End::kComplete;
  int status = 0;     // 0: none came
  int os_errno = 0;   // of kNotConnected
  std::string why{};  // unless it is complete
};

// Part of a body, as it comes.
using OnBody = std::function<void(int status, std::string_view part)>;

Exchange exchange(const Request& request, const OnBody& on_body);

}  // namespace egress::ctl
