// SPDX-License-Identifier: MIT
#pragma once

// A security rule as it applies to a subnet: tags and application security groups expanded to
// addresses (azure-facts 4; contract "Decided" 1, 2, 11), and what it is matched against.

#include <cstdint>
#include <string>
#include <vector>

#include "base/protocol.hpp"
#include "lab/lab.hpp"
#include "policy/shared_addresses.hpp"

namespace egress::policy {

struct EffectiveRule {
  std::string name{};        // "nsg-integration/deny-sql", "nsg-integration/DenyAllOutBound"
  lab::SecurityRule rule{};  // as declared
  SharedAddresses sources{};
  SharedAddresses destinations{};
};

// Ports are 0 for protocols without ports; `protocol` is the IANA number, of which those that rules
// cannot name match "*" rules only.
struct Packet {
  uint8_t protocol = number_of(Protocol::kTcp);
  Ipv4Address source{};
  Ipv4Address destination{};
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  auto operator<=>(const Packet&) const = default;
};

}  // namespace egress::policy
