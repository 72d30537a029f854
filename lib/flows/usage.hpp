// SPDX-License-Identifier: MIT
#pragma once

// Which ports of source NAT are in use, and by whom.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/protocol.hpp"
#include "policy/network.hpp"
#include "state/tracked_flow.hpp"

namespace egress::flows {

// What the flows of one instance to one destination hold of App Service's own source NAT, which
// counts by instance, destination address, port and protocol (azure-facts 7.2.1).
struct SnatUse {
  policy::WorkerKey instance{};
  Ipv4Address address{};  // as which the destination sees them
  Ipv4Address destination{};
  Port port{};      // at the destination
  size_t used = 0;  // ports, each of a flow that lives or whose time-out has not run out

  bool operator==(const SnatUse&) const = default;
};

// Of the flows that the source NAT tracks, by the addresses that they come with there. The largest
// `most` of each instance, in order of instances, largest first.
std::vector<SnatUse> snat_use(const std::map<Ipv4Address, policy::WorkerKey>& inside_addresses,
                              const std::vector<state::TrackedFlow>& flows, size_t most);

// What flows hold of one address of a NAT gateway, which counts TCP and UDP apart (azure-facts
// 7.1.6).
struct NatUse {
  Ipv4Address address{};
  Protocol protocol = Protocol::kTcp;
  size_t used = 0;  // ports, each of a flow that lives or whose time-out has not run out
  std::map<std::string, size_t> senders{};  // likewise, by "PLAN/INSTANCE" or the machine's name

  bool operator==(const NatUse&) const = default;
};

// Of the flows that the gateway tracks: one for each of its addresses and protocols, in their
// order.
std::vector<NatUse> nat_use(const policy::Network& network,
                            const policy::Network::NatGateway& gateway,
                            const std::vector<state::TrackedFlow>& flows);

}  // namespace egress::flows
