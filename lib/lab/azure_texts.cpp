// SPDX-License-Identifier: MIT
#include "lab/azure_texts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/guid.hpp"
#include "lab/limits.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/subscriptions.hpp"

namespace egress::lab {
namespace {

AzureText resource_in_use(const char* code, const char* kind, const std::string& id,
                          const std::vector<std::string>& users) {
  return {code, fmt::format("{0} {1} cannot be deleted because it is in use by the following "
                            "resources: {2}. In order to delete the {0}, remove the association "
                            "with the resource(s).",
                            kind, id, fmt::join(users, ", "))};
}

std::string counted(int count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

}  // namespace

AzureText subnet_in_use(const std::string& subnet, const std::string& user) {
  return {"InUseSubnetCannotBeDeleted",
          fmt::format("Subnet {} is in use by {} and cannot be deleted. In order to delete the "
                      "subnet, delete all the resources within the subnet. See "
                      "aka.ms/deletesubnet.",
                      subnet, user)};
}

AzureText prefix_in_use(const std::string& subnet, const Ipv4Prefix& prefix) {
  return {"InUsePrefixCannotBeDeleted",
          fmt::format("IpPrefix {} on Subnet {} has active allocations and cannot be deleted.",
                      prefix.to_string(), subnet)};
}

AzureText subnet_cannot_be_updated(const std::string& subnet) {
  return {"InUseSubnetCannotBeUpdated",
          fmt::format("Subnet {} is in use and cannot be updated.", subnet)};
}

AzureText delegation_required(const std::string& subnet_id, const std::string& link_id) {
  return {"SubnetMissingRequiredDelegation",
          fmt::format("Subnet {} requires any of the following delegation(s) [{}] to reference "
                      "service association link {}.",
                      subnet_id, kServerFarmsDelegation, link_id)};
}

AzureText delegations_cannot_change(const std::string& subnet_id,
                                    const std::string& ip_configuration_id) {
  return {"SubnetDelegationsCannotChangeWhenSubnetUsedByResource",
          fmt::format("Delegations of subnet {} cannot be changed from [] to [{}] because it is "
                      "being used by the resource {}.",
                      subnet_id, kServerFarmsDelegation, ip_configuration_id)};
}

AzureText delegation_limit(const SubnetRef& subnet, size_t delegations) {
  return {"delegation-limit", fmt::format("subnet '{}' lists {} delegations: it takes one",
                                          subnet.to_string(), delegations)};
}

// Reports show subnet and network in each other's place; here each stands where its word says.
AzureText missing_delegation(const SubnetRef& subnet) {
  return {"BadRequest", fmt::format("Subnet {} in VNET {} is missing a delegation to {}. Please "
                                    "add the delegation and try again.",
                                    subnet.subnet, subnet.vnet, kServerFarmsDelegation)};
}

AzureText vnet_limit() {
  return {"Conflict", fmt::format("Adding this VNET would exceed the App Service Plan VNET limit "
                                  "of {}.",
                                  kMaxIntegrationsPerPlan)};
}

AzureText subnet_occupied(const SubnetRef& subnet, const std::string& plan_id) {
  return {"Conflict", fmt::format("Subnet {} in VNET {} is already occupied by service {}.",
                                  subnet.subnet, subnet.vnet, plan_id)};
}

AzureText insufficient_address_space(const std::vector<SubnetRef>& subnets) {
  std::vector<std::string> names;
  for (const SubnetRef& ref : subnets) names.push_back(guid_of(ref.vnet) + "_" + ref.subnet);
  return {"Conflict", fmt::format("App Service Plan scaling operation failed. Insufficient address "
                                  "space remaining in VNet(s): {}.",
                                  fmt::join(names, ", "))};
}

AzureText subscription_while_integrated(const std::string& what,
                                        const std::vector<std::string>& integrated,
                                        const SubnetRef& subnet) {
  return {"subscription-while-integrated",
          fmt::format("the subscription of {} cannot change while '{}' {} integrated with '{}': "
                      "disconnect first",
                      what, fmt::join(integrated, "', '"), integrated.size() == 1 ? "is" : "are",
                      subnet.to_string())};
}

AzureText missing_registration(const std::string& subscription, const std::string& vnet) {
  return {"MissingSubscriptionRegistration",
          fmt::format("The subscription is not registered to use namespace '{}'. See "
                      "https://aka.ms/rps-not-found for how to register subscriptions. ({}, of "
                      "virtual network {})",
                      kWebProvider, subscription, vnet)};
}

AzureText plans_in_two_subscriptions(const PlanOwner& one, const PlanOwner& other,
                                     const SubnetRef& subnet) {
  return {"plans-in-two-subscriptions",
          fmt::format("plans '{}' and '{}' share subnet '{}' and are in subscriptions '{}' and "
                      "'{}': all plans of a subnet are in one",
                      one.server_farm, other.server_farm, subnet.to_string(), one.subscription,
                      other.subscription)};
}

AzureText linked_authorization_failed(const std::string& site_id,
                                      const std::vector<std::string>& missing_actions,
                                      const std::string& subnet_id) {
  return {"LinkedAuthorizationFailed",
          fmt::format("The client has permission to perform action 'Microsoft.Web/sites/write' on "
                      "scope '{}'; however, it does not have permission to perform action(s) '{}' "
                      "on the linked scope(s) '{}' or the linked scope(s) are invalid.",
                      site_id, fmt::join(missing_actions, ","), subnet_id)};
}

AzureText subnet_size_portal(const Ipv4Prefix& prefix) {
  return {"subnet-size-portal",
          fmt::format("a subnet that is made while connecting is /{} or larger, not /{}",
                      kMinPortalSubnetLength, prefix.length)};
}

AzureText networking_units(const std::string& server_farm, const std::string& sku, int cores,
                           int needed, int connections, int apps) {
  return {"networking-units",
          fmt::format("an instance of '{}' ({}, {}, {}) needs {}: 1 worker, {}, {}", server_farm,
                      sku, counted(cores, "core"), counted(cores * kNetworkingUnitsPerCore, "unit"),
                      needed, counted(connections, "connection"), counted(apps, "app"))};
}

AzureText server_farm_has_apps(const std::string& server_farm,
                               const std::vector<std::string>& sites) {
  return {"Conflict", fmt::format("Server farm '{}' cannot be deleted because it has web app(s) {} "
                                  "assigned to it.",
                                  server_farm, fmt::join(sites, ", "))};
}

AzureText plan_kind_with_apps(const std::string& server_farm, const std::string& property,
                              const std::vector<std::string>& sites) {
  return {"plan-kind-with-apps",
          fmt::format("{} of plan '{}' cannot change while it has apps ({}): move them to another "
                      "plan",
                      property, server_farm, fmt::join(sites, ", "))};
}

AzureText security_group_in_use(const std::string& id, const std::vector<std::string>& users) {
  return resource_in_use("InUseNetworkSecurityGroupCannotBeDeleted", "Network security group", id,
                         users);
}

AzureText route_table_in_use(const std::string& id, const std::vector<std::string>& users) {
  return resource_in_use("InUseRouteTableCannotBeDeleted", "Route table", id, users);
}

AzureText nat_gateway_in_use(const std::string& id, const std::vector<std::string>& users) {
  return resource_in_use("InUseNatGatewayCannotBeDeleted", "NAT gateway", id, users);
}

AzureText public_ip_address_in_use(const std::string& id, const std::string& user) {
  return {"PublicIPAddressCannotBeDeleted",
          fmt::format("Public IP address {} can not be deleted since it is still allocated to "
                      "resource {}. In order to delete the public IP, disassociate/detach the "
                      "Public IP address from the resource. To learn how to do this, see "
                      "aka.ms/deletepublicip.",
                      id, user)};
}

AzureText purge_in_use(const SubnetRef& subnet, const std::vector<std::string>& sites) {
  return {"purge-in-use", fmt::format("subnet '{}' is used by {}: only unused integrations are "
                                      "purged",
                                      subnet.to_string(), fmt::join(sites, ", "))};
}

AzureText too_many_scale_changes(int changes, int limit) {
  return {"Conflict", fmt::format("You have exceeded the maximum amount of scale changes within "
                                  "the past hour({} changes and limit is {}). Please retry later.",
                                  changes, limit)};
}

AzureText scaling_in_progress(const std::string& server_farm, const std::string& from,
                              const std::string& to) {
  return {"scaling-in-progress",
          fmt::format("plan '{}' is being scaled from {} to {}: wait until it is done", server_farm,
                      from, to)};
}

AzureText differing_site_config(const std::string& property) {
  return {"BadRequest", fmt::format("There was a conflict. {} has different values as site "
                                    "property and site config",
                                    property)};
}

}  // namespace egress::lab
