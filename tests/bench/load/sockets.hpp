// SPDX-License-Identifier: MIT
#pragma once

// Sockets of a cell: opened in a namespace that the calling thread visits for that moment, with
// timeouts that turn a path that swallows packets into an error.

#include <netinet/in.h>

#include <ctime>
#include <functional>
#include <optional>
#include <thread>

#include "base/unique_fd.hpp"
#include "kernel/netns.hpp"
#include "tests/bench/load/load.hpp"

namespace egress::load {

using Clock = std::chrono::steady_clock;

enum class Blocking { kYes, kNo };

// Keeps the calling thread in the namespace.
Result<kernel::NetnsScope> enter(const std::string& netns);
// The calling thread stays on this processor.
Status pin(int cpu);

// The length of a cell: until its threads have had their share of the processor, however many
// others want it too.
class Stopwatch {
 public:
  // `clock` is CLOCK_PROCESS_CPUTIME_ID, or CLOCK_THREAD_CPUTIME_ID for the calling thread alone.
  Stopwatch(const Cell& cell, clockid_t clock);
  // Cheap enough to be asked each time round.
  bool running();
  void stop(Measured& measured) const;

 private:
  Clock::duration busy() const;

  clockid_t clock_;
  Clock::duration share_;
  Clock::duration busy_before_;
  Clock::time_point start_ = Clock::now();
  uint32_t asked_ = 0;
};

// In the calling thread's namespace.
Result<UniqueFd> open_stream(Blocking blocking);
Result<UniqueFd> open_datagram();
// Connects, or begins to when `client` does not block.
Status begin_connect(const UniqueFd& client, Ipv4Address address, uint16_t port);
Status set_option(const UniqueFd& socket, int level, int name, int value, const char* what);

Result<UniqueFd> listen_in(const std::string& netns, uint16_t port, Blocking blocking);
Result<UniqueFd> connect_in(const std::string& netns, Ipv4Address address, uint16_t port);
Result<UniqueFd> accept_from(const UniqueFd& listener);
Result<UniqueFd> open_datagram_in(const std::string& netns);
Status bind_any(const UniqueFd& socket, uint16_t port);

// A server beside the client: runs `body` on `cpu`, or on any. join() says how it went.
class Server {
 public:
  Server(std::optional<int> cpu, std::function<Status()> body);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();
  Status join();

 private:
  Status status_{};
  std::thread thread_;
};

}  // namespace egress::load
