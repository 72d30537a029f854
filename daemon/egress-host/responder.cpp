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
constexpr uint16_t kHttpsPort = 443;
constexpr const char* kNoWay = "";

Speaker speaker_of(const settings::Responder& wanted) {
  return {.host = wanted.host, .firewall = wanted.firewall, .served = wanted.served};
}

Speaker speaker_of(const settings::Responder& wanted, const settings::ResponderWay& way) {
  Speaker speaker = speaker_of(wanted);
  speaker.way = way.way;
  speaker.subnets = way.subnets;
  return speaker;
}

// Who answers the clients of each way.
std::map<std::string, Speaker> speakers_for(const settings::Responder& wanted) {
  std::map<std::string, Speaker> speakers{{kNoWay, speaker_of(wanted)}};
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
  ASSIGN_OR_RETURN(const Place place, place_for(wanted, netns));
  for (const auto& [way, speaker] : speakers) {
    std::unique_ptr<Speaker>& known = speakers_[way];
    if (!known) known = std::make_unique<Speaker>(speaker);
  }
  const Device before = device_;
  RETURN_IF_ERROR(move_to(place.device));
  make_way_for(place.sockets);
  auto opened = open(wanted, place.sockets, netns);
  Status changed = opened.ok() ? certificates_.sign_by(wanted.authority) : Status(opened.error());
  if (!changed.ok()) {
    (void)move_to(before);
    return changed;
  }
  std::erase_if(servers_, [&](const auto& entry) { return !place.sockets.contains(entry.first); });
  servers_.merge(*opened);
  for (auto& [way, speaker] : speakers) *speakers_.at(way) = std::move(speaker);
  std::erase_if(speakers_, [&](const auto& entry) { return !speakers.contains(entry.first); });
  return {};
}

Result<Responder::Place> Responder::place_for(const settings::Responder& wanted, int netns) {
  ASSIGN_OR_RETURN(const kernel::NetnsScope scope, kernel::NetnsScope::enter(netns));
  Place place{.device = {.name = wanted.device}};
  ASSIGN_OR_RETURN(place.device.index, index_of(wanted.device));
  for (const Port& port : wanted.listen) {
    place.sockets.insert({kNoWay, place.device.index, 0, port});
  }
  for (const settings::ResponderWay& way : wanted.ways) {
    ASSIGN_OR_RETURN(const unsigned index, index_of(way.device));
    for (const Port& port : way.listen) place.sockets.insert({way.device, index, way.mark, port});
  }
  return place;
}

// The sockets of no way, with the connections that they have.
Status Responder::move_to(const Device& device) {
  if (device == device_) return {};
  std::map<Socket, Server> moved;
  for (const auto& [socket, server] : servers_) {
    if (socket.way != kNoWay) continue;
    const int fd = std::visit([](const auto& each) { return each->socket(); }, server);
    RETURN_IF_ERROR(bind_to_device(fd, device.name));
  }
  for (auto entry = servers_.begin(); entry != servers_.end();) {
    const auto present = entry++;
    if (present->first.way != kNoWay) continue;
    auto node = servers_.extract(present);
    node.key().index = device.index;
    moved.insert(std::move(node));
  }
  servers_.merge(moved);
  device_ = device;
  return {};
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

// Those of them that are not open yet.
Result<std::map<Responder::Socket, Responder::Server>> Responder::open(
    const settings::Responder& wanted, const std::set<Socket>& sockets, int netns) {
  std::map<Socket, Server> opened;
  for (const Socket& socket : sockets) {
    if (servers_.contains(socket)) continue;
    ASSIGN_OR_RETURN(Server server, open(wanted, socket, netns));
    opened.emplace(socket, std::move(server));
  }
  return opened;
}

Result<Responder::Server> Responder::open(const settings::Responder& wanted, const Socket& socket,
                                          int netns) {
  const Port port = socket.port;
  const Speaker& speaker = *speakers_.at(socket.way);
  const std::string& device = socket.way == kNoWay ? device_.name : socket.way;
  const auto bound = [&] { return bound_socket(port, device, socket.mark); };
  ASSIGN_OR_RETURN(UniqueFd fd, kernel::open_inside(netns, bound));
  if (port.protocol == Protocol::kUdp) {
    return Server(std::make_unique<UdpServer>(loop_, speaker, port, std::move(fd)));
  }
  if (port.number == kHttpPort) {
    ASSIGN_OR_RETURN(auto http,
                     HttpServer::listen(loop_, room_.http, speaker, port, std::move(fd)));
    return Server(std::move(http));
  }
  Instead instead;
  if (port.number == kHttpsPort && wanted.firewall) {
    ASSIGN_OR_RETURN(instead.http, HttpServer::make(loop_, room_.http, speaker));
  }
  if (settings::may_speak_tls(port)) {
    ASSIGN_OR_RETURN(instead.https, HttpServer::make(loop_, room_.https, speaker, &certificates_));
  }
  ASSIGN_OR_RETURN(auto echo, EchoServer::listen(loop_, room_.echo, speaker, port, std::move(fd),
                                                 std::move(instead)));
  return Server(std::move(echo));
}

}  // namespace egress::host
