// SPDX-License-Identifier: MIT
#pragma once

// What answers in one namespace, on ports that may change: those that stay keep their connections.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>

#include "base/protocol.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "egress-host/certificates.hpp"
#include "egress-host/echo_server.hpp"
#include "egress-host/http_server.hpp"
#include "egress-host/udp_server.hpp"
#include "settings/responder_text.hpp"
#include "uv/loop.hpp"

namespace egress::host {

// How many connections there may be, of all responders of the process. One of HTTPS takes tens of
// KiB.
struct Room {
  explicit Room(size_t files)
      : echo(files - files / 4 - files / 8),
        http(files / 4),
        https(std::min(files / 8, kMostHttps)) {}
  static constexpr size_t kMostHttps = 2048;
  EchoRoom echo;
  HttpRoom http;
  HttpRoom https;
};

class Responder {
 public:
  // Has no ports yet. `netns` is borrowed only by change().
  Responder(uv::Loop& loop, Room& room) : loop_(loop), room_(room) {}
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  // The error names the port that cannot be opened; then everything is as before, but for what had
  // to leave it. Ports of an interface that has been made anew are opened anew, whatever else
  // stays.
  Status change(const settings::Responder& wanted, int netns);

 private:
  using Server = std::variant<std::unique_ptr<EchoServer>, std::unique_ptr<HttpServer>,
                              std::unique_ptr<UdpServer>>;
  // One socket. A bound one hears only the interface of that number, whatever is called so later.
  struct Socket {
    std::string way{};   // the device of a way, or none
    unsigned index = 0;  // of the device
    uint32_t mark = 0;
    Port port{};
    auto operator<=>(const Socket&) const = default;
  };

  // By which clients come that come by no way.
  struct Device {
    std::string name{};  // or none: by any
    unsigned index = 0;
    bool operator==(const Device&) const = default;
  };
  struct Place {
    Device device{};
    std::set<Socket> sockets{};
  };

  static Result<Place> place_for(const settings::Responder& wanted, int netns);
  Status move_to(const Device& device);
  void make_way_for(const std::set<Socket>& wanted);
  Result<std::map<Socket, Server>> open(const settings::Responder& wanted,
                                        const std::set<Socket>& sockets, int netns);
  Result<Server> open(const settings::Responder& wanted, const Socket& socket, int netns);

  uv::Loop& loop_;
  Room& room_;
  std::map<std::string, std::unique_ptr<Speaker>> speakers_{};  // by way; servers borrow them
  Certificates certificates_{};                                 // likewise
  std::map<Socket, Server> servers_{};
  Device device_{};
};

}  // namespace egress::host
