// SPDX-License-Identifier: MIT
#pragma once

// What listens on port 53 of one address and what answers there, between which messages pass.

#include <functional>
#include <memory>
#include <span>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "dns/message.hpp"

namespace egress::resolver {

// A namespace, as long as anybody opens sockets in it.
using Netns = std::shared_ptr<const UniqueFd>;

// Called once at most, at once or later, as long as the endpoint is there. An empty message is
// silence.
using Answer = std::function<void(const dns::Message&)>;
using Serve =
    std::function<void(std::span<const uint8_t> message, dns::Transport transport, Answer answer)>;

// Port 53 of `address`; a TCP socket listens already.
Result<UniqueFd> open_port(const Netns& netns, Ipv4Address address, dns::Transport transport);

}  // namespace egress::resolver
