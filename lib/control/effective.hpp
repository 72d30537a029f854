// SPDX-License-Identifier: MIT
#pragma once

// Effective routes and rules of an app's subnet in the field names that Network Watcher and the
// Azure CLI print for a network interface (azure-facts 5.7, 10.2.4), which a real integration has
// not got.

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "policy/network.hpp"

namespace egress::control {

using Json = nlohmann::ordered_json;

Json to_json(const policy::EffectiveRoute& route);
// {"subnet", "routes"}; the subnet is one of the network's.
Json effective_routes_json(const policy::Network& network, const lab::SubnetRef& subnet);

// Packets per chain of the VNet's firewall; empty when there is no kernel to ask.
using ChainHits = std::map<std::string, uint64_t>;

// `hits` is null when unknown.
Json to_json(const policy::EffectiveRule& rule, const uint64_t* hits);
// {"subnet", "rules"}: outbound rules, then inbound ones, each in evaluation order.
Json effective_rules_json(const policy::Network& network, const lab::SubnetRef& subnet,
                          const ChainHits& hits);

}  // namespace egress::control
