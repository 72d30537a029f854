// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string_view>

#include "lab/limits.hpp"
#include "lab/resource_ids.hpp"
#include "lab/slots.hpp"
#include "lab/suggest.hpp"
#include "lifecycle/rules.hpp"

namespace egress::lifecycle {
namespace {

using lab::Lab;
using lab::SubnetRef;

bool permits(const std::string& pattern, std::string_view action) {
  if (!pattern.ends_with('*')) return lab::equal_ignoring_case(pattern, action);
  const std::string_view head = std::string_view(pattern).substr(0, pattern.size() - 1);
  return lab::equal_ignoring_case(action.substr(0, head.size()), head);
}

// A network covers its subnets.
bool covers(const std::string& scope, const SubnetRef& subnet) {
  return lab::equal_ignoring_case(scope, subnet.vnet) ||
         lab::equal_ignoring_case(scope, subnet.to_string());
}

bool permitted(const std::vector<lab::RoleAssignment>& assignments, const std::string& action,
               const SubnetRef& subnet) {
  return std::any_of(
      assignments.begin(), assignments.end(), [&](const lab::RoleAssignment& assignment) {
        const auto& actions = assignment.actions;
        return covers(assignment.scope, subnet) &&
               std::any_of(actions.begin(), actions.end(),
                           [&](const std::string& pattern) { return permits(pattern, action); });
      });
}

// Whether the change delegates the subnet, which whoever connects then does first.
bool delegates(const SubnetRef& ref, const Step& step) {
  const lab::Subnet* was = step.before.find(ref);
  const lab::Subnet* is = step.after.find(ref);
  if (is == nullptr || !is_integration_subnet(*is)) return false;
  if (was != nullptr) return !is_integration_subnet(*was);
  const Operation* operation = step.change.operation;
  return operation != nullptr && std::holds_alternative<Connect>(*operation);
}

// azure-facts 3.4.8, and 2.2.13: judged at each update of a site that is integrated.
void refuse_unauthorized(const std::string& name, const lab::Site& is, const Step& step,
                         Refusals& refusals) {
  const lab::Site* was = find(step.before.sites, name);
  if (!is.virtual_network_subnet || (was != nullptr && *was == is)) return;
  const SubnetRef& subnet = *is.virtual_network_subnet;
  const std::string network = "Microsoft.Network/virtualNetworks/";
  std::vector<std::string> needed = {network + "read", network + "subnets/read",
                                     network + "subnets/join/action"};
  if (delegates(subnet, step)) needed.push_back(network + "subnets/write");
  needed.erase(std::remove_if(needed.begin(), needed.end(),
                              [&](const std::string& action) {
                                return permitted(*step.after.role_assignments, action, subnet);
                              }),
               needed.end());
  if (needed.empty()) return;
  refusals.push_back(
      refusal(lab::linked_authorization_failed(lab::site_id(step.after, name), needed,
                                               lab::subnet_id(step.after, subnet)),
              lab::path_of_site(step.after, name) + ".virtualNetworkSubnet",
              "roleAssignments say what is permitted"));
}

// The portal makes no smaller one (azure-facts 3.3.1).
void refuse_small_subnet(const Connect& connect, Refusals& refusals) {
  if (!connect.create || connect.create->length <= lab::kMinPortalSubnetLength) return;
  refusals.push_back(refusal(lab::subnet_size_portal(*connect.create), path_of(connect.subnet)));
}

void refuse_purge(const Purge& purge, const Step& step, Refusals& refusals) {
  std::vector<std::string> sites;
  SubnetRef subnet;  // as the lab spells it
  for (const auto& [name, site] : step.after.sites) {
    if (!is_in(site.virtual_network_subnet, purge.subnet)) continue;
    sites.push_back(name);
    subnet = *site.virtual_network_subnet;
  }
  if (sites.empty()) return;
  refusals.push_back(refusal(lab::purge_in_use(subnet, sites), path_of(subnet)));
}

}  // namespace

void refuse_sites(const Step& step, Refusals& refusals) {
  const Operation* operation = step.change.operation;
  if (const auto* connect = operation == nullptr ? nullptr : std::get_if<Connect>(operation)) {
    refuse_small_subnet(*connect, refusals);
  } else if (const auto* purge = operation == nullptr ? nullptr : std::get_if<Purge>(operation)) {
    refuse_purge(*purge, step, refusals);
  }
  if (!step.after.role_assignments) return;
  for (const auto& [name, site] : step.after.sites) {
    refuse_unauthorized(name, site, step, refusals);
  }
}

}  // namespace egress::lifecycle
