// SPDX-License-Identifier: MIT
#pragma once

// What Azure's platform services are called, where they listen, and in whose words they refuse, by
// their type (azure-facts 1.4.1 and 8.3.6).

#include <optional>
#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::lab {

enum class Refusal {
  kStorage,
  kKeyVault,
  kSql,
  kRegistry,
  kCosmos,
  kMessaging,
  kCognitive,
  kWeb,
  kOther
};

// How public names of a group end, and the zone where private endpoints have theirs. REGION stands
// for the service's region.
struct ServiceSuffix {
  std::string text{};  // behind "NAME."
  std::string zone{};  // "privatelink.blob.core.windows.net"
};
// A sub-resource, for which a private endpoint is made.
struct ServiceGroup {
  std::string id{};
  std::vector<ServiceSuffix> suffixes{};
  std::vector<Port> ports{};
};
struct ServiceType {
  std::string name{};
  std::string tag{};       // service tag
  std::string endpoint{};  // service endpoint of subnets
  Refusal refusal = Refusal::kOther;
  std::vector<ServiceGroup> groups{};

  const ServiceGroup* find(const std::string& group) const;  // case does not count; or null
};
const std::vector<ServiceType>& service_types();
const ServiceType* find_service_type(const std::string& name);  // case does not count; or null

struct PublicName {
  std::string name{};   // lower case
  std::string group{};  // empty where no suffix is known
  std::string
      privatelink_name{};  // what it is an alias of once a private endpoint exists, or empty
};
// What a service is, by what it says and else by its type.
struct ServiceProfile {
  const ServiceType* type = nullptr;  // also one that only its names tell
  std::string tag{};                  // or empty
  std::string region{};
  std::vector<PublicName> names{};
  std::vector<Port> listen{};
};
ServiceProfile profile_of(const std::string& name, const Service& service);
ServiceProfile profile_of_site(const std::string& name, const Lab& lab);
// Of what an endpoint leads to, a service or else a site; empty when the lab has neither.
std::optional<ServiceProfile> profile_behind(const Lab& lab, const PrivateEndpoint& endpoint);
// Services of a lab by their public names; of two that have one the first counts.
Named<const Service*> services_by_name(const Lab& lab);
// Whether it refuses who comes by the Internet and is named by no rule.
bool refuses_public_access(const Service& service);

// The groups that an endpoint is for: those it names, else the only one that the type has.
std::vector<std::string> groups_of(const ServiceProfile& profile, const PrivateEndpoint& endpoint);
// Where an endpoint for these groups answers: on the groups' ports as far as the service listens
// there, and wherever it does when that is nowhere.
std::vector<Port> ports_of(const ServiceProfile& profile,
                           const std::vector<std::string>& group_ids);

// Whether a private endpoint leads to the site; one that names a service of its name does not.
bool has_private_endpoint(const Lab& lab, const std::string& site);
// Whether a site takes requests from the Internet: unless it says so, no longer once it has a
// private endpoint (App Service's access restrictions). kEnabled or kDisabled.
PublicNetworkAccess public_network_access(const Lab& lab, const std::string& site);

}  // namespace egress::lab
