// SPDX-License-Identifier: MIT
#include "inspect/changes.hpp"

#include <tuple>

namespace egress::inspect {

namespace {

// What of a resource is its own, and not a resource for itself. Each is taken apart into all its
// fields: a new one does not compile until somebody decided which of the two it is.
auto own_fields(const lab::VirtualNetwork& vnet) {
  const auto& [location, prefixes, dns_servers, subnets, peerings, endpoint_policies, subscription,
               flow_timeout] = vnet;
  static_cast<void>(std::tie(subnets, peerings));
  return std::tie(location, prefixes, dns_servers, endpoint_policies, subscription, flow_timeout);
}

auto own_fields(const lab::PrivateDnsZone& zone) {
  const auto& [name, links, sets] = zone;
  static_cast<void>(std::tie(links, sets));
  return std::tie(name);
}

auto own_fields(const lab::NetworkSecurityGroup& group) {
  const auto& [rules, flush] = group;
  static_cast<void>(rules);
  return std::tie(flush);
}

auto own_fields(const lab::RouteTable& table) {
  const auto& [routes] = table;
  static_cast<void>(routes);
  return std::tuple<>{};
}

template <typename T>
std::tuple<const T&> own_fields(const T& resource) {
  return {resource};
}

// `parent` is "" or "nsg/", the head of the names.
template <typename T>
void compare(const char* kind, const std::string& parent, const lab::Named<T>& before,
             const lab::Named<T>& after, std::vector<ResourceChange>& found) {
  for (const auto& [name, value] : after) {
    const auto old_one = before.find(name);
    if (old_one == before.end()) {
      found.push_back({"add", kind, parent + name});
    } else if (own_fields(old_one->second) != own_fields(value)) {
      found.push_back({"change", kind, parent + name});
    }
  }
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) found.push_back({"remove", kind, parent + name});
  }
}

// The children of each parent that is in either lab.
template <typename Child, typename Parent>
void compare_children(const char* kind, const lab::Named<Parent>& before,
                      const lab::Named<Parent>& after, lab::Named<Child> Parent::*children,
                      std::vector<ResourceChange>& found) {
  static const lab::Named<Child> kNone;
  for (const auto& [name, parent] : after) {
    const auto old_one = before.find(name);
    compare(kind, name + "/", old_one == before.end() ? kNone : old_one->second.*children,
            parent.*children, found);
  }
  for (const auto& [name, parent] : before) {
    if (!after.contains(name)) compare(kind, name + "/", parent.*children, kNone, found);
  }
}

}  // namespace

std::vector<ResourceChange> resource_changes(const lab::Lab* before, const lab::Lab& after) {
  static const lab::Lab kNothing;
  std::vector<ResourceChange> found;
  const auto& [location, outbound, allocation, networks, groups, tables, asgs, farms, sites, hosts,
               services, endpoints, zones, public_dns, subscriptions, subscription, public_ips,
               nat_gateways, snat_ports, certificates, tags_file, tags, expectations] =
      before == nullptr ? kNothing : *before;
  // Neither the name of the file nor what is expected is part of what a lab makes.
  static_cast<void>(std::tie(tags_file, tags, expectations));
  const auto note = [&](bool same, const char* name) {
    if (before != nullptr && !same) found.push_back({"change", "lab", name});
  };
  note(location == after.location, "location");
  note(outbound == after.outbound_ip_addresses, "outboundIpAddresses");
  note(allocation == after.address_allocation, "addressAllocation");
  note(asgs == after.application_security_groups, "applicationSecurityGroups");
  note(before == nullptr || lab::same_service_tags(*before, after), "serviceTags");
  note(public_dns == after.public_dns, "publicDns");
  note(subscription == after.subscription, "subscription");
  note(snat_ports == after.snat_ports, "snatPorts");
  compare("subscription", "", subscriptions, after.subscriptions, found);
  compare("publicIPAddress", "", public_ips, after.public_ip_addresses, found);
  compare("natGateway", "", nat_gateways, after.nat_gateways, found);
  compare("networkSecurityGroup", "", groups, after.network_security_groups, found);
  compare_children("securityRule", groups, after.network_security_groups,
                   &lab::NetworkSecurityGroup::security_rules, found);
  compare("routeTable", "", tables, after.route_tables, found);
  compare_children("route", tables, after.route_tables, &lab::RouteTable::routes, found);
  compare("virtualNetwork", "", networks, after.virtual_networks, found);
  compare_children("subnet", networks, after.virtual_networks, &lab::VirtualNetwork::subnets,
                   found);
  compare_children("virtualNetworkPeering", networks, after.virtual_networks,
                   &lab::VirtualNetwork::virtual_network_peerings, found);
  compare("service", "", services, after.services, found);
  compare("privateEndpoint", "", endpoints, after.private_endpoints, found);
  compare("privateDnsZone", "", zones, after.private_dns_zones, found);
  compare_children("virtualNetworkLink", zones, after.private_dns_zones,
                   &lab::PrivateDnsZone::virtual_network_links, found);
  compare_children("recordSet", zones, after.private_dns_zones, &lab::PrivateDnsZone::record_sets,
                   found);
  compare("serverFarm", "", farms, after.server_farms, found);
  compare("site", "", sites, after.sites, found);
  compare("certificate", "", certificates, after.certificates, found);
  compare("host", "", hosts, after.hosts, found);
  return found;
}

}  // namespace egress::inspect
