// SPDX-License-Identifier: MIT
#pragma once

// What the servers of a responder share: sockets for its ports, and the reply that every emulated
// host gives.

#include <netinet/in.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "base/protocol.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "policy/served_names.hpp"
#include "policy/service_access.hpp"

namespace egress::host {

// For all addresses of the namespace, and for what comes by `device` alone unless that is empty. A
// datagram tells which address it was sent to (IP_PKTINFO); what answers it has the mark.
Result<UniqueFd> bound_socket(Port port, const std::string& device = {}, uint32_t mark = 0);

// From now on what comes by `device` alone, or by any interface when it is empty. What a listening
// socket has taken already stays.
Status bind_to_device(int socket, const std::string& device);

// Who speaks to clients that come by one way.
struct Speaker {
  std::string host{};
  std::optional<policy::ServiceFirewall> firewall{};
  policy::Entry::Way way = policy::Entry::Way::kInternet;
  std::vector<std::pair<Ipv4Prefix, std::string>> subnets{};  // of a service endpoint's clients
  policy::ServedNames served{};                               // of which certificates speak
};

struct Reply {
  std::string text{};
  bool refused = false;  // by the firewall
};
// {"host", "local", "peer", "protocol"} without a line end; `peer` is the source that the host saw.
// With a firewall also {"access"} and, refused, {"code", "message"}.
Reply reply_of(const Speaker& speaker, Protocol protocol, const sockaddr_in& local,
               const sockaddr_in& peer);
// The line that a TCP connection is given; nothing when the client has gone already.
std::optional<Reply> reply_line(const Speaker& speaker, int connection);

}  // namespace egress::host
