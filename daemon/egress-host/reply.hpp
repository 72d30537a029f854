// SPDX-License-Identifier: MIT
#pragma once

// What the servers of a responder share: sockets for its ports, and the reply that every emulated
// host gives.

#include <netinet/in.h>

#include <optional>
#include <string>

#include "base/protocol.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace egress::host {

// For all addresses of the namespace. A datagram tells which one it was sent to (IP_PKTINFO).
Result<UniqueFd> bound_socket(Port port);

// {"host", "local", "peer", "protocol"} without a line end; `peer` is the source that the host saw.
std::string reply_of(const std::string& host, Protocol protocol, const sockaddr_in& local,
                     const sockaddr_in& peer);
// The line that a TCP connection is given; nothing when the client has gone already.
std::optional<std::string> reply_line(const std::string& host, int connection);

}  // namespace egress::host
