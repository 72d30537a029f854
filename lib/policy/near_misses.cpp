// SPDX-License-Identifier: MIT
#include "policy/near_misses.hpp"

#include <string>

#include "policy/rule_texts.hpp"

namespace egress::policy {
namespace {

constexpr size_t kMost = 10;

std::string protocol_text(uint8_t number) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp, Protocol::kIcmp}) {
    if (number_of(protocol) == number) return name_of(protocol);
  }
  return std::to_string(number);
}

bool names(lab::SecurityRuleProtocol wanted, uint8_t number) {
  using Wanted = lab::SecurityRuleProtocol;
  switch (wanted) {
    case Wanted::kAny: return true;
    case Wanted::kTcp: return number == number_of(Protocol::kTcp);
    case Wanted::kUdp: return number == number_of(Protocol::kUdp);
    case Wanted::kIcmp: return number == number_of(Protocol::kIcmp);
    case Wanted::kEsp: return number == number_of(Protocol::kEsp);
    case Wanted::kAh: return number == number_of(Protocol::kAh);
  }
  return false;
}

// A rule for all protocols reaches one without ports only when it asks for no port (contract
// "Decided" 11), one that names the protocol whatever it asks.
bool takes_port(const EffectiveRule& rule, const PortSet& ports, const Packet& packet,
                uint16_t port) {
  if (has_ports(packet.protocol)) return ports.contains(port);
  return rule.rule.protocol != lab::SecurityRuleProtocol::kAny || ports.is_all();
}

std::vector<NearMiss> failures(const EffectiveRule& rule, const Packet& packet) {
  const lab::SecurityRule& declared = rule.rule;
  const auto port_text = [&](uint16_t port) {
    return has_ports(packet.protocol) ? std::to_string(port) : std::string("none");
  };
  std::vector<NearMiss> failed;
  const auto check = [&](bool holds, const char* what, std::string wanted, std::string got) {
    if (!holds) failed.push_back({rule.name, what, std::move(wanted), std::move(got)});
  };
  check(names(declared.protocol, packet.protocol), "protocol", lab::name_of(declared.protocol),
        protocol_text(packet.protocol));
  check(rule.sources->contains(packet.source.bits), "sourceAddress",
        addresses_text(declared.source), packet.source.to_string());
  check(takes_port(rule, declared.source_ports, packet, packet.source_port), "sourcePort",
        ports_text(declared.source_ports), port_text(packet.source_port));
  check(rule.destinations->contains(packet.destination.bits), "destinationAddress",
        addresses_text(declared.destination), packet.destination.to_string());
  check(takes_port(rule, declared.destination_ports, packet, packet.destination_port),
        "destinationPort", ports_text(declared.destination_ports),
        port_text(packet.destination_port));
  return failed;
}

}  // namespace

std::vector<NearMiss> near_misses(const std::vector<EffectiveRule>& rules,
                                  const EffectiveRule& denying, const Packet& packet) {
  std::vector<NearMiss> near;
  for (const EffectiveRule& rule : rules) {
    if (&rule == &denying || near.size() == kMost) break;
    if (rule.rule.access != lab::Access::kAllow) continue;
    std::vector<NearMiss> failed = failures(rule, packet);
    if (failed.size() == 1) near.push_back(std::move(failed.front()));
  }
  return near;
}

}  // namespace egress::policy
