// SPDX-License-Identifier: MIT
#include "egress-host/responder.hpp"

#include <utility>

#include "egress-host/reply.hpp"
#include "kernel/netns_scope.hpp"

namespace egress::host {
namespace {

constexpr uint16_t kHttpPort = 80;

}  // namespace

Status Responder::change(const settings::Responder& wanted, int netns) {
  std::map<Port, Server> opened;
  for (const Port& port : wanted.listen) {
    if (servers_.count(port) != 0) continue;
    ASSIGN_OR_RETURN(Server server, open(port, netns));
    opened.emplace(port, std::move(server));
  }
  std::erase_if(servers_, [&](const auto& entry) { return wanted.listen.count(entry.first) == 0; });
  servers_.merge(opened);
  host_ = wanted.host;
  return {};
}

Result<Responder::Server> Responder::open(Port port, int netns) {
  ASSIGN_OR_RETURN(UniqueFd fd, kernel::open_inside(netns, [&] { return bound_socket(port); }));
  if (port.protocol == Protocol::kUdp) {
    return Server(std::make_unique<UdpServer>(loop_, host_, port, std::move(fd)));
  }
  if (port.number == kHttpPort) {
    ASSIGN_OR_RETURN(auto http, HttpServer::listen(loop_, host_, port, std::move(fd), room_.http));
    return Server(std::move(http));
  }
  ASSIGN_OR_RETURN(auto echo, EchoServer::listen(loop_, room_.echo, host_, port, std::move(fd)));
  return Server(std::move(echo));
}

}  // namespace egress::host
