// SPDX-License-Identifier: MIT
#pragma once

// The answer that every emulated host gives: who answered, and which packet it saw.

#include <netinet/in.h>

#include <string>

#include "egress-host/spec.hpp"

namespace egress::host {

// {"host", "local", "peer", "protocol"} without a line end; `peer` is the source that the host saw.
std::string answer(const std::string& host, Protocol protocol, const sockaddr_in& local,
                   const sockaddr_in& peer);

}  // namespace egress::host
