// SPDX-License-Identifier: MIT
#pragma once

// Azure's own words for what it refuses about integrations, code and message, and ours where
// Azure's are not known (UNCONFIRMED). One function for each text: whatever refuses says the same.

#include <string>
#include <vector>

#include "base/ip.hpp"
#include "lab/names.hpp"

namespace egress::lab {

struct AzureText {
  std::string code{};
  std::string message{};
  bool operator==(const AzureText&) const = default;
};

// `user` is an id (lab/resource_ids.hpp): the link of App Service, or a machine's IP configuration.
AzureText subnet_in_use(const std::string& subnet, const std::string& user);   // 3.4.2
AzureText prefix_in_use(const std::string& subnet, const Ipv4Prefix& prefix);  // 3.3.2
// A prefix added.
AzureText subnet_cannot_be_updated(const std::string& subnet);
AzureText delegation_required(const std::string& subnet_id, const std::string& link_id);  // 3.4.4
// Given to a subnet where a machine is.
AzureText delegations_cannot_change(const std::string& subnet_id,
                                    const std::string& ip_configuration_id);  // 3.4.4
AzureText delegation_limit(const SubnetRef& subnet, size_t delegations);      // 13.3
AzureText missing_delegation(const SubnetRef& subnet);

AzureText vnet_limit();                                                          // 3.4.5
AzureText subnet_occupied(const SubnetRef& subnet, const std::string& plan_id);  // 3.4.6
AzureText insufficient_address_space(const std::vector<SubnetRef>& subnets);     // 3.2.6
// `what`: "site 'web'" or "plan 'plan'"; `integrated`: the sites that keep it.
AzureText subscription_while_integrated(const std::string& what,
                                        const std::vector<std::string>& integrated,
                                        const SubnetRef& subnet);                          // 3.3.7
AzureText missing_registration(const std::string& subscription, const std::string& vnet);  // 3.3.3
// Plans and their subscriptions.
struct PlanOwner {
  std::string server_farm{};
  std::string subscription{};
};
AzureText plans_in_two_subscriptions(const PlanOwner& one, const PlanOwner& other,
                                     const SubnetRef& subnet);  // 3.3.3
AzureText linked_authorization_failed(const std::string& site_id,
                                      const std::vector<std::string>& missing_actions,
                                      const std::string& subnet_id);  // 3.4.8
AzureText subnet_size_portal(const Ipv4Prefix& prefix);               // 3.3.1
AzureText networking_units(const std::string& server_farm, const std::string& sku, int cores,
                           int needed, int connections, int apps);  // 3.3.8

// What still has users. `users` are ids.
AzureText server_farm_has_apps(const std::string& server_farm,
                               const std::vector<std::string>& sites);
// Azure lets no plan become Windows or Linux; `property`: "reserved" or "hyperV".
AzureText plan_kind_with_apps(const std::string& server_farm, const std::string& property,
                              const std::vector<std::string>& sites);
AzureText security_group_in_use(const std::string& id, const std::vector<std::string>& users);
AzureText route_table_in_use(const std::string& id, const std::vector<std::string>& users);
// `user` is the id of what has it.
AzureText public_ip_address_in_use(const std::string& id, const std::string& user);
AzureText nat_gateway_in_use(const std::string& id, const std::vector<std::string>& users);
AzureText purge_in_use(const SubnetRef& subnet, const std::vector<std::string>& sites);

AzureText too_many_scale_changes(int changes, int limit);  // 3.2.10
// Sizes; Azure's own words are not known.
AzureText scaling_in_progress(const std::string& server_farm, const std::string& from,
                              const std::string& to);
AzureText differing_site_config(const std::string& property);  // 13.7; "VnetRouteAllEnabled"

// What a purge answers (3.4.7), which is no refusal.
inline constexpr const char* kPurged = "Purged unused virtual network integration.";

}  // namespace egress::lab
