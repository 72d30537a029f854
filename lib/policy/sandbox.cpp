// SPDX-License-Identifier: MIT
#include "policy/sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace egress::policy {
namespace {

Step stop(const Origin& origin, const char* result, std::string reason) {
  return {Stage::kPlatform, origin.name, result, "sandbox", std::move(reason)};
}

bool is_shut(const Packet& packet) {
  return has_ports(packet.protocol) &&
         std::any_of(std::begin(kSandboxPorts), std::end(kSandboxPorts), [&](PortRange range) {
           return packet.destination_port >= range.first && packet.destination_port <= range.last;
         });
}

bool is_private(Ipv4Address address) {
  return std::any_of(std::begin(kSandboxRanges), std::end(kSandboxRanges),
                     [&](const Ipv4Prefix& range) { return range.contains(address); });
}

}  // namespace

bool has_sandbox(const lab::ServerFarm& plan) {
  return !plan.reserved && !plan.hyper_v;
}

std::optional<Step> stopped_by_sandbox(const Network& network, const Origin& origin,
                                       const Packet& packet) {
  const Network::App& app = *origin.app;
  const lab::ServerFarm& plan =
      network.situation.lab.server_farms.at(app.site->declared->server_farm);
  if (!has_sandbox(plan) || app.name.traffic != lab::TrafficClass::kApplication) return {};
  if (packet.protocol == number_of(Protocol::kIcmp)) {
    return stop(origin, "Drop", "The sandbox of Windows apps has no raw sockets, so no ICMP.");
  }
  if (is_shut(packet)) {
    return stop(origin, "refused",
                fmt::format("The sandbox of Windows apps blocks port {} for every address.",
                            packet.destination_port));
  }
  if (app.site->subnet == kNowhere && is_private(packet.destination)) {
    return stop(origin, "refused",
                fmt::format("Without an integration the sandbox of Windows apps refuses private "
                            "destinations such as {}.",
                            packet.destination.to_string()));
  }
  return std::nullopt;
}

}  // namespace egress::policy
