// SPDX-License-Identifier: MIT
#include "lab/service_types.hpp"

#include <algorithm>
#include <set>

#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

constexpr const char* kPrivatelink = "privatelink.";
constexpr const char* kRegion = "REGION";

std::vector<Port> tcp(std::initializer_list<uint16_t> numbers) {
  std::vector<Port> ports;
  for (const uint16_t number : numbers) ports.push_back({Protocol::kTcp, number});
  return ports;
}

// A suffix whose zone is called after it.
ServiceSuffix suffix(const std::string& text) {
  return {text, kPrivatelink + text};
}

ServiceGroup storage_group(const std::string& id) {
  return {
      id, {suffix(id + ".core.windows.net")}, id == "file" ? tcp({80, 443, 445}) : tcp({80, 443})};
}

ServiceType storage_accounts() {
  return {"Microsoft.Storage/storageAccounts",
          "Storage",
          "Microsoft.Storage",
          Refusal::kStorage,
          {storage_group("blob"), storage_group("file"), storage_group("queue"),
           storage_group("table"), storage_group("dfs")}};
}

ServiceType sites() {
  return {
      kSiteType,
      "AppService",
      "Microsoft.Web",
      Refusal::kWeb,
      {{"sites",
        {suffix("azurewebsites.net"), {"scm.azurewebsites.net", "privatelink.azurewebsites.net"}},
        tcp({80, 443})}}};
}

std::vector<ServiceType> make_types() {
  const ServiceGroup messaging{"namespace", {suffix("servicebus.windows.net")}, tcp({443, 5671})};
  ServiceGroup event_hub = messaging;
  event_hub.ports.push_back({Protocol::kTcp, 9093});
  return {storage_accounts(),
          {"Microsoft.Sql/servers",
           "Sql",
           "Microsoft.Sql",
           Refusal::kSql,
           {{"sqlServer", {suffix("database.windows.net")}, tcp({1433})}}},
          {"Microsoft.KeyVault/vaults",
           "AzureKeyVault",
           "Microsoft.KeyVault",
           Refusal::kKeyVault,
           {{"vault", {{"vault.azure.net", "privatelink.vaultcore.azure.net"}}, tcp({443})}}},
          {"Microsoft.ContainerRegistry/registries",
           "AzureContainerRegistry",
           "Microsoft.ContainerRegistry",
           Refusal::kRegistry,
           {{"registry",
             {suffix("azurecr.io"), {"REGION.data.azurecr.io", "privatelink.azurecr.io"}},
             tcp({443})}}},
          {"Microsoft.DocumentDB/databaseAccounts",
           "AzureCosmosDB",
           "Microsoft.AzureCosmosDB",
           Refusal::kCosmos,
           {{"Sql", {suffix("documents.azure.com")}, tcp({443})}}},
          {"Microsoft.ServiceBus/namespaces",
           "ServiceBus",
           "Microsoft.ServiceBus",
           Refusal::kMessaging,
           {messaging}},
          {"Microsoft.EventHub/namespaces",
           "EventHub",
           "Microsoft.EventHub",
           Refusal::kMessaging,
           {event_hub}},
          {"Microsoft.CognitiveServices/accounts",
           "CognitiveServicesManagement",
           "Microsoft.CognitiveServices",
           Refusal::kCognitive,
           {{"account",
             {suffix("cognitiveservices.azure.com"), suffix("openai.azure.com")},
             tcp({443})}}},
          sites()};
}

bool ends_with_labels(const std::string& name, const std::string& suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix) &&
         name[name.size() - suffix.size() - 1] == '.';
}

std::string in_region(std::string text, const std::string& region) {
  const size_t at = text.find(kRegion);
  return at == std::string::npos ? text : text.replace(at, std::string(kRegion).size(), region);
}

// "x.scm.azurewebsites.net" has its private name where "azurewebsites.net" has its zone, and what a
// zone is not called after keeps its first label alone.
std::string private_name(const std::string& name, const std::string& suffix,
                         const std::string& zone) {
  const std::string without = zone.substr(std::string(kPrivatelink).size());
  const std::string& tail = ends_with_labels(name, without) ? without : suffix;
  return name.substr(0, name.size() - tail.size()) + zone;
}

// The longest known suffix that a name has.
struct Match {
  const ServiceType* type = nullptr;
  const ServiceGroup* group = nullptr;
  std::string suffix{};
  std::string zone{};
};

void consider(const ServiceType& type, const std::string& name, const std::string& region,
              Match& best) {
  for (const ServiceGroup& group : type.groups) {
    for (const ServiceSuffix& suffix : group.suffixes) {
      const std::string text = in_region(suffix.text, region);
      // Of two types with one suffix the first counts.
      if (ends_with_labels(name, text) && text.size() > best.suffix.size()) {
        best = {&type, &group, text, suffix.zone};
      }
    }
  }
}

Match match(const ServiceType* type, const std::string& name, const std::string& region) {
  Match best;
  if (type != nullptr) {
    consider(*type, name, region, best);
  } else {
    for (const ServiceType& each : service_types()) consider(each, name, region, best);
  }
  return best;
}

