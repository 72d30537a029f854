// SPDX-License-Identifier: MIT
#pragma once

// Sockets to one server, for one question. A socket that is connected takes nothing from anybody
// else (RFC 5452).

#include <functional>
#include <memory>
#include <span>

#include "base/ip.hpp"
#include "base/unique_fd.hpp"
#include "dns/message.hpp"
#include "uv/loop.hpp"

namespace egress::resolver {

// Both may end the exchange that calls.
struct ExchangeEvents {
  std::function<void(std::span<const uint8_t>)> reply{};
  std::function<void()> unreachable{};  // the server's port refuses
};

class UdpExchange {
 public:
  // In the namespace that the thread is in, from `port`; from another that the kernel chooses when
  // that is 0 or somebody else's.
  UdpExchange(uv::Loop& loop, Ipv4Address server, uint16_t port, ExchangeEvents events);
  void send(const dns::Message& query);
  uint16_t port() const;  // 0 when it cannot send

 private:
  void receive();

  UniqueFd socket_;
  ExchangeEvents events_;
  std::optional<uv::Poll> poll_{};
};

// One query on a connection.
class TcpExchange {
 public:
  // In the namespace that the thread is in.
  TcpExchange(uv::Loop& loop, Ipv4Address server, const dns::Message& query, ExchangeEvents events);

 private:
  void proceed();
  void send_rest();
  void receive();
  void fail(int code);

  UniqueFd socket_;
  ExchangeEvents events_;
  std::vector<uint8_t> outgoing_{};
  std::vector<uint8_t> incoming_{};
  std::optional<uv::Poll> poll_{};
};

}  // namespace egress::resolver
