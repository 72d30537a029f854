// SPDX-License-Identifier: MIT
#include "tests/bench/load/sockets.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace egress::load {
namespace {

constexpr int kBacklog = 1024;
constexpr uint32_t kStride = 32;  // asking for the time costs a tenth of a datagram's way
constexpr int kCrowded = 10;      // with so many others on the processor, a cell ends early
constexpr timeval kPatience{.tv_sec = 2, .tv_usec = 0};

sockaddr_in socket_address(Ipv4Address address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(address.bits);
  return result;
}

Status set_patience(const UniqueFd& socket) {
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (setsockopt(socket.get(), SOL_SOCKET, option, &kPatience, sizeof(kPatience)) != 0) {
      return Error::from_errno("set a timeout");
    }
  }
  return {};
}

Status tune_stream(const UniqueFd& socket) {
  constexpr char kCongestion[] = "cubic";
  if (setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, kCongestion, sizeof(kCongestion) - 1) !=
      0) {
    return Error::from_errno("choose cubic");
  }
  RETURN_IF_ERROR(set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, "send at once"));
  return set_patience(socket);
}

}  // namespace

Result<kernel::NetnsScope> enter(const std::string& netns) {
  const UniqueFd file(::open(netns.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return Error::from_errno("open " + netns);
  return kernel::NetnsScope::enter(file.get());
}

Status pin(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<size_t>(cpu), &cpus);
  if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
    return Error::from_errno("pin to a processor");
  return {};
}

Stopwatch::Stopwatch(const Cell& cell, clockid_t clock)
    : clock_(clock), share_(cell.share), busy_before_(busy()) {}

Clock::duration Stopwatch::busy() const {
  timespec spent{};
  clock_gettime(clock_, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

bool Stopwatch::running() {
  if (asked_++ % kStride != 0) return true;
  return busy() - busy_before_ < share_ && Clock::now() - start_ < share_ * kCrowded;
}

void Stopwatch::stop(Measured& measured) const {
  measured.busy = busy() - busy_before_;
  measured.seconds = Clock::now() - start_;
}

Status set_option(const UniqueFd& socket, int level, int name, int value, const char* what) {
  if (setsockopt(socket.get(), level, name, &value, sizeof(value)) != 0) {
    return Error::from_errno(what);
  }
  return {};
}

Result<UniqueFd> open_stream(Blocking blocking) {
  const int flags = SOCK_STREAM | SOCK_CLOEXEC | (blocking == Blocking::kNo ? SOCK_NONBLOCK : 0);
  UniqueFd socket(::socket(AF_INET, flags, 0));
  if (!socket.valid()) return Error::from_errno("open a socket");
  RETURN_IF_ERROR(tune_stream(socket));
  return socket;
}

Status begin_connect(const UniqueFd& client, Ipv4Address address, uint16_t port) {
  const sockaddr_in to = socket_address(address, port);
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 &&
      errno != EINPROGRESS) {
    return Error::from_errno("connect to " + address.to_string());
  }
  return {};
}

Status bind_any(const UniqueFd& socket, uint16_t port) {
  const sockaddr_in any = socket_address({}, port);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) {
    return Error::from_errno("bind port " + std::to_string(port));
  }
  return {};
}

Result<UniqueFd> listen_in(const std::string& netns, uint16_t port, Blocking blocking) {
  ASSIGN_OR_RETURN(const auto scope, enter(netns));
  ASSIGN_OR_RETURN(UniqueFd listener, open_stream(blocking));
  RETURN_IF_ERROR(set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1, "reuse a port"));
  RETURN_IF_ERROR(bind_any(listener, port));
  if (listen(listener.get(), kBacklog) != 0) return Error::from_errno("listen");
  return listener;
}

Result<UniqueFd> connect_in(const std::string& netns, Ipv4Address address, uint16_t port) {
  ASSIGN_OR_RETURN(const auto scope, enter(netns));
  ASSIGN_OR_RETURN(UniqueFd client, open_stream(Blocking::kYes));
  RETURN_IF_ERROR(begin_connect(client, address, port));
  return client;
}

Result<UniqueFd> accept_from(const UniqueFd& listener) {
  UniqueFd socket(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.valid()) return Error::from_errno("accept");
  RETURN_IF_ERROR(tune_stream(socket));
  return socket;
}

Result<UniqueFd> open_datagram_in(const std::string& netns) {
  ASSIGN_OR_RETURN(const auto scope, enter(netns));
  return open_datagram();
}

Result<UniqueFd> open_datagram() {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Error::from_errno("open a socket");
  RETURN_IF_ERROR(set_patience(socket));
  return socket;
}

Server::Server(std::optional<int> cpu, std::function<Status()> body)
    : thread_([this, cpu, body = std::move(body)] {
        if (cpu) status_ = pin(*cpu);
        if (status_.ok()) status_ = body();
      }) {}

Server::~Server() {
  if (thread_.joinable()) thread_.join();
}

Status Server::join() {
  thread_.join();
  return std::move(status_);
}

}  // namespace egress::load