std::vector<std::string> names_of(const std::string& name, const Service& service,
                                  const ServiceType* type) {
  std::vector<std::string> names;
  for (const std::string& own : service.names) names.push_back(lower_case(own));
  if (!names.empty() || type == nullptr) return names;
  for (const ServiceGroup& group : type->groups) {
    for (const ServiceSuffix& suffix : group.suffixes) {
      names.push_back(lower_case(name) + "." + in_region(suffix.text, service.location));
    }
  }
  return names;
}

}  // namespace

const ServiceGroup* ServiceType::find(const std::string& group) const {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const ServiceGroup& each) {
    return equal_ignoring_case(each.id, group);
  });
  return found == groups.end() ? nullptr : &*found;
}

const std::vector<ServiceType>& service_types() {
  static const std::vector<ServiceType> all = make_types();
  return all;
}

const ServiceType* find_service_type(const std::string& name) {
  const auto& all = service_types();
  const auto found = std::find_if(all.begin(), all.end(), [&](const ServiceType& type) {
    return equal_ignoring_case(type.name, name);
  });
  return found == all.end() ? nullptr : &*found;
}

ServiceProfile profile_of(const std::string& name, const Service& service) {
  ServiceProfile profile{.type = find_service_type(service.type), .region = service.location};
  std::set<Port> ports;
  for (const std::string& each : names_of(name, service, profile.type)) {
    const Match found = match(profile.type, each, service.location);
    PublicName& made = profile.names.emplace_back(PublicName{.name = each});
    if (found.group == nullptr) continue;
    if (profile.type == nullptr) profile.type = found.type;
    made.group = found.group->id;
    made.privatelink_name = private_name(each, found.suffix, found.zone);
    ports.insert(found.group->ports.begin(), found.group->ports.end());
  }
  if (ports.empty() && profile.type != nullptr) {
    for (const ServiceGroup& group : profile.type->groups) {
      ports.insert(group.ports.begin(), group.ports.end());
    }
  }
  profile.listen = service.listen;
  if (profile.listen.empty()) profile.listen.assign(ports.begin(), ports.end());
  profile.tag = service.service_tag;
  if (profile.tag.empty() && profile.type != nullptr) profile.tag = profile.type->tag;
  return profile;
}

ServiceProfile profile_of_site(const std::string& name, const Lab& lab) {
  return profile_of(name, {.type = kSiteType, .location = lab.location});
}

std::optional<ServiceProfile> profile_behind(const Lab& lab, const PrivateEndpoint& endpoint) {
  const auto service = lab.services.find(endpoint.private_link_service);
  if (service != lab.services.end()) return profile_of(service->first, service->second);
  const auto site = lab.sites.find(endpoint.private_link_service);
  if (site == lab.sites.end()) return std::nullopt;
  return profile_of_site(site->first, lab);
}

Named<const Service*> services_by_name(const Lab& lab) {
  Named<const Service*> services;
  for (const auto& [name, service] : lab.services) {
    for (const PublicName& own : profile_of(name, service).names) {
      services.emplace(own.name, &service);
    }
  }
  return services;
}

bool refuses_public_access(const Service& service) {
  return service.public_network_access == PublicNetworkAccess::kDisabled ||
         (service.network_acls && service.network_acls->default_action == Access::kDeny);
}

std::vector<std::string> groups_of(const ServiceProfile& profile, const PrivateEndpoint& endpoint) {
  const bool one = profile.type != nullptr && profile.type->groups.size() == 1;
  if (!endpoint.group_ids.empty() || !one) return endpoint.group_ids;
  return {profile.type->groups.front().id};
}

std::vector<Port> ports_of(const ServiceProfile& profile,
                           const std::vector<std::string>& group_ids) {
  std::vector<Port> ports;
  for (const Port& port : profile.listen) {
    const bool of_group =
        profile.type != nullptr &&
        std::any_of(group_ids.begin(), group_ids.end(), [&](const std::string& id) {
          const ServiceGroup* group = profile.type->find(id);
          return group != nullptr &&
                 std::find(group->ports.begin(), group->ports.end(), port) != group->ports.end();
        });
    if (of_group) ports.push_back(port);
  }
  return ports.empty() ? profile.listen : ports;
}

bool has_private_endpoint(const Lab& lab, const std::string& site) {
  return !lab.services.contains(site) &&
         std::any_of(lab.private_endpoints.begin(), lab.private_endpoints.end(),
                     [&](const auto& endpoint) {
                       return equal_ignoring_case(endpoint.second.private_link_service, site);
                     });
}

PublicNetworkAccess public_network_access(const Lab& lab, const std::string& site) {
  const auto found = lab.sites.find(site);
  if (found != lab.sites.end() && found->second.public_network_access) {
    // What the rules of a perimeter would let in is not known here: nothing.
    return *found->second.public_network_access == PublicNetworkAccess::kEnabled
               ? PublicNetworkAccess::kEnabled
               : PublicNetworkAccess::kDisabled;
  }
  return has_private_endpoint(lab, site) ? PublicNetworkAccess::kDisabled
                                         : PublicNetworkAccess::kEnabled;
}

}  // namespace egress::lab
