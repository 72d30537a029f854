// SPDX-License-Identifier: MIT
#include "policy/application_routing.hpp"

#include <algorithm>
#include <iterator>

namespace egress::policy {
namespace {

ApplicationRouting decide(const lab::Site& site) {
  const bool integrated = site.virtual_network_subnet.has_value();
  if (site.outbound_vnet_routing) {
    const lab::OutboundVnetRouting& routing = *site.outbound_vnet_routing;
    if (routing.all_traffic) return {integrated, true, "outboundVnetRouting.allTraffic"};
    return {integrated, routing.application_traffic, "outboundVnetRouting.applicationTraffic"};
  }
  if (site.vnet_route_all_enabled) {
    return {integrated, *site.vnet_route_all_enabled, "vnetRouteAllEnabled"};
  }
  const auto setting = site.app_settings.find("WEBSITE_VNET_ROUTE_ALL");
  if (setting != site.app_settings.end()) {
    return {integrated, setting->second == "1", "WEBSITE_VNET_ROUTE_ALL"};
  }
  return {integrated, false, "default"};
}

}  // namespace

ApplicationRouting application_routing(const lab::Site& site) {
  ApplicationRouting routing = decide(site);
  routing.all = routing.all && routing.integrated;
  return routing;
}

std::vector<Ipv4Prefix> virtual_network_scope(const lab::Lab& lab, const lab::Site& site,
                                              const std::vector<EndpointPrefix>& endpoints) {
  if (!site.virtual_network_subnet) return {};
  std::vector<Ipv4Prefix> scope(std::begin(kRfc1918), std::end(kRfc1918));
  const auto vnet = lab.virtual_networks.find(site.virtual_network_subnet->vnet);
  if (vnet != lab.virtual_networks.end()) {
    const std::vector<Ipv4Prefix>& own = vnet->second.address_prefixes;
    scope.insert(scope.end(), own.begin(), own.end());
  }
  for (const EndpointPrefix& each : endpoints) scope.push_back(each.prefix);
  std::sort(scope.begin(), scope.end());
  scope.erase(std::unique(scope.begin(), scope.end()), scope.end());
  return scope;
}

}  // namespace egress::policy
