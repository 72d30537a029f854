// SPDX-License-Identifier: MIT
#include "policy/platform.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/special_ranges.hpp"
#include "policy/lists.hpp"

namespace egress::policy {
namespace {

using lab::Verdict;

constexpr uint16_t kHttp = 80;

// What answers at an address, and where.
struct Responder {
  const char* what = "";
  const char* ports = "";
  bool answers = false;  // on the packet's port
};

Responder responder_at(const Packet& packet) {
  const bool tcp = packet.protocol == number_of(Protocol::kTcp);
  const bool udp = packet.protocol == number_of(Protocol::kUdp);
  if (packet.destination == kAzurePlatform) {
    return {"Azure DNS", "port 53", (tcp || udp) && packet.destination_port == kDomainPort};
  }
  return {"instance metadata", "tcp/80", tcp && packet.destination_port == kHttp};
}

PlatformVerdict dropped(const Origin& origin, const Packet& packet, const std::string& why) {
  const std::string address = packet.destination.to_string();
  return {Verdict::kDrop,
          {Stage::kPlatform, origin.name, "Drop", address,
           fmt::format("{} belongs to the platform: {}.", address, why)},
          {Stage::kPlatform, address}};
}

}  // namespace

bool is_platform_address(Ipv4Address destination) {
  return destination == kAzurePlatform || destination == kInstanceMetadata;
}

bool reaches_platform(const Network& network, const Origin& origin, Ipv4Address destination) {
  if (origin.app == nullptr) return origin.vnet(network) != kNowhere;
  return destination == kAzurePlatform ||
         origin.app->lane->routing.scope == TrafficRouting::Scope::kEverything;
}

PlatformVerdict platform_verdict(const Network& network, const Origin& origin,
                                 const Packet& packet) {
  const Responder responder = responder_at(packet);
  if (!reaches_platform(network, origin, packet.destination)) {
    return dropped(origin, packet,
                   origin.app != nullptr && origin.interface != kNowhere
                       ? "with application routing off it never leaves the worker"
                       : "it is reached from inside virtual networks only");
  }
  if (!responder.answers) {
    return dropped(origin, packet,
                   fmt::format("only {} answers there, on {}", responder.what, responder.ports));
  }
  const std::string address = packet.destination.to_string();
  PlatformVerdict answered{Verdict::kAllow,
                           {Stage::kPlatform, origin.name, "Allow", address,
                            fmt::format("{} answers; no route and no rule without a platform tag "
                                        "applies.",
                                        responder.what)},
                           {Stage::kPlatform, address}};
  if (origin.interface == kNowhere) return answered;
  for (const ListAt& list : platform_lists_at(network, origin.interface)) {
    const EffectiveRule& rule = list.gate->decide(packet);
    if (rule.rule.destination.any) continue;
    const bool denied = rule.rule.access == lab::Access::kDeny;
    answered = {denied ? Verdict::kDeny : Verdict::kAllow,
                rule_step(list, rule, lab::Direction::kOutbound),
                {Stage::kNetworkSecurityGroup, rule.name}};
    if (!denied) continue;
    answered.denied_by = list.gate;
    break;
  }
  return answered;
}

}  // namespace egress::policy
