// SPDX-License-Identifier: MIT
#include "egress-host/responder.hpp"

#include <net/if.h>

#include <algorithm>
#include <set>
#include <utility>

#include "egress-host/reply.hpp"
#include "kernel/netns_scope.hpp"

namespace egress::host {
namespace {

constexpr uint16_t kHttpPort = 80;

Speaker speaker_of(const settings::Responder& wanted) {
  return {.host = wanted.host, .firewall = wanted.firewall};
}

Speaker speaker_of(const settings::Responder& wanted, const settings::ResponderWay& way) {
  Speaker speaker = speaker_of(wanted);
  speaker.way = way.way;
  speaker.subnets = way.subnets;
  return speaker;
}

// Who answers the clients of each device.
std::map<std::string, Speaker> speakers_for(const settings::Responder& wanted) {
  std::map<std::string, Speaker> speakers{{wanted.device, speaker_of(wanted)}};
  for (const settings::ResponderWay& way : wanted.ways) {
    speakers[way.device] = speaker_of(wanted, way);
  }
  return speakers;
}

// 0 for none; the caller stands in the namespace.
Result<unsigned> index_of(const std::string& device) {
  if (device.empty()) return 0U;
  const unsigned index = ::if_nametoindex(device.c_str());
  if (index == 0) return Error::from_errno("listen by " + device);
  return index;
}

}  // namespace

Status Responder::change(const settings::Responder& wanted, int netns) {
  std::map<std::string, Speaker> speakers = speakers_for(wanted);
  ASSIGN_OR_RETURN(const std::set<Socket> sockets, sockets_for(wanted, netns));
  for (const auto& [device, speaker] : speakers) {
    std::unique_ptr<Speaker>& known = speakers_[device];
    if (!known) known = std::make_unique<Speaker>(speaker);
  }
  make_way_for(sockets);
  std::map<Socket, Server> opened;
  for (const Socket& socket : sockets) {
    if (servers_.contains(socket)) continue;
    ASSIGN_OR_RETURN(Server server, open(socket, *speakers_.at(socket.device), netns));
    opened.emplace(socket, std::move(server));
  }
  std::erase_if(servers_, [&](const auto& entry) { return !sockets.contains(entry.first); });
  servers_.merge(opened);
  for (auto& [device, speaker] : speakers) *speakers_.at(device) = std::move(speaker);
  std::erase_if(speakers_, [&](const auto& entry) { return !speakers.contains(entry.first); });
  return {};
}

Result<std::set<Responder::Socket>> Responder::sockets_for(const settings::Responder& wanted,
                                                           int netns) {
  ASSIGN_OR_RETURN(const kernel::NetnsScope scope, kernel::NetnsScope::enter(netns));
  std::set<Socket> sockets;
  ASSIGN_OR_RETURN(const unsigned own, index_of(wanted.device));
  for (const Port& port : wanted.listen) sockets.insert({wanted.device, own, 0, port});
  for (const settings::ResponderWay& way : wanted.ways) {
    ASSIGN_OR_RETURN(const unsigned index, index_of(way.device));
    for (const Port& port : way.listen) sockets.insert({way.device, index, way.mark, port});
  }
  return sockets;
}

// A port that is open to every interface leaves none for one of them, and the kernel may give the
// number of an interface that has gone to another one.
void Responder::make_way_for(const std::set<Socket>& wanted) {
  std::erase_if(servers_, [&](const auto& entry) {
    const Socket& present = entry.first;
    if (wanted.contains(present)) return false;
    return std::any_of(wanted.begin(), wanted.end(), [&](const Socket& socket) {
      return socket.port == present.port &&
             (socket.index == present.index || socket.index == 0 || present.index == 0);
    });
  });
}

Result<Responder::Server> Responder::open(const Socket& socket, const Speaker& speaker, int netns) {
  const Port port = socket.port;
  const auto bound = [&] { return bound_socket(port, socket.device, socket.mark); };
  ASSIGN_OR_RETURN(UniqueFd fd, kernel::open_inside(netns, bound));
  if (port.protocol == Protocol::kUdp) {
    return Server(std::make_unique<UdpServer>(loop_, speaker, port, std::move(fd)));
  }
  if (port.number == kHttpPort) {
    ASSIGN_OR_RETURN(auto http,
                     HttpServer::listen(loop_, speaker, port, std::move(fd), room_.http));
    return Server(std::move(http));
  }
  ASSIGN_OR_RETURN(auto echo, EchoServer::listen(loop_, room_.echo, speaker, port, std::move(fd)));
  return Server(std::move(echo));
}

}  // namespace egress::host
