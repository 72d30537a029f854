// SPDX-License-Identifier: MIT
#include "inspect/links.hpp"

#include <map>
#include <utility>

#include "lab/resource_ids.hpp"

namespace egress::inspect {

std::vector<ServiceAssociationLink> service_association_links(
    const lab::Lab& lab, const std::set<lifecycle::OrphanedLink>& orphans) {
  std::map<std::pair<lab::SubnetRef, std::string>, ServiceAssociationLink> links;
  const auto link_of = [&](const lab::SubnetRef& subnet,
                           const std::string& farm) -> ServiceAssociationLink& {
    const auto [found, is_new] = links.try_emplace({subnet, farm});
    if (is_new) found->second = {subnet, farm, lab::plan_id(lab, farm)};
    return found->second;
  };
  for (const auto& [name, site] : lab.sites) {
    if (!site.virtual_network_subnet) continue;
    link_of(*site.virtual_network_subnet, site.server_farm).sites.push_back(name);
  }
  for (const lifecycle::OrphanedLink& orphan : orphans) {
    link_of(orphan.subnet, orphan.server_farm).deleted_sites.push_back(orphan.site);
  }
  std::vector<ServiceAssociationLink> all;
  for (auto& [key, link] : links) all.push_back(std::move(link));
  return all;
}

}  // namespace egress::inspect
