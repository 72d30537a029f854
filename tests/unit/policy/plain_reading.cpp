// SPDX-License-Identifier: MIT
#include "tests/unit/policy/plain_reading.hpp"

namespace egress::policy::test {
namespace {

bool covers(lab::SecurityRuleProtocol rule, uint8_t protocol) {
  switch (rule) {
    case lab::SecurityRuleProtocol::kAny: return true;
    case lab::SecurityRuleProtocol::kTcp: return protocol == number_of(Protocol::kTcp);
    case lab::SecurityRuleProtocol::kUdp: return protocol == number_of(Protocol::kUdp);
    case lab::SecurityRuleProtocol::kIcmp: return protocol == number_of(Protocol::kIcmp);
    case lab::SecurityRuleProtocol::kEsp: return protocol == number_of(Protocol::kEsp);
    case lab::SecurityRuleProtocol::kAh: return protocol == number_of(Protocol::kAh);
  }
  return false;
}

}  // namespace

// Rules for protocols without ports ignore theirs; "*" rules reach such protocols only when they
// ask for no port (contract "Decided" 11).
bool matches(const EffectiveRule& rule, const Packet& packet) {
  const lab::SecurityRule& declared = rule.rule;
  if (!covers(declared.protocol, packet.protocol)) return false;
  if (has_ports(packet.protocol)) {
    if (!declared.source_ports.contains(packet.source_port) ||
        !declared.destination_ports.contains(packet.destination_port)) {
      return false;
    }
  } else if (declared.protocol == lab::SecurityRuleProtocol::kAny &&
             !(declared.source_ports.is_all() && declared.destination_ports.is_all())) {
    return false;
  }
  return rule.sources->contains(packet.source.bits) &&
         rule.destinations->contains(packet.destination.bits);
}

const EffectiveRule* first_match(const std::vector<EffectiveRule>& rules, const Packet& packet) {
  for (const EffectiveRule& rule : rules) {
    if (matches(rule, packet)) return &rule;
  }
  return nullptr;
}

const EffectiveRoute* select_route(const std::vector<EffectiveRoute>& routes,
                                   Ipv4Address destination) {
  const EffectiveRoute* best = nullptr;
  for (const EffectiveRoute& route : routes) {
    if (route.state != RouteState::kActive || !route.address_prefix.contains(destination)) continue;
    if (best == nullptr || route.address_prefix.length > best->address_prefix.length) best = &route;
  }
  return best;
}

}  // namespace egress::policy::test
