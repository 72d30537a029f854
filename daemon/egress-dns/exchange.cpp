// SPDX-License-Identifier: MIT
#include "egress-dns/exchange.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "dns/framing.hpp"

namespace egress::resolver {
namespace {

constexpr uint16_t kPort = 53;
constexpr size_t kLargestMessage = 65'535;

sockaddr_in socket_address(Ipv4Address address, uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(address.bits);
  return name;
}

// Connected or about to be; invalid when it cannot be: then the server is silent, as one is that
// no route leads to.
UniqueFd connected_socket(Ipv4Address server, int type, uint16_t port = 0) {
  const sockaddr_in peer = socket_address(server, kPort);
  UniqueFd fd(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.valid() && port != 0) {
    const sockaddr_in own = socket_address({}, port);
    (void)::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own);
  }
  if (fd.valid() &&
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) < 0 &&
      errno != EINPROGRESS) {
    fd.reset();
  }
  return fd;
}

}  // namespace

UdpExchange::UdpExchange(uv::Loop& loop, Ipv4Address server, uint16_t port, ExchangeEvents events)
    : socket_(connected_socket(server, SOCK_DGRAM, port)), events_(std::move(events)) {
  if (!socket_.valid()) return;
  poll_.emplace(loop, socket_.get(), [this] { receive(); });
  poll_->start();
}

// What an earlier datagram met is told by receive().
void UdpExchange::send(const dns::Message& query) {
  if (!socket_.valid()) return;
  for (int tries = 0; tries < 2; ++tries) {
    if (::send(socket_.get(), query.data(), query.size(), MSG_DONTWAIT) >= 0) return;
    if (errno != ECONNREFUSED) return;
  }
}

uint16_t UdpExchange::port() const {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  if (!socket_.valid()) return 0;
  (void)::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&own), &size);
  return ntohs(own.sin_port);
}

void UdpExchange::receive() {
  poll_->start();  // libuv stops it with an error
  std::array<uint8_t, kLargestMessage> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  // Copies, as the exchange may end in the call.
  if (size >= 0) {
    const auto reply = events_.reply;
    reply(std::span(buffer).first(static_cast<size_t>(size)));
  } else if (errno == ECONNREFUSED) {
    const auto unreachable = events_.unreachable;
    unreachable();
  }
}

TcpExchange::TcpExchange(uv::Loop& loop, Ipv4Address server, const dns::Message& query,
                         ExchangeEvents events)
    : socket_(connected_socket(server, SOCK_STREAM)), events_(std::move(events)) {
  if (!socket_.valid()) return;
  outgoing_ = dns::framed(query);
  poll_.emplace(loop, socket_.get(), [this] { proceed(); });
  poll_->start(uv::Poll::For::kWriting);
}

void TcpExchange::proceed() {
  if (outgoing_.empty()) {
    receive();
  } else {
    send_rest();
  }
}

void TcpExchange::send_rest() {
  const ssize_t sent =
      ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return fail(errno);
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + sent);
  if (outgoing_.empty()) poll_->start();
}

void TcpExchange::receive() {
  std::array<uint8_t, kLargestMessage> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size <= 0) return fail(size == 0 ? ECONNRESET : errno);
  incoming_.insert(incoming_.end(), buffer.begin(), buffer.begin() + size);
  const auto first = dns::first_message(incoming_);
  if (!first) return;
  poll_->stop();
  const auto reply = events_.reply;
  const dns::Message message(first->begin(), first->end());
  reply(message);
}

// A refusal and a connection that ended early are certain; what else fails may be on its way yet.
void TcpExchange::fail(int code) {
  if (code == EAGAIN) return;
  poll_->stop();
  if (code != ECONNREFUSED && code != ECONNRESET && code != EPIPE) return;
  const auto unreachable = events_.unreachable;
  unreachable();
}

}  // namespace egress::resolver
