// SPDX-License-Identifier: MIT
#pragma once

// Effective routes and rules of an app's subnet, which Network Watcher lists for a network
// interface (azure-facts 5.7, 10.2.4); a real integration has none to ask.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/network.hpp"

namespace egress::inspect {

struct EffectiveRoutes {
  lab::SubnetRef subnet{};
  std::vector<policy::EffectiveRoute> routes{};
};
EffectiveRoutes effective_routes(const policy::Network::Subnet& subnet);

// Packets per chain of the VNet's firewall; empty when there is no kernel to ask.
using ChainHits = std::map<std::string, uint64_t>;

struct RuleHits {
  policy::EffectiveRule rule{};
  std::optional<uint64_t> hits{};  // empty when unknown
  std::string machine{};           // of a list of a network interface, whose; else empty
};
struct EffectiveRules {
  lab::SubnetRef subnet{};
  std::vector<RuleHits> rules{};  // outbound, then inbound, each in evaluation order
};
EffectiveRules effective_rules(const policy::Network::Subnet& subnet, const ChainHits& hits);
// Of a machine's interface: the lists of its subnet and its own, in the order in which they decide.
EffectiveRules effective_rules(const policy::Network& network, policy::Index machine,
                               const ChainHits& hits);

}  // namespace egress::inspect
