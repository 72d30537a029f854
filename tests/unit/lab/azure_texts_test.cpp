// SPDX-License-Identifier: MIT

// Each refusal word by word, as azure-facts and public reports have it.

#include "lab/azure_texts.hpp"

#include <gtest/gtest.h>

#include "base/guid.hpp"

namespace egress::lab {
namespace {

const SubnetRef kSubnet{"spoke", "apps"};
const std::string kSubnetId = "/subscriptions/s/resourceGroups/lab/subnets/apps";
const std::string kUser = "/subscriptions/s/resourceGroups/lab/networkInterfaces/vm";

void expect_text(const AzureText& text, const char* code, const std::string& message) {
  EXPECT_EQ(text.code, code);
  EXPECT_EQ(text.message, message);
}

TEST(AzureTexts, OfSubnetsInUse) {
  expect_text(subnet_in_use("apps", kUser), "InUseSubnetCannotBeDeleted",
              "Subnet apps is in use by " + kUser +
                  " and cannot be deleted. In order to delete the subnet, delete all the resources "
                  "within the subnet. See aka.ms/deletesubnet.");
  expect_text(prefix_in_use("apps", *Ipv4Prefix::parse("10.0.0.0/26")),
              "InUsePrefixCannotBeDeleted",
              "IpPrefix 10.0.0.0/26 on Subnet apps has active allocations and cannot be deleted.");
  expect_text(subnet_cannot_be_updated("apps"), "InUseSubnetCannotBeUpdated",
              "Subnet apps is in use and cannot be updated.");
}

TEST(AzureTexts, OfDelegations) {
  expect_text(delegation_required(kSubnetId, kSubnetId + "/link"),
              "SubnetMissingRequiredDelegation",
              "Subnet " + kSubnetId +
                  " requires any of the following delegation(s) [Microsoft.Web/serverFarms] to "
                  "reference service association link " +
                  kSubnetId + "/link.");
  expect_text(delegations_cannot_change(kSubnetId, kUser),
              "SubnetDelegationsCannotChangeWhenSubnetUsedByResource",
              "Delegations of subnet " + kSubnetId +
                  " cannot be changed from [] to [Microsoft.Web/serverFarms] because it is being "
                  "used by the resource " +
                  kUser + ".");
  expect_text(delegation_limit(kSubnet, 2), "delegation-limit",
              "subnet 'spoke/apps' lists 2 delegations: it takes one");
  expect_text(missing_delegation(kSubnet), "BadRequest",
              "Subnet apps in VNET spoke is missing a delegation to Microsoft.Web/serverFarms. "
              "Please add the delegation and try again.");
}

TEST(AzureTexts, OfPlansOnSubnets) {
  expect_text(vnet_limit(), "Conflict",
              "Adding this VNET would exceed the App Service Plan VNET limit of 2.");
  expect_text(subnet_occupied(kSubnet, "/subscriptions/s/serverfarms/p"), "Conflict",
              "Subnet apps in VNET spoke is already occupied by service "
              "/subscriptions/s/serverfarms/p.");
  expect_text(insufficient_address_space({kSubnet, {"hub", "more"}}), "Conflict",
              "App Service Plan scaling operation failed. Insufficient address space remaining in "
              "VNet(s): " +
                  guid_of("spoke") + "_apps, " + guid_of("hub") + "_more.");
  expect_text(subnet_size_portal(*Ipv4Prefix::parse("10.0.0.0/28")), "subnet-size-portal",
              "a subnet that is made while connecting is /27 or larger, not /28");
  expect_text(networking_units("plan", "P0v3", 1, 4, 1, 2), "networking-units",
              "an instance of 'plan' (P0v3, 1 core, 3 units) needs 4: 1 worker, 1 connection, 2 "
              "apps");
  expect_text(purge_in_use(kSubnet, {"a", "b"}), "purge-in-use",
              "subnet 'spoke/apps' is used by a, b: only unused integrations are purged");
}

TEST(AzureTexts, OfSubscriptionsAndPermissions) {
  expect_text(subscription_while_integrated("site 'web'", {"web"}, kSubnet),
              "subscription-while-integrated",
              "the subscription of site 'web' cannot change while 'web' is integrated with "
              "'spoke/apps': disconnect first");
  expect_text(subscription_while_integrated("plan 'p'", {"a", "b"}, kSubnet),
              "subscription-while-integrated",
              "the subscription of plan 'p' cannot change while 'a', 'b' are integrated with "
              "'spoke/apps': disconnect first");
  expect_text(missing_registration("network", "spoke"), "MissingSubscriptionRegistration",
              "The subscription is not registered to use namespace 'Microsoft.Web'. See "
              "https://aka.ms/rps-not-found for how to register subscriptions. (network, of "
              "virtual network spoke)");
  expect_text(plans_in_two_subscriptions({"a", "one"}, {"b", "two"}, kSubnet),
              "plans-in-two-subscriptions",
              "plans 'a' and 'b' share subnet 'spoke/apps' and are in subscriptions 'one' and "
              "'two': all plans of a subnet are in one");
  expect_text(linked_authorization_failed(
                  "/sites/web", {"Microsoft.Network/x/read", "Microsoft.Network/y"}, kSubnetId),
              "LinkedAuthorizationFailed",
              "The client has permission to perform action 'Microsoft.Web/sites/write' on scope "
              "'/sites/web'; however, it does not have permission to perform action(s) "
              "'Microsoft.Network/x/read,Microsoft.Network/y' on the linked scope(s) '" +
                  kSubnetId + "' or the linked scope(s) are invalid.");
}

TEST(AzureTexts, OfWhatStillHasUsers) {
  expect_text(server_farm_has_apps("plan", {"a", "b"}), "Conflict",
              "Server farm 'plan' cannot be deleted because it has web app(s) a, b assigned to "
              "it.");
  expect_text(security_group_in_use("/nsg", {"/one", "/two"}),
              "InUseNetworkSecurityGroupCannotBeDeleted",
              "Network security group /nsg cannot be deleted because it is in use by the following "
              "resources: /one, /two. In order to delete the Network security group, remove the "
              "association with the resource(s).");
  EXPECT_EQ(route_table_in_use("/table", {"/one"}).code, "InUseRouteTableCannotBeDeleted");
  EXPECT_EQ(nat_gateway_in_use("/nat", {"/one"}).code, "InUseNatGatewayCannotBeDeleted");
}

TEST(AzureTexts, OfScalingAndSiteConfig) {
  expect_text(too_many_scale_changes(40, 20), "Conflict",
              "You have exceeded the maximum amount of scale changes within the past hour(40 "
              "changes and limit is 20). Please retry later.");
  expect_text(differing_site_config("VnetRouteAllEnabled"), "BadRequest",
              "There was a conflict. VnetRouteAllEnabled has different values as site property and "
              "site config");
}

}  // namespace
}  // namespace egress::lab
