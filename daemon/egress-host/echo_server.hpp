// SPDX-License-Identifier: MIT
#pragma once

// TCP ports other than 80: one line that says what arrived, then whatever the client sends, back.
// A client that does not read is not read from either, so a connection holds at most one buffer.
// Beyond the connection limit new ones wait in the kernel's queue until another ends.

#include <uv.h>

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "egress-host/responder.hpp"
#include "uv/loop.hpp"

namespace egress::host {

class EchoServer {
 public:
  static Result<std::unique_ptr<EchoServer>> listen(uv::Loop& loop, const std::string& host,
                                                    const std::vector<Port>& ports,
                                                    size_t connection_limit);
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  // Closes every socket; the object must live until the loop has run the close callbacks.
  void close();

 private:
  struct Connection;
  struct Listener {
    EchoServer* server = nullptr;
    uv_tcp_t handle{};
    bool waiting = false;  // the loop holds a connection that was not taken yet
  };

  EchoServer(uv_loop_t& loop, std::string host, size_t connection_limit)
      : loop_(loop), host_(std::move(host)), connection_limit_(connection_limit) {}
  Status open(Port port);
  void take(Listener& listener);
  void take_waiting();
  void serve(Connection& connection);

  uv_loop_t& loop_;
  std::string host_;
  size_t connection_limit_;
  bool closing_ = false;
  std::vector<std::unique_ptr<Listener>> listeners_{};
  std::set<Connection*> connections_{};        // each ends in its own close callback
  std::array<char, 64 * 1024> read_buffer_{};  // shared: what is read is written or copied at once
};

}  // namespace egress::host
