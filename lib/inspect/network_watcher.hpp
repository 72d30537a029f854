// SPDX-License-Identifier: MIT
#pragma once

// Network Watcher's IP flow verify and next hop (azure-facts 10.2), for a host, and for the
// integration of an app, which a real one refuses as a target. Each looks at one thing alone: the
// security list of the sender's own subnet, or its routes. What both and all the rest come to is
// policy::explain.

#include <cstdint>
#include <string>

#include "base/protocol.hpp"
#include "base/result.hpp"
#include "policy/explain.hpp"
#include "policy/network.hpp"

namespace egress::inspect {

// The local side is the app's integration address, or the host's.
struct IpFlow {
  lab::Direction direction = lab::Direction::kOutbound;
  Protocol protocol = Protocol::kTcp;  // or UDP
  Ipv4Address remote_address{};
  uint16_t remote_port = 0;
  uint16_t local_port = policy::Flow{}.source_port;
};

struct IpFlowVerdict {
  lab::Access access = lab::Access::kAllow;
  // "securityRules/deny-web", "defaultSecurityRules/DenyAllOutBound"; empty: the subnet has no
  // list.
  std::string rule_name{};
};
// Errors as subnet_of() and address_of().
Result<IpFlowVerdict> ip_flow_verify(const policy::Network& network, const lab::Sender& sender,
                                     const IpFlow& flow);

struct NextHopAnswer {
  policy::NextHop next_hop{};    // in the words of effective routes
  std::string route_table_id{};  // the route table's name, or "System Route"
};
// The same errors.
Result<NextHopAnswer> next_hop(const policy::Network& network, const lab::Sender& sender,
                               Ipv4Address destination);

}  // namespace egress::inspect
