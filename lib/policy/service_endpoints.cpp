// SPDX-License-Identifier: MIT
#include "policy/service_endpoints.hpp"

#include <algorithm>
#include <string_view>

#include "policy/tags.hpp"

namespace egress::policy {
namespace {

constexpr std::string_view kEverywhere = "*";
constexpr std::string_view kStorage = "Microsoft.Storage";
constexpr std::string_view kSql = "Microsoft.Sql";

struct EndpointTag {
  std::string_view service;
  std::string_view tag;
};
// The services of azure-facts 1.4.1, and under which tag their addresses are published.
constexpr EndpointTag kTags[] = {
    {"Microsoft.AzureActiveDirectory", "AzureActiveDirectory"},
    {"Microsoft.AzureCosmosDB", "AzureCosmosDB"},
    {"Microsoft.CognitiveServices", "CognitiveServicesManagement"},
    {"Microsoft.ContainerRegistry", "AzureContainerRegistry"},
    {"Microsoft.EventHub", "EventHub"},
    {"Microsoft.KeyVault", "AzureKeyVault"},
    {"Microsoft.ServiceBus", "ServiceBus"},
    {"Microsoft.Sql", "Sql"},
    {"Microsoft.Storage", "Storage"},
    {"Microsoft.Storage.Global", "Storage"},
    {"Microsoft.Web", "AppService"},
};

struct RegionPair {
  std::string_view region;
  std::string_view pair;
};
// Azure's cross-region replication; some regions are the pair of another that is not theirs.
constexpr RegionPair kPairs[] = {
    {"australiacentral", "australiacentral2"},
    {"australiacentral2", "australiacentral"},
    {"australiaeast", "australiasoutheast"},
    {"australiasoutheast", "australiaeast"},
    {"brazilsouth", "southcentralus"},
    {"brazilsoutheast", "brazilsouth"},
    {"canadacentral", "canadaeast"},
    {"canadaeast", "canadacentral"},
    {"centralindia", "southindia"},
    {"centralus", "eastus2"},
    {"chinaeast", "chinanorth"},
    {"chinaeast2", "chinanorth2"},
    {"chinaeast3", "chinanorth3"},
    {"chinanorth", "chinaeast"},
    {"chinanorth2", "chinaeast2"},
    {"chinanorth3", "chinaeast3"},
    {"eastasia", "southeastasia"},
    {"eastus", "westus"},
    {"eastus2", "centralus"},
    {"francecentral", "francesouth"},
    {"francesouth", "francecentral"},
    {"germanynorth", "germanywestcentral"},
    {"germanywestcentral", "germanynorth"},
    {"japaneast", "japanwest"},
    {"japanwest", "japaneast"},
    {"jioindiacentral", "jioindiawest"},
    {"jioindiawest", "jioindiacentral"},
    {"koreacentral", "koreasouth"},
    {"koreasouth", "koreacentral"},
    {"northcentralus", "southcentralus"},
    {"northeurope", "westeurope"},
    {"norwayeast", "norwaywest"},
    {"norwaywest", "norwayeast"},
    {"southafricanorth", "southafricawest"},
    {"southafricawest", "southafricanorth"},
    {"southcentralus", "northcentralus"},
    {"southeastasia", "eastasia"},
    {"southindia", "centralindia"},
    {"swedencentral", "swedensouth"},
    {"swedensouth", "swedencentral"},
    {"switzerlandnorth", "switzerlandwest"},
    {"switzerlandwest", "switzerlandnorth"},
    {"uaecentral", "uaenorth"},
    {"uaenorth", "uaecentral"},
    {"uksouth", "ukwest"},
    {"ukwest", "uksouth"},
    {"usgovarizona", "usgovtexas"},
    {"usgovtexas", "usgovarizona"},
    {"usgovvirginia", "usgovtexas"},
    {"westcentralus", "westus2"},
    {"westeurope", "northeurope"},
    {"westindia", "southindia"},
    {"westus", "eastus"},
    {"westus2", "westcentralus"},
    {"westus3", "eastus"},
};

// azure-facts 1.4.2
std::vector<std::string> default_locations(const std::string& service, const std::string& region) {
  if (service == kSql) return {region};
  if (service != kStorage) return {std::string(kEverywhere)};
  const auto pair = std::find_if(std::begin(kPairs), std::end(kPairs),
                                 [&](const RegionPair& each) { return each.region == region; });
  if (pair == std::end(kPairs)) return {region};
  return {region, std::string(pair->pair)};
}

}  // namespace

const std::vector<EndpointPrefix>& ServiceEndpoints::of(const lab::SubnetRef& subnet) {
  Key key;
  const lab::Subnet* declared = lab_.find(subnet);
  if (declared != nullptr && !declared->service_endpoints.empty()) {
    key.second = lab_.virtual_networks.at(subnet.vnet).location;
    for (const lab::ServiceEndpoint& endpoint : declared->service_endpoints) {
      key.first.emplace_back(endpoint.service, endpoint.locations.empty()
                                                   ? default_locations(endpoint.service, key.second)
                                                   : endpoint.locations);
    }
  }
  const auto [entry, added] = known_.try_emplace(key);
  std::vector<EndpointPrefix>& all = entry->second;
  if (!added) return all;
  for (const auto& [service, locations] : key.first) {
    for (const Ipv4Prefix& prefix : of(service, locations)) all.push_back({prefix, service});
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end(),
                        [](const EndpointPrefix& a, const EndpointPrefix& b) {
                          return a.prefix == b.prefix;
                        }),
            all.end());
  return all;
}

const std::vector<Ipv4Prefix>& ServiceEndpoints::of(const std::string& service,
                                                    const Locations& locations) {
  const auto [entry, added] = prefixes_.try_emplace({service, locations});
  if (!added) return entry->second;
  const auto known = std::find_if(std::begin(kTags), std::end(kTags),
                                  [&](const EndpointTag& each) { return each.service == service; });
  if (known == std::end(kTags)) return entry->second;
  const std::string tag(known->tag);
  AddressSet addresses;
  for (const std::string& location : locations) {
    const std::string name = location == kEverywhere ? tag : regional_tag(lab_, tag, location);
    addresses = addresses.united(*service_tag(lab_, name));
  }
  entry->second = to_prefixes(addresses);
  return entry->second;
}

}  // namespace egress::policy
