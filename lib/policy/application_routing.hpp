// SPDX-License-Identifier: MIT
#pragma once

// Application routing: which of an app's packets enter the virtual network at all
// (azure-facts 1.1 and 1.2). Everything else leaves directly and meets no rule or route.

#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "policy/service_endpoints.hpp"

namespace egress::policy {

struct ApplicationRouting {
  bool integrated = false;   // the site has a virtual network integration
  bool all = false;          // every destination enters the VNet
  std::string decided_by{};  // the setting, "outboundVnetRouting.applicationTraffic", or "default"
};

ApplicationRouting application_routing(const lab::Site& site);

// The prefixes a routing-off app sends into its VNet: RFC1918, the VNet's own space, and what
// `endpoints`, those of its integration subnet, lead to (azure-facts 1.1.4). Sorted, without
// duplicates. Empty when the site is not integrated.
std::vector<Ipv4Prefix> virtual_network_scope(const lab::Lab& lab, const lab::Site& site,
                                              const std::vector<EndpointPrefix>& endpoints);

}  // namespace egress::policy
