// SPDX-License-Identifier: MIT
#include "lab/schema/vocabulary.hpp"

#include <algorithm>
#include <utility>

#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

template <typename T>
std::vector<Spelling<T>> spelled(std::initializer_list<T> values) {
  std::vector<Spelling<T>> spellings;
  for (const T value : values) spellings.push_back({name_of(value), value});
  return spellings;
}

void add_skus(std::vector<Sku>& all, const char* tier,
              std::initializer_list<std::pair<const char*, int>> sizes, bool integrates) {
  for (const auto& [name, cores] : sizes) all.push_back({name, tier, integrates, cores});
}

std::vector<Sku> make_skus() {
  std::vector<Sku> all;
  add_skus(all, "Basic", {{"B1", 1}, {"B2", 2}, {"B3", 4}}, true);
  add_skus(all, "Standard", {{"S1", 1}, {"S2", 2}, {"S3", 4}}, true);
  add_skus(all, "Premium", {{"P1", 1}, {"P2", 2}, {"P3", 4}}, true);
  add_skus(all, "PremiumV2", {{"P1v2", 1}, {"P2v2", 2}, {"P3v2", 4}}, true);
  add_skus(all, "PremiumV3", {{"P0v3", 1}, {"P1v3", 2}, {"P2v3", 4}, {"P3v3", 8}}, true);
  add_skus(all, "PremiumMV3",
           {{"P1mv3", 2}, {"P2mv3", 4}, {"P3mv3", 8}, {"P4mv3", 16}, {"P5mv3", 32}}, true);
  add_skus(all, "PremiumV4", {{"P0v4", 1}, {"P1v4", 2}, {"P2v4", 4}, {"P3v4", 8}}, true);
  add_skus(all, "PremiumMV4",
           {{"P1mv4", 2}, {"P2mv4", 4}, {"P3mv4", 8}, {"P4mv4", 16}, {"P5mv4", 32}}, true);
  add_skus(all, "ElasticPremium", {{"EP1", 1}, {"EP2", 2}, {"EP3", 4}}, true);
  add_skus(all, "Free", {{"F1", 0}, {"Free", 0}}, false);
  add_skus(all, "Shared", {{"D1", 0}, {"Shared", 0}}, false);
  add_skus(all, kDynamic, {{"Y1", 0}}, false);
  add_skus(all, kFlexConsumption, {{"FC1", 0}}, false);
  add_skus(all, kWorkflowStandard, {{"WS1", 1}, {"WS2", 2}, {"WS3", 4}}, false);
  add_skus(all, kIsolated, {{"I1", 1}, {"I2", 2}, {"I3", 4}}, false);
  add_skus(all, kIsolated,
           {{"I1v2", 2}, {"I2v2", 4}, {"I3v2", 8}, {"I4v2", 16}, {"I5v2", 32}, {"I6v2", 64}},
           false);
  add_skus(all, kIsolated, {{"I1mv2", 2}, {"I2mv2", 4}, {"I3mv2", 8}, {"I4mv2", 16}, {"I5mv2", 32}},
           false);
  return all;
}

}  // namespace

const std::vector<Spelling<Direction>>& directions() {
  static const auto all = spelled({Direction::kInbound, Direction::kOutbound});
  return all;
}

const std::vector<Spelling<Access>>& accesses() {
  static const auto all = spelled({Access::kAllow, Access::kDeny});
  return all;
}

const std::vector<Spelling<SecurityRuleProtocol>>& protocols() {
  static const auto all =
      spelled({SecurityRuleProtocol::kTcp, SecurityRuleProtocol::kUdp, SecurityRuleProtocol::kIcmp,
               SecurityRuleProtocol::kEsp, SecurityRuleProtocol::kAh, SecurityRuleProtocol::kAny});
  return all;
}

const std::vector<Spelling<NetworkRuleProtocol>>& network_rule_protocols() {
  static const auto all = spelled({NetworkRuleProtocol::kTcp, NetworkRuleProtocol::kUdp,
                                   NetworkRuleProtocol::kIcmp, NetworkRuleProtocol::kAny});
  return all;
}

const std::vector<Spelling<NextHopType>>& next_hop_types() {
  static const auto all =
      spelled({NextHopType::kVirtualNetworkGateway, NextHopType::kVnetLocal, NextHopType::kInternet,
               NextHopType::kVirtualAppliance, NextHopType::kNone});
  return all;
}

