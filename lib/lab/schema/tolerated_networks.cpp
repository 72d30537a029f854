// SPDX-License-Identifier: MIT

// Names and defaults of Microsoft.Network 2025-01-01 (azure-facts, appendix A).

#include "lab/schema/tolerance.hpp"

namespace egress::lab {
namespace {

using All = std::vector<Tolerated>;

All of_virtual_networks() {
  return of_resources() +
         All{nothing("dhcpOptions"),         off("enableDdosProtection"),
             off("enableVmProtection"),      usually("encryption", {"false", "AllowUnencrypted"}),
             nothing("ddosProtectionPlan"),  nothing("bgpCommunities"),
             nothing("ipAllocations"),       told("flowLogs"),
             told("defaultPublicNatGateway")};
}

All of_subnets() {
  Tolerated outbound = on("defaultOutboundAccess");
  outbound.unless = "delegations";
  return of_children() + All{usually("privateLinkServiceNetworkPolicies", {"Enabled"}),
                             outbound,
                             nothing("sharingScope"),
                             nothing("ipAllocations"),
                             nothing("ipamPoolPrefixAllocations"),
                             nothing("applicationGatewayIPConfigurations"),
                             nothing("serviceGateway"),
                             told("ipConfigurationProfiles"),
                             told("serviceAssociationLinks"),
                             told("resourceNavigationLinks"),
                             told("ipConfigurations"),
                             told("privateEndpoints"),
                             told("purpose")};
}

All of_peerings() {
  return of_children() + All{off("doNotVerifyRemoteGateways"),
                             on("peerCompleteVnets"),
                             off("enableOnlyIPv6Peering"),
                             nothing("localSubnetNames"),
                             nothing("remoteSubnetNames"),
                             told("remoteAddressSpace"),
                             told("remoteVirtualNetworkAddressSpace"),
                             told("localAddressSpace"),
                             told("localVirtualNetworkAddressSpace"),
                             told("remoteBgpCommunities"),
                             told("remoteVirtualNetworkEncryption"),
                             told("resourceGuid"),
                             told("peeringState"),
                             told("peeringSyncLevel")};
}

All of_nat_gateways() {
  return of_resources_with_region() + All{nothing("zones"),
                                          nothing("publicIpAddressesV6"),
                                          nothing("publicIpPrefixesV6"),
                                          nothing("sourceVirtualNetwork"),
                                          nothing("serviceGateway"),
                                          told("subnets")};
}

All of_public_addresses() {
  return of_resources_with_region() +
         All{usually("sku", {"Standard", "Basic", "Regional"}),
             usually("publicIPAllocationMethod", {"Static", "Dynamic"}),
             usually("publicIPAddressVersion", {"IPv4"}),
             usually("idleTimeoutInMinutes", {"4"}),
             usually("deleteOption", {"Detach"}),
             usually("ddosSettings", {"VirtualNetworkInherited"}),
             nothing("zones"),
             nothing("dnsSettings"),
             nothing("ipTags"),
             nothing("publicIPPrefix"),
             told("ipConfiguration"),
             told("natGateway"),
             told("linkedPublicIPAddress"),
             told("servicePublicIPAddress"),
             told("migrationPhase")};
}

All of_private_endpoints() {
  return of_resources_with_region() + All{nothing("ipConfigurations"),
                                          nothing("applicationSecurityGroups"),
                                          apart("customNetworkInterfaceName"),
                                          nothing("privateLinkServiceConnections"),
                                          nothing("manualPrivateLinkServiceConnections"),
                                          nothing("privateDnsZoneGroups"),
                                          apart("requestMessage"),
                                          apart("privateLinkServiceConnectionState"),
                                          usually("ipVersionType", {"IPv4"}),
                                          told("networkInterfaces"),
                                          told("customDnsConfigs")};
}

All of_zones() {
  return of_resources_with_region() +
         told_all({"numberOfRecordSets", "maxNumberOfRecordSets", "numberOfVirtualNetworkLinks",
                   "maxNumberOfVirtualNetworkLinks", "numberOfVirtualNetworkLinksWithRegistration",
                   "maxNumberOfVirtualNetworkLinksWithRegistration", "internalId"});
}

All of_load_balancers() {
  return of_resources_with_region() + All{nothing("probes"), nothing("inboundNatRules"),
                                          nothing("inboundNatPools"), nothing("outboundRules"),
                                          usually("scope", {"Private"})};
}

All of_load_balancing_rules() {
  return of_children() + All{nothing("probe"),
                             off("enableFloatingIP"),
                             apart("enableTcpReset"),
                             apart("disableOutboundSnat"),
                             nothing("backendAddressPools"),
                             usually("idleTimeoutInMinutes", {"4"}),
                             off("enableConnectionTracking")};
}

All of_gateways() {
  return of_resources_with_region() + All{usually("vpnType", {"RouteBased"}),
                                          apart("vpnGatewayGeneration"),
                                          apart("enableBgp"),
                                          off("activeActive"),
                                          off("enablePrivateIpAddress"),
                                          off("enableDnsForwarding"),
                                          on("disableIPSecReplayProtection"),
                                          on("allowRemoteVnetTraffic"),
                                          on("allowVirtualWanTraffic"),
                                          nothing("ipConfigurations"),
                                          nothing("natRules"),
                                          off("enableBgpRouteTranslationForNat"),
                                          nothing("vpnClientConfiguration"),
                                          nothing("gatewayDefaultSite"),
                                          nothing("customRoutes"),
                                          told("inboundDnsForwardingEndpoint")};
}

}  // namespace

ToleratedByObject tolerated_of_networks() {
  return {
      {ObjectType::kVirtualNetwork, of_virtual_networks()},
      {ObjectType::kSubnet, of_subnets()},
      {ObjectType::kServiceEndpoint, All{told("provisioningState"), nothing("networkIdentifier")}},
      {ObjectType::kVirtualNetworkPeering, of_peerings()},
      {ObjectType::kNetworkSecurityGroup,
       of_resources_with_region() +
           told_all({"defaultSecurityRules", "subnets", "networkInterfaces", "flowLogs"})},
      {ObjectType::kSecurityRule, of_children()},
      {ObjectType::kRouteTable, of_resources_with_region() + told_all({"subnets"})},
      {ObjectType::kRoute, of_children() + All{off("hasBgpOverride"), nothing("nextHop")}},
      {ObjectType::kApplicationSecurityGroup, of_resources_with_region()},
      {ObjectType::kNatGateway, of_nat_gateways()},
      {ObjectType::kPublicIpAddress, of_public_addresses()},
      {ObjectType::kPrivateEndpoint, of_private_endpoints()},
      {ObjectType::kPrivateDnsZone, of_zones()},
      {ObjectType::kVirtualNetworkLink,
       of_resources_with_region() + told_all({"virtualNetworkLinkState"})},
      {ObjectType::kVirtualNetworkGateway, of_gateways()},
      {ObjectType::kLoadBalancer, of_load_balancers()},
      {ObjectType::kFrontendIpConfiguration,
       of_children() + All{nothing("zones"), usually("privateIPAllocationMethod", {"Static"}),
                           usually("privateIPAddressVersion", {"IPv4"}),
                           nothing("gatewayLoadBalancer"), nothing("publicIPAddress"),
                           nothing("publicIPPrefix"), told("loadBalancingRules"),
                           told("inboundNatRules"), told("outboundRules")}},
      {ObjectType::kBackendAddressPool,
       of_children() + All{nothing("drainPeriodInSeconds"), nothing("tunnelInterfaces"),
                           usually("syncMode", {"Automatic"}), told("loadBalancingRules"),
                           told("outboundRules"), told("inboundNatRules")}},
      {ObjectType::kLoadBalancingRule, of_load_balancing_rules()}};
}

}  // namespace egress::lab
