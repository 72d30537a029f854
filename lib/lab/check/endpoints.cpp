// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>

#include "lab/check/checks.hpp"
#include "lab/domain_name.hpp"
#include "lab/limits.hpp"
#include "lab/service_types.hpp"

namespace egress::lab {
namespace {

class EndpointCheck {
 public:
  EndpointCheck(const std::string& name, const PrivateEndpoint& endpoint, const Lab& lab,
                Checks& checks)
      : path_("privateEndpoints." + name), endpoint_(endpoint), lab_(lab), checks_(checks) {}

  void check(const Names& targets) {
    const bool known = checks_.refers(path_ + ".privateLinkService", "service or site",
                                      endpoint_.private_link_service, targets, "services");
    const auto profile = known ? profile_behind(lab_, endpoint_) : std::nullopt;
    if (profile && profile->type != nullptr) check_groups(*profile->type);
    for (size_t i = 0; i < endpoint_.private_dns_zones.size(); ++i) check_zone(i, profile);
  }

 private:
  std::string service_path() const {
    const std::string& service = endpoint_.private_link_service;
    return (lab_.services.contains(service) ? "services." : "sites.") + service;
  }

  void check_groups(const ServiceType& type) {
    std::vector<std::string> ids;
    for (const ServiceGroup& group : type.groups) ids.push_back(group.id);
    for (size_t i = 0; i < endpoint_.group_ids.size(); ++i) {
      const std::string& id = endpoint_.group_ids[i];
      if (type.find(id) != nullptr) continue;
      checks_.error(fmt::format("{}.groupIds[{}]", path_, i), "group",
                    fmt::format("'{}' is no group of {}: {}", shown(id), type.name, one_of(ids)),
                    {}, {service_path()});
    }
    if (endpoint_.group_ids.empty() && ids.size() > 1) {
      checks_.error(path_, "group", fmt::format("'groupIds' is missing: one of {}", one_of(ids)),
                    {}, {path_ + ".groupIds", service_path()});
    }
  }

  void check_zone(size_t index, const std::optional<ServiceProfile>& profile) {
    const std::string at = fmt::format("{}.privateDnsZones[{}]", path_, index);
    const std::string& key = endpoint_.private_dns_zones[index];
    const auto& zones = lab_.private_dns_zones;
    if (!checks_.refers(at, "private DNS zone", key, zones, "privateDnsZones")) return;
    if (!profile || profile->type == nullptr) return;
    const std::vector<std::string> groups = groups_of(*profile, endpoint_);
    const bool writes =
        std::any_of(profile->names.begin(), profile->names.end(), [&](const PublicName& name) {
          return std::find(groups.begin(), groups.end(), name.group) != groups.end() &&
                 lies_in_zone(name.privatelink_name, zones.at(key).zone_name);
        });
    if (writes || groups.empty()) return;
    const ServiceGroup* group = profile->type->find(groups.front());
    if (group == nullptr) return;
    checks_.warning(at, "no-effect",
                    fmt::format("zone '{}' is not the one of group '{}' ({}): no record is written",
                                key, group->id, group->suffixes.front().zone),
                    {}, {service_path(), path_ + ".groupIds"});
  }

  std::string path_;
  const PrivateEndpoint& endpoint_;
  const Lab& lab_;
  Checks& checks_;
};

}  // namespace

void check_endpoints(const Lab& lab, Checks& checks) {
  Names targets;
  for (const auto& [name, service] : lab.services) targets.insert(name);
  for (const auto& [name, site] : lab.sites) targets.insert(name);
  std::map<std::string, size_t> of_network;
  for (const auto& [name, endpoint] : lab.private_endpoints) {
    EndpointCheck(name, endpoint, lab, checks).check(targets);
    ++of_network[endpoint.subnet.vnet];
  }
  for (const auto& [vnet, count] : of_network) {
    checks.limit("privateEndpoints", count, kMaxPrivateEndpoints, "private endpoints",
                 fmt::format(" in virtual network '{}'", vnet));
  }
}

}  // namespace egress::lab
