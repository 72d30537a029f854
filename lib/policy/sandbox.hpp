// SPDX-License-Identifier: MIT
#pragma once

// The sandbox of Windows apps (azure-facts 1.7), which stands between an app and all networks. A
// Windows container has none.

#include <array>
#include <optional>

#include "base/special_ranges.hpp"
#include "policy/origin.hpp"
#include "policy/stage.hpp"

namespace egress::policy {

// Ports that it lets nobody connect to, of TCP and UDP.
struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;
};
inline constexpr PortRange kSandboxPorts[] = {{137, 139}, {445, 445}};
// Destinations that an app without an integration does not get to.
inline constexpr Ipv4Prefix kSandboxRanges[] = {
    kPrivate10, {{0x64000000}, 8}, kPrivate172, kPrivate192};

bool has_sandbox(const lab::ServerFarm& plan);

// The step at which it ends the application's own packet: TCP and UDP are refused at once, what
// needs a raw socket is not sent. Nothing: it lets it pass, or there is none.
std::optional<Step> stopped_by_sandbox(const Network& network, const Origin& origin,
                                       const Packet& packet);

}  // namespace egress::policy
