// SPDX-License-Identifier: MIT
#pragma once

// What answers in one namespace, on ports that may change: those that stay keep their connections.

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <variant>

#include "base/protocol.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "egress-host/echo_server.hpp"
#include "egress-host/http_server.hpp"
#include "egress-host/udp_server.hpp"
#include "settings/responder_text.hpp"
#include "uv/loop.hpp"

namespace egress::host {

// How many connections there may be, of all responders of the process.
struct Room {
  explicit Room(size_t files) : echo(files - files / 4), http(static_cast<unsigned>(files / 4)) {}
  EchoRoom echo;
  unsigned http;  // of each port
};

class Responder {
 public:
  // Has no ports yet. `netns` is borrowed only by change().
  Responder(uv::Loop& loop, Room& room) : loop_(loop), room_(room) {}
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  // The error names the port that cannot be opened; then everything is as before.
  Status change(const settings::Responder& wanted, int netns);

 private:
  using Server = std::variant<std::unique_ptr<EchoServer>, std::unique_ptr<HttpServer>,
                              std::unique_ptr<UdpServer>>;
  // One socket: its interface, or none, its mark and its port.
  using Key = std::tuple<std::string, uint32_t, Port>;
  Result<Server> open(const Key& key, const Speaker& speaker, int netns);

  uv::Loop& loop_;
  Room& room_;
  std::map<std::string, std::unique_ptr<Speaker>> speakers_{};  // by device; servers borrow them
  std::map<Key, Server> servers_{};
  std::string device_{};  // of the clients that come by no way
};

}  // namespace egress::host
