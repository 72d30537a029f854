// SPDX-License-Identifier: MIT
// Short exchanges, as of names: a socket of its own for a question and its answer, several at a
// time. What the way knows of the one before is of no use to the next.

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "tests/bench/load/datagram_count.hpp"
#include "tests/bench/load/load.hpp"
#include "tests/bench/load/sockets.hpp"

namespace egress::load {
namespace {

constexpr int kIdleMilliseconds = 10;  // how soon it notices its end with nothing to do
static_assert(kInFlight <= kPorts, "each of those at a time has a port to itself");

// Sends back what comes to its ports.
class Echoes {
 public:
  static Result<Echoes> open(const Cell& cell) {
    Echoes echoes;
    for (uint16_t i = 0; i < kPorts; ++i) {
      ASSIGN_OR_RETURN(echoes.sockets_.at(i), open_datagram_in(cell.server_netns));
      RETURN_IF_ERROR(bind_any(echoes.sockets_.at(i), static_cast<uint16_t>(cell.port + i)));
      echoes.arrives_.at(i) = {.fd = echoes.sockets_.at(i).get(), .events = POLLIN, .revents = 0};
    }
    return echoes;
  }

  Status run(const std::atomic<bool>& ended) {
    while (!ended.load(std::memory_order_relaxed)) {
      if (::poll(arrives_.data(), arrives_.size(), kIdleMilliseconds) < 0) {
        return Error::from_errno("wait for questions");
      }
      for (const pollfd& arrived : arrives_) {
        if (arrived.revents != 0) RETURN_IF_ERROR(send_back(arrived.fd));
      }
    }
    return {};
  }

 private:
  static Status send_back(int fd) {
    std::array<char, kDatagram> payload{};
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    auto* const address = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got =
        recvfrom(fd, payload.data(), payload.size(), MSG_DONTWAIT, address, &length);
    if (got < 0 && errno == EAGAIN) return {};
    if (got < 0) return Error::from_errno("receive a question");
    if (sendto(fd, payload.data(), static_cast<size_t>(got), 0, address, length) != got) {
      return Error::from_errno("answer");
    }
    return {};
  }

  std::array<UniqueFd, kPorts> sockets_{};
  std::array<pollfd, kPorts> arrives_{};
};

Result<UniqueFd> ask(const Cell& cell, uint16_t port) {
  const std::array<char, kDatagram> payload{};
  ASSIGN_OR_RETURN(UniqueFd socket, open_datagram());
  RETURN_IF_ERROR(begin_connect(socket, cell.address, port));
  if (send(socket.get(), payload.data(), payload.size(), 0) < 0) {
    return Error::from_errno("ask a question");
  }
  return socket;
}

Status exchange_on_each_port(const Cell& cell) {
  std::array<UniqueFd, kInFlight> asked{};
  auto port = cell.port;
  for (UniqueFd& socket : asked) {
    ASSIGN_OR_RETURN(socket, ask(cell, port++));
  }
  std::array<char, kDatagram> payload{};
  for (const UniqueFd& socket : asked) {
    if (recv(socket.get(), payload.data(), payload.size(), 0) < 0) {
      return Error::from_errno("receive an answer");
    }
  }
  return {};
}

Result<Measured> exchange(const Cell& cell) {
  Measured measured;
  Stopwatch stopwatch(cell, CLOCK_PROCESS_CPUTIME_ID);
  while (stopwatch.running()) {
    RETURN_IF_ERROR(exchange_on_each_port(cell));
    measured.count += kInFlight;
  }
  stopwatch.stop(measured);
  measured.sent = measured.count;
  return measured;
}

}  // namespace

Result<Measured> exchanges(const Cell& cell) {
  RETURN_IF_ERROR(pin(cell.cpu));
  ASSIGN_OR_RETURN(Echoes echoes, Echoes::open(cell));
  ASSIGN_OR_RETURN(const auto scope, enter(cell.client_netns));
  std::atomic<bool> ended = false;
  Server server(cell.cpu, [&] { return echoes.run(ended); });
  auto measured = exchange(cell);
  ended = true;
  RETURN_IF_ERROR(server.join());
  return measured;
}

}  // namespace egress::load