const std::vector<Spelling<AddressAllocation>>& address_allocations() {
  static const std::vector<Spelling<AddressAllocation>> all = {
      {"lowest", AddressAllocation::kLowest}, {"highest", AddressAllocation::kHighest}};
  return all;
}

const std::vector<Spelling<Outcome>>& outcomes() {
  static const std::vector<Spelling<Outcome>> all = {{"allow", Outcome::kAllow},
                                                     {"deny", Outcome::kDeny},
                                                     {"drop", Outcome::kDrop},
                                                     {"noRoute", Outcome::kNoRoute},
                                                     {"unresolved", Outcome::kUnresolved},
                                                     {"forbidden", Outcome::kForbidden},
                                                     {"refused", Outcome::kRefused},
                                                     {"noAnswer", Outcome::kNoAnswer}};
  return all;
}

const std::vector<Spelling<LookupStatus>>& lookup_statuses() {
  static const auto all = spelled({LookupStatus::kNoError, LookupStatus::kNxDomain,
                                   LookupStatus::kServfail, LookupStatus::kTimeout});
  return all;
}

const std::vector<Spelling<Path>>& paths() {
  static const auto all = spelled({Path::kDirect, Path::kVirtualNetwork});
  return all;
}

const std::vector<Spelling<ResolutionPolicy>>& resolution_policies() {
  static const std::vector<Spelling<ResolutionPolicy>> all = {
      {"Default", ResolutionPolicy::kDefault},
      {"NxDomainRedirect", ResolutionPolicy::kNxDomainRedirect}};
  return all;
}

const std::vector<Spelling<PublicNetworkAccess>>& public_network_accesses() {
  static const std::vector<Spelling<PublicNetworkAccess>> all = {
      {"Enabled", PublicNetworkAccess::kEnabled}, {"Disabled", PublicNetworkAccess::kDisabled}};
  return all;
}

const std::vector<Spelling<PublicNetworkAccess>>& site_public_network_accesses() {
  static const std::vector<Spelling<PublicNetworkAccess>> all = [] {
    auto words = public_network_accesses();
    words.push_back({"SecuredByPerimeter", PublicNetworkAccess::kSecuredByPerimeter});
    return words;
  }();
  return all;
}

const std::vector<Spelling<std::string>>& bypasses() {
  static const std::vector<Spelling<std::string>> all = {{"AzureServices", "AzureServices"},
                                                         {"Logging", "Logging"},
                                                         {"Metrics", "Metrics"},
                                                         {"None", "None"}};
  return all;
}

const std::vector<Spelling<EndpointStatus>>& endpoint_statuses() {
  static const std::vector<Spelling<EndpointStatus>> all = {
      {"Approved", EndpointStatus::kApproved},
      {"Pending", EndpointStatus::kPending},
      {"Rejected", EndpointStatus::kRejected},
      {"Disconnected", EndpointStatus::kDisconnected}};
  return all;
}

const std::vector<Spelling<PrivateEndpointNetworkPolicies>>& private_endpoint_network_policies() {
  using Policies = PrivateEndpointNetworkPolicies;
  static const std::vector<Spelling<Policies>> all = {
      {"Disabled", Policies::kDisabled},
      {"Enabled", Policies::kEnabled},
      {"NetworkSecurityGroupEnabled", Policies::kNetworkSecurityGroupEnabled},
      {"RouteTableEnabled", Policies::kRouteTableEnabled}};
  return all;
}

const std::vector<Spelling<PrivateEndpointVnetPolicies>>& private_endpoint_vnet_policies() {
  static const std::vector<Spelling<PrivateEndpointVnetPolicies>> all = {
      {"Disabled", PrivateEndpointVnetPolicies::kDisabled},
      {"Basic", PrivateEndpointVnetPolicies::kBasic}};
  return all;
}

const std::vector<Spelling<TrafficClass>>& traffic_classes() {
  static const auto all = spelled({TrafficClass::kApplication, TrafficClass::kImagePull,
                                   TrafficClass::kContentShare, TrafficClass::kBackupRestore,
                                   TrafficClass::kManagedIdentity, TrafficClass::kKeyVault});
  return all;
}

const std::vector<Spelling<bool>>& startup_outcomes() {
  static const std::vector<Spelling<bool>> all = {{"running", true}, {"failed", false}};
  return all;
}

const std::vector<Spelling<IdentityType>>& identity_types() {
  static const auto all =
      spelled({IdentityType::kNone, IdentityType::kSystemAssigned, IdentityType::kUserAssigned,
               IdentityType::kSystemAssignedUserAssigned});
  return all;
}

