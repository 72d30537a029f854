// SPDX-License-Identifier: MIT
#include "lab/schema/tolerated.hpp"

#include <algorithm>
#include <map>

namespace egress::lab {
namespace {

// Of which Azure's default is false, or true.
Tolerated off(const char* name) {
  return {name, {"false"}};
}
Tolerated on(const char* name) {
  return {name, {"true"}};
}
// Concerns nothing that a network sees, whether it is set or not.
Tolerated either(const char* name) {
  return {name, {"false", "true"}};
}
// Whatever it says is more than the default does.
Tolerated nothing(const char* name) {
  return {name, {}};
}
Tolerated usually(const char* name, std::vector<std::string> defaults) {
  return {name, std::move(defaults)};
}
Tolerated told(const char* name) {
  return {name, {}, true};
}

// Names and defaults of Microsoft.Network 2025-01-01 and Microsoft.Web 2024-11-01 (azure-facts,
// appendix A).
std::vector<Tolerated> of_virtual_networks() {
  return {off("enableDdosProtection"),
          off("enableVmProtection"),
          usually("encryption", {"false", "AllowUnencrypted"}),
          nothing("ddosProtectionPlan"),
          nothing("bgpCommunities"),
          nothing("tags"),
          told("resourceGuid"),
          told("provisioningState")};
}

std::vector<Tolerated> of_subnets() {
  return {usually("privateLinkServiceNetworkPolicies", {"Enabled"}),
          on("defaultOutboundAccess"),
          nothing("sharingScope"),
          nothing("ipAllocations"),
          nothing("applicationGatewayIPConfigurations"),
          told("serviceAssociationLinks"),
          told("resourceNavigationLinks"),
          told("ipConfigurations"),
          told("privateEndpoints"),
          told("purpose"),
          told("provisioningState")};
}

std::vector<Tolerated> of_peerings() {
  return {off("doNotVerifyRemoteGateways"), on("peerCompleteVnets"),
          off("enableOnlyIPv6Peering"),     told("peeringState"),
          told("peeringSyncLevel"),         told("provisioningState")};
}

std::vector<Tolerated> of_server_farms() {
  return {off("zoneRedundant"),
          off("perSiteScaling"),
          off("elasticScaleEnabled"),
          usually("numberOfWorkers", {"0", "1"}),
          usually("targetWorkerCount", {"0"}),
          usually("targetWorkerSizeId", {"0"}),
          usually("maximumElasticWorkerCount", {"0", "1"}),
          off("asyncScalingEnabled"),
          off("isSpot"),
          off("isXenon"),
          nothing("hostingEnvironmentProfile"),
          nothing("tags"),
          told("provisioningState")};
}

std::vector<Tolerated> of_sites() {
  return {off("httpsOnly"), either("clientAffinityEnabled"), either("clientAffinityProxyEnabled"),
          either("clientAffinityPartitioningEnabled"), off("clientCertEnabled"),
          usually("clientCertMode", {"Required"}), nothing("clientCertExclusionPaths"),
          on("enabled"), off("alwaysOn"), off("hostNamesDisabled"), off("scmSiteAlsoStopped"),
          off("storageAccountRequired"), off("endToEndEncryptionEnabled"), either("sshEnabled"),
          either("reserved"), off("hyperV"), off("isXenon"), usually("ipMode", {"IPv4"}),
          usually("redundancyMode", {"None"}), usually("containerSize", {"0"}),
          usually("dailyMemoryTimeQuota", {"0"}),
          usually("keyVaultReferenceIdentity", {"SystemAssigned"}),
          // Its meaning is not known, and it was null wherever it was seen (azure-facts 1.2.10).
          nothing("legacyServiceEndpointTrafficEvaluation"), nothing("hostingEnvironmentProfile"),
          nothing("tags"), told("possibleOutboundIpAddresses"), told("outboundIpv6Addresses")};
}

std::vector<Tolerated> of_site_configs() {
  return {told("vnetName"),
          off("alwaysOn"),
          either("http20Enabled"),
          either("webSocketsEnabled"),
          either("use32BitWorkerProcess"),
          usually("ftpsState", {"AllAllowed", "FtpsOnly", "Disabled"}),
          usually("minTlsVersion", {"1.2"}),
          usually("scmMinTlsVersion", {"1.2"}),
          usually("loadBalancing", {"LeastRequests"}),
          usually("managedPipelineMode", {"Integrated"}),
          usually("numberOfWorkers", {"1"}),
          usually("minimumElasticInstanceCount", {"0", "1"}),
          usually("preWarmedInstanceCount", {"0"}),
          usually("functionAppScaleLimit", {"0"}),
          usually("ipSecurityRestrictionsDefaultAction", {"Allow"}),
          usually("scmIpSecurityRestrictionsDefaultAction", {"Allow"}),
          nothing("ipSecurityRestrictions"),
          nothing("scmIpSecurityRestrictions"),
          off("scmIpSecurityRestrictionsUseMain"),
          off("acrUseManagedIdentityCreds"),
          nothing("acrUserManagedIdentityID"),
          off("autoHealEnabled"),
          off("localMySqlEnabled"),
          off("remoteDebuggingEnabled"),
          nothing("appCommandLine"),
          nothing("connectionStrings"),
          nothing("cors"),
          nothing("healthCheckPath")};
}

std::vector<Tolerated> of_load_balancers() {
  return {nothing("probes"),
          nothing("inboundNatRules"),
          nothing("inboundNatPools"),
          nothing("outboundRules"),
          nothing("tags"),
          told("resourceGuid"),
          told("provisioningState")};
}

std::vector<Tolerated> of_load_balancing_rules() {
  return {nothing("probe"),
          off("enableFloatingIP"),
          either("enableTcpReset"),
          either("disableOutboundSnat"),
          nothing("backendAddressPools"),
          usually("idleTimeoutInMinutes", {"4"}),
          told("provisioningState")};
}

std::map<ObjectType, std::vector<Tolerated>> make_all() {
  return {{ObjectType::kVirtualNetwork, of_virtual_networks()},
          {ObjectType::kSubnet, of_subnets()},
          {ObjectType::kVirtualNetworkPeering, of_peerings()},
          {ObjectType::kNetworkSecurityGroup, {nothing("tags"), told("provisioningState")}},
          {ObjectType::kRouteTable, {nothing("tags"), told("provisioningState")}},
          {ObjectType::kLoadBalancer, of_load_balancers()},
          {ObjectType::kFrontendIpConfiguration,
           {nothing("zones"), usually("privateIPAllocationMethod", {"Static"}),
            usually("privateIPAddressVersion", {"IPv4"}), told("provisioningState")}},
          {ObjectType::kBackendAddressPool,
           {nothing("drainPeriodInSeconds"), told("provisioningState")}},
          {ObjectType::kLoadBalancingRule, of_load_balancing_rules()},
          {ObjectType::kServerFarm, of_server_farms()},
          {ObjectType::kSite, of_sites()},
          {ObjectType::kSlot, of_sites()},
          {ObjectType::kSiteConfig, of_site_configs()}};
}

}  // namespace

const std::vector<Tolerated>& tolerated_properties(ObjectType type) {
  static const auto all = make_all();
  static const std::vector<Tolerated> none;
  const auto found = all.find(type);
  return found == all.end() ? none : found->second;
}

const Tolerated* find_tolerated(ObjectType type, const std::string& property) {
  const auto& known = tolerated_properties(type);
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Tolerated& each) { return each.name == property; });
  return found == known.end() ? nullptr : &*found;
}

}  // namespace egress::lab
