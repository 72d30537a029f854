// SPDX-License-Identifier: MIT
#include "egress-host/reply.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/special_ranges.hpp"

namespace egress::host {
namespace {

Ipv4Address address_of(const sockaddr_in& address) {
  return {ntohl(address.sin_addr.s_addr)};
}

std::string endpoint(const sockaddr_in& address) {
  return address_of(address).to_string() + ":" + std::to_string(ntohs(address.sin_port));
}

// Azure's own addresses, which stand for those of apps at storage of their region (azure-facts
// 1.3.8), are no address that anybody could name.
bool is_hidden(const sockaddr_in& peer) {
  return kReserved.contains(address_of(peer));
}

policy::Entry entry_of(const Speaker& speaker, const sockaddr_in& peer) {
  policy::Entry entry{.way = speaker.way};
  if (!is_hidden(peer)) entry.source = address_of(peer);
  const auto subnet =
      std::find_if(speaker.subnets.begin(), speaker.subnets.end(),
                   [&](const auto& each) { return each.first.contains(address_of(peer)); });
  if (subnet != speaker.subnets.end()) entry.subnet = subnet->second;
  return entry;
}

Status set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) == 0) return {};
  return Error::from_errno("set a socket option");
}

Status prepare(int fd, bool udp, const std::string& device, uint32_t mark) {
  RETURN_IF_ERROR(udp ? set_option(fd, IPPROTO_IP, IP_PKTINFO, 1)
                      : set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1));
  if (mark != 0) RETURN_IF_ERROR(set_option(fd, SOL_SOCKET, SO_MARK, static_cast<int>(mark)));
  return device.empty() ? Status() : bind_to_device(fd, device);
}

}  // namespace

Status bind_to_device(int socket, const std::string& device) {
  if (::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, device.data(),
                   static_cast<socklen_t>(device.size())) == 0) {
    return {};
  }
  return Error::from_errno(device.empty() ? "listen by any interface" : "listen by " + device);
}

Result<UniqueFd> bound_socket(Port port, const std::string& device, uint32_t mark) {
  const bool udp = port.protocol == Protocol::kUdp;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port.number);
  UniqueFd fd(
      ::socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Error::from_errno("listen on " + port.to_string());
  RETURN_IF_ERROR(prepare(fd.get(), udp, device, mark));
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) < 0) {
    return Error::from_errno("listen on " + port.to_string());
  }
  return fd;
}

Reply reply_of(const Speaker& speaker, Protocol protocol, const sockaddr_in& local,
               const sockaddr_in& peer) {
  nlohmann::json json{{"host", speaker.host},
                      {"local", endpoint(local)},
                      {"peer", is_hidden(peer) ? "address of the platform" : endpoint(peer)},
                      {"protocol", name_of(protocol)}};
  if (!speaker.firewall) return {json.dump()};
  const policy::ServiceAnswer answer =
      policy::service_access(*speaker.firewall, entry_of(speaker, peer));
  const bool refused = answer.access == lab::Access::kDeny;
  json["access"] = lab::name_of(answer.access);
  if (refused) {
    json["code"] = answer.code;
    json["message"] = answer.message;
  }
  return {json.dump(), refused};
}

std::optional<Reply> reply_line(const Speaker& speaker, int connection) {
  sockaddr_in local{};
  sockaddr_in peer{};
  socklen_t local_size = sizeof local;
  socklen_t peer_size = sizeof peer;
  if (::getsockname(connection, reinterpret_cast<sockaddr*>(&local), &local_size) < 0 ||
      ::getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &peer_size) < 0) {
    return std::nullopt;
  }
  Reply reply = reply_of(speaker, Protocol::kTcp, local, peer);
  reply.text += "\n";
  return reply;
}

}  // namespace egress::host
