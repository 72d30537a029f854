// SPDX-License-Identifier: MIT
#include "base/duration.hpp"
#include "lab/write/writer.hpp"

namespace egress::lab {

// None permit nothing, which is another thing than to say none.
Document Writer::assignments(const std::optional<std::vector<RoleAssignment>>& assignments) const {
  const Document none = Document::array();
  return assignments && assignments->empty() ? none : json_of(assignments);
}

Document Writer::json_of(const RoleAssignment& assignment) const {
  const auto& [scope, actions] = assignment;
  return object(field("scope", scope), field("actions", actions));
}

Document Writer::write() const {
  const auto& [location, outbound, allocation, networks, security_groups, tables, groups, farms,
               sites, hosts, services, endpoints, zones, public_dns, subscriptions, subscription,
               public_ips, nat_gateways, gateways, on_premises, balancers, snat_ports, certificates,
               tags_file, tags, expectations, release_delay, role_assignments, max_scale_changes,
               not_emulated] = lab_;
  static_cast<void>(tags);  // they stay in their file
  return object(field("location", location), field("outboundIpAddresses", outbound),
                field("addressAllocation", word_for(address_allocations(), allocation)),
                field("serviceTags", if_any(tags_file)), field("subscriptions", subscriptions),
                field("subscription", if_any(subscription)), field("publicIPAddresses", public_ips),
                field("natGateways", nat_gateways), field("virtualNetworkGateways", gateways),
                field("onPremises", on_premises), field("loadBalancers", balancers),
                field("snatPorts", unless(SnatPorts{}, snat_ports)),
                field("releaseDelay", unless(duration_text({}), duration_text(release_delay))),
                field("maxScaleChangesPerHour", max_scale_changes),
                Field{"roleAssignments", assignments(role_assignments)},
                field("virtualNetworks", networks), field("networkSecurityGroups", security_groups),
                field("routeTables", tables), field("applicationSecurityGroups", groups),
                field("services", services), field("privateEndpoints", endpoints),
                field("privateDnsZones", zones),
                field("publicDns", unless(PublicDns{}, public_dns)), field("serverFarms", farms),
                field("sites", sites), field("certificates", certificates), field("hosts", hosts),
                field("expectations", expectations));
}

Document Writer::json_of(const VirtualNetwork& vnet) const {
  const auto& [location, prefixes, dns_servers, subnets, peerings, endpoint_policies, subscription,
               flow_timeout] = vnet;
  return object(field("location", unless(lab_.location, location)),
                field("addressPrefixes", prefixes), field("dnsServers", dns_servers),
                field("subnets", subnets), field("virtualNetworkPeerings", peerings),
                field("privateEndpointVNetPolicies",
                      word_unless(private_endpoint_vnet_policies(),
                                  PrivateEndpointVnetPolicies::kDisabled, endpoint_policies)),
                field("subscription", if_any(subscription)),
                field("flowTimeoutInMinutes", flow_timeout));
}

Document Writer::json_of(const Subnet& subnet) const {
  const auto& [prefixes, delegations, group, table, endpoints, endpoint_policies,
               service_endpoint_policies, nat_gateway] = subnet;
  return object(field("addressPrefixes", prefixes), field("delegations", delegations),
                field("networkSecurityGroup", group), field("routeTable", table),
                field("natGateway", nat_gateway), field("serviceEndpoints", endpoints),
                field("privateEndpointNetworkPolicies",
                      word_unless(private_endpoint_network_policies(),
                                  PrivateEndpointNetworkPolicies::kDisabled, endpoint_policies)),
                field("serviceEndpointPolicies", service_endpoint_policies));
}

Document Writer::json_of(const ServiceEndpoint& endpoint) const {
  const auto& [service, locations] = endpoint;
  if (locations.empty()) return json_of(service);
  return object(field("service", service), field("locations", locations));
}

Document Writer::json_of(const VirtualNetworkPeering& peering) const {
  const auto& [access, forwarded, transit, remote] = peering;
  return object(
      field("allowVirtualNetworkAccess", access), field("allowForwardedTraffic", forwarded),
      field("allowGatewayTransit", if_true(transit)), field("useRemoteGateways", if_true(remote)));
}

}  // namespace egress::lab
