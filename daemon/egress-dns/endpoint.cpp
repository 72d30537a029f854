// SPDX-License-Identifier: MIT
#include "egress-dns/endpoint.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include "kernel/netns_scope.hpp"

namespace egress::resolver {
namespace {

constexpr uint16_t kPort = 53;
constexpr int kBacklog = 64;
// Some thousand queries that come at once. Less where the right to go beyond the limit is missing.
constexpr int kReceiveBuffer = 4 * 1024 * 1024;

Result<UniqueFd> open_here(Ipv4Address address, bool tcp) {
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(kPort);
  local.sin_addr.s_addr = htonl(address.bits);
  const int on = 1;
  UniqueFd fd(
      ::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() ||
      (tcp && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&local), sizeof local) < 0 ||
      (tcp && ::listen(fd.get(), kBacklog) < 0)) {
    return Error::from_errno("listen on " + std::string(tcp ? "tcp/" : "udp/") +
                             std::to_string(kPort) + " of " + address.to_string());
  }
  if (!tcp && ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer,
                           sizeof kReceiveBuffer) < 0) {
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  return fd;
}

}  // namespace

Result<UniqueFd> open_port(const Netns& netns, Ipv4Address address, dns::Transport transport) {
  return kernel::open_inside(netns->get(),
                             [&] { return open_here(address, transport == dns::Transport::kTcp); });
}

}  // namespace egress::resolver
