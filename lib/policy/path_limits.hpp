// SPDX-License-Identifier: MIT
#pragma once

// How much a way to the Internet carries at a time, and for how long it remembers an idle flow:
// facts of the way, whatever is in use (azure-facts 7.1.6, 7.1.7, 7.2.1, 7.2.3).

#include <chrono>

#include "base/protocol.hpp"
#include "policy/network.hpp"

namespace egress::policy {

// Of App Service's own source NAT, and of a NAT gateway's UDP.
inline constexpr std::chrono::seconds kIdleAtAppService{240};
inline constexpr std::chrono::seconds kIdleUdpAtNatGateway{240};
// Of a NAT gateway, under one of its addresses.
inline constexpr int kNatPortsToDestination = 50'000;

struct PathLimits {
  // Flows of the protocol at a time: of the instance to the destination at App Service, under each
  // address at a NAT gateway.
  int ports = 0;
  std::chrono::seconds idle{};
  bool reset_when_idle = false;  // else what comes then vanishes
  bool operator==(const PathLimits&) const = default;
};
// `protocol` has ports.
PathLimits limits_at_app_service(const lab::Lab& lab);
PathLimits limits_at(const Network::NatGateway& gateway, Protocol protocol);

}  // namespace egress::policy
