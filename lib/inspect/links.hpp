// SPDX-License-Identifier: MIT
#pragma once

// What App Service holds of subnets: the AppServiceLink by which nobody can delete one while apps
// are integrated with it, and that stays behind when an app is deleted without disconnecting it
// (azure-facts 3.4.2, 3.4.3, 3.4.7).

#include <set>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "lifecycle/state.hpp"

namespace egress::inspect {

inline constexpr const char* kLinkName = "AppServiceLink";
inline constexpr const char* kLinkedResourceType = "Microsoft.Web/serverfarms";

// Of one plan on one subnet.
struct ServiceAssociationLink {
  lab::SubnetRef subnet{};
  std::string server_farm{};
  std::string link{};                        // the plan's id, which may be gone
  std::vector<std::string> sites{};          // that are integrated there
  std::vector<std::string> deleted_sites{};  // that were when they were deleted
  bool orphaned() const { return sites.empty(); }
};

// By subnet, and by plan within it.
std::vector<ServiceAssociationLink> service_association_links(
    const lab::Lab& lab, const std::set<lifecycle::OrphanedLink>& orphans);

}  // namespace egress::inspect
