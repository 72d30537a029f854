// SPDX-License-Identifier: MIT
#pragma once

// Ports that Azure carries nowhere, or not by every way (azure-facts 9.1, 9.2; contract "Decided"
// 18). What is refused vanishes without an answer.

#include <optional>
#include <string>

#include "policy/origin.hpp"
#include "policy/stage.hpp"

namespace egress::policy {

// Where an app's own packet is about to leave.
enum class Exit {
  kWorker,    // for wherever it goes
  kDirect,    // past its network
  kInternet,  // straight from the subnet of its integration to the Internet
};

// The step at which the packet is dropped, which decides the flow; nothing: its ports are no reason
// to drop it there.
std::optional<Step> refused_port(const Network& network, const Origin& origin, const Packet& packet,
                                 Exit exit);

// The same of what enters a virtual network (azure-facts 9.7).
std::optional<Step> refused_by_network(const Network& network, const Origin& origin,
                                       const Packet& packet, Index vnet);

// UDP that no virtual network carries: from a port that is the host's, and DHCP by unicast.
inline constexpr uint16_t kHostPort = 65330;
inline constexpr uint16_t kDhcpClientPort = 68;
inline constexpr uint16_t kDhcpServerPort = 67;

// "subscriptions/NAME" where the network's does not let what its integrations send to port 25 leave
// straight to the Internet.
std::optional<std::string> refusing_mail(const Network& network, const Network::Vnet& vnet);

// A step that says what App Service does not support, of an app's packet that enters its network:
// when it is the application's own it is carried all the same.
std::optional<Step> unsupported_port(const Origin& origin, const Packet& packet);

}  // namespace egress::policy
