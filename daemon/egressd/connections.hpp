// SPDX-License-Identifier: MIT
#pragma once

// The clients of the HTTP server: accepted here and not by libmicrohttpd, so that their descriptors
// stand above those that libnftables needs (kernel/high_fd.hpp), and so that nobody can keep others
// out by connecting and saying nothing. A client is either waited for, until its request is
// complete, or being answered. Who is waited for too long is cut off, and so is who has been waited
// for longest once there are as many as there may be.

#include <chrono>
#include <functional>
#include <map>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "uv/loop.hpp"

namespace egress::daemon {

struct ConnectionLimits {
  size_t most = 0;
  std::chrono::milliseconds patience{};  // from the connection, or the last answer, to a request
};

class Connections {
 public:
  // `admit` takes over a socket that somebody has connected to; opened() follows if it keeps it.
  using Admit = std::function<void(UniqueFd socket)>;
  Connections(uv::Loop& loop, const Clock& clock, UniqueFd listener, ConnectionLimits limits,
              Admit admit);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void opened(int socket);
  void closed(int socket);  // called while the socket is still open
  void being_answered(int socket);
  void waited_for(int socket);

 private:
  enum class State { kWaitedFor, kBeingAnswered, kCutOff };
  struct Client {
    State state = State::kWaitedFor;
    std::chrono::steady_clock::time_point since{};
  };

  void accept_all();
  // False when nobody is left in the queue, or the process has no descriptor to take one with.
  bool accept_one();
  void sweep();
  void cut_off_longest_waiting();
  void schedule_sweep();

  const Clock clock_;
  const UniqueFd listener_;
  const ConnectionLimits limits_;
  const Admit admit_;
  std::map<int, Client> clients_{};  // by socket
  uv::Poll poll_;
  uv::Timer timer_;
  bool sweep_due_ = false;
};

}  // namespace egress::daemon