const std::vector<Spelling<std::string>>& database_types() {
  static const std::vector<Spelling<std::string>> all = {{"LocalMySql", "LocalMySql"},
                                                         {"MySql", "MySql"},
                                                         {"PostgreSql", "PostgreSql"},
                                                         {"SqlAzure", "SqlAzure"}};
  return all;
}

const std::vector<Spelling<std::string>>& nat_gateway_skus() {
  static const std::vector<Spelling<std::string>> all = {{"Standard", "Standard"},
                                                         {"StandardV2", "StandardV2"}};
  return all;
}

const std::vector<Spelling<GatewayType>>& gateway_types() {
  static const std::vector<Spelling<GatewayType>> all = {
      {"Vpn", GatewayType::kVpn}, {"ExpressRoute", GatewayType::kExpressRoute}};
  return all;
}

const std::vector<Spelling<std::string>>& gateway_skus() {
  static const std::vector<Spelling<std::string>> all = [] {
    std::vector<Spelling<std::string>> spellings;
    for (const char* const name :
         {"Basic", "Standard", "HighPerformance", "UltraPerformance", "VpnGw1", "VpnGw2", "VpnGw3",
          "VpnGw4", "VpnGw5", "VpnGw1AZ", "VpnGw2AZ", "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ", "ErGw1AZ",
          "ErGw2AZ", "ErGw3AZ", "ErGwScale"}) {
      spellings.push_back({name, name});
    }
    return spellings;
  }();
  return all;
}

const std::vector<Spelling<LoadBalancerSku>>& load_balancer_skus() {
  static const std::vector<Spelling<LoadBalancerSku>> all = {
      {"Standard", LoadBalancerSku::kStandard}, {"Basic", LoadBalancerSku::kBasic}};
  return all;
}

const std::vector<Spelling<LoadBalancingProtocol>>& load_balancing_protocols() {
  static const std::vector<Spelling<LoadBalancingProtocol>> all = {
      {"Tcp", LoadBalancingProtocol::kTcp},
      {"Udp", LoadBalancingProtocol::kUdp},
      {"All", LoadBalancingProtocol::kAll}};
  return all;
}

const std::vector<Spelling<LoadDistribution>>& load_distributions() {
  static const std::vector<Spelling<LoadDistribution>> all = {
      {"Default", LoadDistribution::kDefault},
      {"SourceIP", LoadDistribution::kSourceIp},
      {"SourceIPProtocol", LoadDistribution::kSourceIpProtocol}};
  return all;
}

const std::vector<Spelling<IntegrationInterface>>& integration_interfaces() {
  static const std::vector<Spelling<IntegrationInterface>> all = {
      {"veth", IntegrationInterface::kVeth}, {"tun", IntegrationInterface::kTun}};
  return all;
}

const std::vector<Sku>& skus() {
  static const std::vector<Sku> all = make_skus();
  return all;
}

const Sku* find_sku(const std::string& name) {
  const auto found = std::find_if(skus().begin(), skus().end(), [&](const Sku& sku) {
    return equal_ignoring_case(sku.name, name);
  });
  return found == skus().end() ? nullptr : &*found;
}

std::vector<std::string> integrating_or_free_sku_names() {
  std::vector<std::string> names;
  for (const bool integrates : {true, false}) {
    for (const Sku& sku : skus()) {
      if (sku.integrates == integrates && sku.tier != kIsolated) names.push_back(sku.name);
    }
  }
  return names;
}

const std::vector<std::string>& service_endpoint_names() {
  static const std::vector<std::string> all = {"Microsoft.AzureActiveDirectory",
                                               "Microsoft.AzureCosmosDB",
                                               "Microsoft.CognitiveServices",
                                               "Microsoft.ContainerRegistry",
                                               "Microsoft.EventHub",
                                               "Microsoft.KeyVault",
                                               "Microsoft.ServiceBus",
                                               "Microsoft.Sql",
                                               "Microsoft.Storage",
                                               "Microsoft.Storage.Global",
                                               "Microsoft.Web"};
  return all;
}

const std::vector<std::string>& default_security_rules() {
  static const std::vector<std::string> all = {
      "AllowVnetInBound",  "AllowAzureLoadBalancerInBound", "DenyAllInBound",
      "AllowVnetOutBound", "AllowInternetOutBound",         "DenyAllOutBound"};
  return all;
}

const std::vector<std::string>& reserved_keys() {
  static const std::vector<std::string> all = {"attachments", "clock"};
  return all;
}

}  // namespace egress::lab
