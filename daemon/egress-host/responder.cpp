// SPDX-License-Identifier: MIT
#include "egress-host/responder.hpp"

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

}  // namespace

Status Responder::change(const settings::Responder& wanted, int netns) {
  std::map<std::string, Speaker> speakers{{wanted.device, speaker_of(wanted)}};
  std::set<Key> keys;
  for (const Port& port : wanted.listen) keys.emplace(wanted.device, 0, port);
  for (const settings::ResponderWay& way : wanted.ways) {
    speakers[way.device] = speaker_of(wanted, way);
    for (const Port& port : way.listen) keys.emplace(way.device, way.mark, port);
  }
  for (const auto& [device, speaker] : speakers) {
    std::unique_ptr<Speaker>& known = speakers_[device];
    if (!known) known = std::make_unique<Speaker>(speaker);
  }
  // A port that is open to every interface leaves none for one of them.
  if (wanted.device != device_) servers_.clear();
  device_ = wanted.device;
  std::map<Key, Server> opened;
  for (const Key& key : keys) {
    if (servers_.contains(key)) continue;
    ASSIGN_OR_RETURN(Server server, open(key, *speakers_.at(std::get<std::string>(key)), netns));
    opened.emplace(key, std::move(server));
  }
  std::erase_if(servers_, [&](const auto& entry) { return !keys.contains(entry.first); });
  servers_.merge(opened);
  for (auto& [device, speaker] : speakers) *speakers_.at(device) = std::move(speaker);
  std::erase_if(speakers_, [&](const auto& entry) { return !speakers.contains(entry.first); });
  return {};
}

Result<Responder::Server> Responder::open(const Key& key, const Speaker& speaker, int netns) {
  const auto& [device, mark, port] = key;
  const auto bound = [&, device = device, mark = mark, port = port] {
    return bound_socket(port, device, mark);
  };
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
