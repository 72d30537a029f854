// SPDX-License-Identifier: MIT
#pragma once

// Which of an app's packets enter the virtual network at all, by what sends them (azure-facts 1.1,
// 1.2, 2.1, 2.2). Everything else leaves directly and meets no rule or route.

#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "policy/service_endpoints.hpp"

namespace egress::policy {

struct TrafficRouting {
  // What enters the network: kPrivate what virtual_network_scope() says. Only the application's
  // packets are ever told apart by their destination.
  enum class Scope { kNothing, kPrivate, kEverything };
  bool integrated = false;  // the site has a virtual network integration
  Scope scope = Scope::kNothing;
  std::string decided_by{};  // the setting, "outboundVnetRouting.applicationTraffic", or "default"
  bool operator==(const TrafficRouting&) const = default;
};

// Of a class the first that is there decides: publicNetworkAccess where it is SecuredByPerimeter,
// outboundVnetRouting, the legacy property, the app setting, which is on with "1" or "true" in any
// case. A site that is not integrated sends nothing into a network. Nobody decides about Key Vault
// references: once the public attempt has failed, everything enters (contract "Decided" 25).
TrafficRouting traffic_routing(const lab::Site& site, lab::TrafficClass traffic);

// The word for a class's routing where that alone decides a flow: "applicationRouting",
// "imagePullTraffic"; "keyVaultReferences", which no flag is called.
const char* routing_word(lab::TrafficClass traffic);

// The prefixes a routing-off app sends into its VNet: RFC1918, the VNet's own space, and what
// `endpoints`, those of its integration subnet, lead to (azure-facts 1.1.4). Sorted, without
// duplicates. Empty when the site is not integrated.
std::vector<Ipv4Prefix> virtual_network_scope(const lab::Lab& lab, const lab::Site& site,
                                              const std::vector<EndpointPrefix>& endpoints);

}  // namespace egress::policy
