// SPDX-License-Identifier: MIT
#include "egress-host/reply.hpp"

#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "base/ip.hpp"

namespace egress::host {
namespace {

std::string endpoint(const sockaddr_in& address) {
  return Ipv4Address{ntohl(address.sin_addr.s_addr)}.to_string() + ":" +
         std::to_string(ntohs(address.sin_port));
}

}  // namespace

Result<UniqueFd> bound_socket(Port port) {
  const bool udp = port.protocol == Protocol::kUdp;
  const int on = 1;
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port.number);
  UniqueFd fd(
      ::socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() ||
      ::setsockopt(fd.get(), udp ? IPPROTO_IP : SOL_SOCKET, udp ? IP_PKTINFO : SO_REUSEADDR, &on,
                   sizeof on) < 0 ||
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) < 0) {
    return Error::from_errno("listen on " + port.to_string());
  }
  return fd;
}

std::string reply_of(const std::string& host, Protocol protocol, const sockaddr_in& local,
                     const sockaddr_in& peer) {
  return nlohmann::json{{"host", host},
                        {"local", endpoint(local)},
                        {"peer", endpoint(peer)},
                        {"protocol", name_of(protocol)}}
      .dump();
}

std::optional<std::string> reply_line(const std::string& host, int connection) {
  sockaddr_in local{};
  sockaddr_in peer{};
  socklen_t local_size = sizeof local;
  socklen_t peer_size = sizeof peer;
  if (::getsockname(connection, reinterpret_cast<sockaddr*>(&local), &local_size) < 0 ||
      ::getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &peer_size) < 0) {
    return std::nullopt;
  }
  return reply_of(host, Protocol::kTcp, local, peer) + "\n";
}

}  // namespace egress::host
