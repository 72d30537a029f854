// SPDX-License-Identifier: MIT
#pragma once

// The words of the lab language: the spellings of enums, and the lists of names that Azure defines.

#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::lab {

// A value of an enum and the word for it, in ARM's spelling.
template <typename T>
struct Spelling {
  std::string word{};
  T value{};
};

const std::vector<Spelling<Direction>>& directions();
const std::vector<Spelling<Access>>& accesses();
const std::vector<Spelling<SecurityRuleProtocol>>& protocols();
const std::vector<Spelling<NetworkRuleProtocol>>& network_rule_protocols();
const std::vector<Spelling<NextHopType>>& next_hop_types();
const std::vector<Spelling<AddressAllocation>>& address_allocations();
const std::vector<Spelling<Outcome>>& outcomes();
const std::vector<Spelling<LookupStatus>>& lookup_statuses();
const std::vector<Spelling<Path>>& paths();
const std::vector<Spelling<ResolutionPolicy>>& resolution_policies();
const std::vector<Spelling<PublicNetworkAccess>>& public_network_accesses();
const std::vector<Spelling<PublicNetworkAccess>>& site_public_network_accesses();
const std::vector<Spelling<std::string>>& bypasses();
const std::vector<Spelling<EndpointStatus>>& endpoint_statuses();
const std::vector<Spelling<PrivateEndpointNetworkPolicies>>& private_endpoint_network_policies();
const std::vector<Spelling<PrivateEndpointVnetPolicies>>& private_endpoint_vnet_policies();

const std::vector<Spelling<TrafficClass>>& traffic_classes();
const std::vector<Spelling<bool>>& startup_outcomes();
const std::vector<Spelling<IdentityType>>& identity_types();
const std::vector<Spelling<std::string>>& database_types();
const std::vector<Spelling<std::string>>& nat_gateway_skus();
const std::vector<Spelling<GatewayType>>& gateway_types();
const std::vector<Spelling<std::string>>& gateway_skus();
const std::vector<Spelling<LoadBalancerSku>>& load_balancer_skus();
const std::vector<Spelling<LoadBalancingProtocol>>& load_balancing_protocols();
const std::vector<Spelling<LoadDistribution>>& load_distributions();
const std::vector<Spelling<IntegrationInterface>>& integration_interfaces();

template <typename T>
std::vector<std::string> words_of(const std::vector<Spelling<T>>& spellings) {
  std::vector<std::string> words;
  for (const Spelling<T>& spelling : spellings) words.push_back(spelling.word);
  return words;
}

// Every value of an enum has a word.
template <typename T>
std::string word_for(const std::vector<Spelling<T>>& spellings, T value) {
  for (const Spelling<T>& spelling : spellings) {
    if (spelling.value == value) return spelling.word;
  }
  return {};
}

// A size of App Service; only some tiers have regional integration (azure-facts 3.3.5, 13.9).
struct Sku {
  std::string name{};
  std::string tier{};
  bool integrates = true;
  int cores = 0;  // of an instance; 0 where it has no cores of its own
};
// Tiers of which rules speak: two have an integration of another kind, one has none, and one is
// that of Logic Apps.
inline constexpr const char* kIsolated = "Isolated";
inline constexpr const char* kFlexConsumption = "FlexConsumption";
inline constexpr const char* kDynamic = "Dynamic";
inline constexpr const char* kWorkflowStandard = "WorkflowStandard";
const std::vector<Sku>& skus();
// Those that a plan may have, the ones without integration last.
std::vector<std::string> integrating_or_free_sku_names();
const Sku* find_sku(const std::string& name);  // case does not count; null: unknown

// Names of service endpoints (azure-facts 1.4.1), and the delegations of an integration subnet and
// of one that Flex Consumption uses (azure-facts 13.9).
const std::vector<std::string>& service_endpoint_names();
inline constexpr const char* kServerFarmsDelegation = "Microsoft.Web/serverFarms";
inline constexpr const char* kEnvironmentsDelegation = "Microsoft.App/environments";

// Azure adds these to every security group (azure-facts 4.3).
const std::vector<std::string>& default_security_rules();

// Maps that the lab file's format reserves and that nothing emulates.
const std::vector<std::string>& reserved_keys();

}  // namespace egress::lab
