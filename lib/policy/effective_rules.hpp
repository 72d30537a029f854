// SPDX-License-Identifier: MIT
#pragma once

// The effective security rules of a subnet, one direction: user and default rules in evaluation
// order, tags and application security groups expanded to addresses for that subnet
// (azure-facts 4; contract "Decided" 1, 2, 11).

#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::policy {

struct EffectiveRule {
  std::string name{};  // "nsg-integration/deny-sql", "nsg-integration/DenyAllOutBound"
  bool is_default = false;
  lab::SecurityRule rule{};  // as declared
  AddressSet sources{};
  AddressSet destinations{};
};

// First match decides, in this order. Empty when the subnet has no security group: all allowed.
std::vector<EffectiveRule> effective_rules(const lab::Lab& lab, const lab::SubnetRef& subnet,
                                           lab::Direction direction);

// The addresses of a tag as seen from `subnet`: VirtualNetwork and Internet depend on it.
// `tag` is canonical and known (the loader checked it).
AddressSet tag_addresses(const lab::Lab& lab, const lab::SubnetRef& subnet, const std::string& tag);

// What a rule is matched against. Ports are 0 for protocols without ports; `protocol` is the
// IANA number (6, 17, 1, 50, 51, or any other, which only "*" rules match).
struct Packet {
  uint8_t protocol = 6;
  Ipv4Address source{};
  Ipv4Address destination{};
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
};
bool matches(const EffectiveRule& rule, const Packet& packet);

// The plain reading: walk the rules in order. Null when there are none. The classifier answers
// the same in constant time.
const EffectiveRule* first_match(const std::vector<EffectiveRule>& rules, const Packet& packet);

}  // namespace egress::policy
