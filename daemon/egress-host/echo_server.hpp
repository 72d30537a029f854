// SPDX-License-Identifier: MIT
#pragma once

// TCP ports other than 80: one line that says what arrived, then whatever the client sends, back.
// A client that does not read is not read from either, so a connection holds at most one buffer.
// Beyond the connection limit new ones wait in the kernel's queue until another ends. A server that
// has somebody instead waits a little for the client's first bytes: who begins with an HTTP request
// or with a TLS handshake is answered in that.

#include <uv.h>

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "base/result.hpp"
#include "egress-host/first_bytes.hpp"
#include "egress-host/http_server.hpp"
#include "egress-host/reply.hpp"
#include "uv/loop.hpp"

namespace egress::host {

class EchoServer;

// Who takes connections on which the client has begun with something else; either may be null.
struct Instead {
  std::unique_ptr<HttpServer> http{};
  std::unique_ptr<HttpServer> https{};
};

// What the servers of all ports share. It must outlive the loop that they are on.
class EchoRoom {
 public:
  explicit EchoRoom(size_t connection_limit) : connection_limit_(connection_limit) {}
  EchoRoom(const EchoRoom&) = delete;
  EchoRoom& operator=(const EchoRoom&) = delete;

 private:
  friend class EchoServer;
  bool is_full() const { return connections_ >= connection_limit_; }
  // One of them takes a connection that had to wait.
  void take_waiting();

  size_t connection_limit_;
  size_t connections_ = 0;
  std::set<EchoServer*> waiting_{};
  std::array<char, 65'536> read_buffer_{};  // what is read is written or copied at once
};

// One port.
class EchoServer {
 public:
  // On a bound_socket(). `speaker` is borrowed and may change.
  static Result<std::unique_ptr<EchoServer>> listen(uv::Loop& loop, EchoRoom& room,
                                                    const Speaker& speaker, Port port, UniqueFd fd,
                                                    Instead instead);
  ~EchoServer();  // ends its connections
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  // A connection that is there, or later if there is no room.
  void take();
  int socket();

 private:
  struct Connection;

  EchoServer(uv::Loop& loop, EchoRoom& room, const Speaker& speaker, Instead instead);
  Status open(Port port, UniqueFd fd);
  void serve(Connection& connection);
  bool speaks_tls() const;
  HttpServer* taker_of(Begun begun) const;
  void hear(Connection& connection);
  void greet(Connection& connection);

  uv::Loop& loop_;
  EchoRoom& room_;
  const Speaker& speaker_;
  Instead instead_;
  uv::HandleOwner<uv_tcp_t> listener_;
  std::set<Connection*> connections_{};
};

}  // namespace egress::host
