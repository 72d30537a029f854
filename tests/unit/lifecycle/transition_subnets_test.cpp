// SPDX-License-Identifier: MIT
#include "tests/unit/lifecycle/transition_table.hpp"

namespace egress::lifecycle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const lab::SubnetRef kIntegration{"spoke", "integration"};
const std::string kSubnet = "virtualNetworks.spoke.subnets.integration";

std::string in_use_by(const std::string& user, const std::string& subnet = "integration") {
  return "Subnet " + subnet + " is in use by " + user +
         " and cannot be deleted. In order to delete the subnet, delete all the resources within "
         "the subnet. See aka.ms/deletesubnet.";
}

State orphaned() {
  return {.orphans = {{kIntegration, "plan", "web"}}};
}

// The small lab without its integrations.
lab::Lab disconnected() {
  return with(small_lab(), R"({"sites": {"web": {"virtualNetworkSubnet": null}}})");
}

TEST(SubnetTransition, KeepsASubnetThatAnAppStillNames) {
  const Attempt attempt{
      .file = R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null}}}})",
      .operation = Delete{"subnet", "spoke/integration"}};
  expect_refused(attempt, "InUseSubnetCannotBeDeleted", in_use_by(kLink), kSubnet);
  EXPECT_EQ(refused_to_file(attempt).front().hint, "disconnect web first");
}

TEST(SubnetTransition, FindsAnAppThatNamesTheSubnetInAnotherCase) {
  const lab::Lab next =
      from_file(small_lab(), R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null}}},
                       "sites": {"web": {"virtualNetworkSubnet": "SPOKE/Integration"}}})");
  EXPECT_THAT(refusals({.before = &small_lab(), .after = next, .state = {}}),
              ElementsAre(Refuses("InUseSubnetCannotBeDeleted", in_use_by(kLink), kSubnet)));
}

TEST(SubnetTransition, KeepsASubnetWithAnOrphanedLink) {
  const Attempt attempt{
      .before = with(disconnected(), R"({"sites": {"web": null}, "expectations": null})"),
      .file = R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null}}}})",
      .operation = Delete{"subnet", "spoke/integration"},
      .state = orphaned()};
  expect_refused(attempt, "InUseSubnetCannotBeDeleted", in_use_by(kLink), kSubnet);
  EXPECT_EQ(refused_to_operation(attempt).front().hint,
            "recreate site 'web' and disconnect it, or: egressctl purge spoke/integration");
}

TEST(SubnetTransition, KeepsANetworkOfWhichASubnetIsInUse) {
  const std::string without_spoke =
      R"({"virtualNetworks": {"spoke": null, "hub": {"virtualNetworkPeerings": null}}})";
  expect_refused({.file = without_spoke, .operation = Delete{"virtualNetwork", "spoke"}},
                 "InUseSubnetCannotBeDeleted", in_use_by(kSql, "data"), "virtualNetworks.spoke");
  const lab::Lab without_machine = with(small_lab(), R"({"hosts": null})");
  expect_refused({.before = without_machine,
                  .file = without_spoke,
                  .operation = Delete{"virtualNetwork", "spoke"}},
                 "InUseSubnetCannotBeDeleted", in_use_by(kLink), "virtualNetworks.spoke");
}

TEST(SubnetTransition, KeepsASubnetInWhichAMachineIs) {
  expect_refused({.file = R"({"virtualNetworks": {"spoke": {"subnets": {"data": null}}}})",
                  .operation = Delete{"subnet", "spoke/data"}},
                 "InUseSubnetCannotBeDeleted", in_use_by(kSql, "data"),
                 "virtualNetworks.spoke.subnets.data");
}

TEST(SubnetTransition, KeepsASubnetInWhichAFrontendStands) {
  const lab::Lab before = with(small_lab(), R"({"loadBalancers": {"lb": {"frontendIPConfigurations":
                            {"front": {"subnet": "spoke/empty", "privateIPAddress": "10.1.4.4"}}}}})");
  expect_refused(
      {.before = before,
       .file = R"({"virtualNetworks": {"spoke": {"subnets": {"empty": null}}}})",
       .operation = Delete{"subnet", "spoke/empty"}},
      "InUseSubnetCannotBeDeleted",
      in_use_by(kIds + "Microsoft.Network/loadBalancers/lb/frontendIPConfigurations/front",
                "empty"),
      "virtualNetworks.spoke.subnets.empty");
}

TEST(SubnetTransition, KeepsASubnetInWhichAPrivateEndpointIs) {
  const lab::Lab before = with(small_lab(), R"({"privateEndpoints": {"pe": {"subnet": "spoke/empty",
                            "privateLinkService": "web", "groupIds": ["sites"]}}})");
  const Attempt attempt{.before = before,
                        .file = R"({"virtualNetworks": {"spoke": {"subnets": {"empty": null}}}})",
                        .operation = Delete{"subnet", "spoke/empty"}};
  for (const auto& refused : {refused_to_file(attempt), refused_to_operation(attempt)}) {
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(refused.front().code, "InUseSubnetCannotBeDeleted");
    EXPECT_THAT(refused.front().message,
                testing::StartsWith("Subnet empty is in use by " + kIds +
                                    "Microsoft.Network/networkInterfaces/pe.nic."));
  }
}

TEST(SubnetTransition, KeepsThePrefixOfASubnetInUse) {
  const std::string text =
      "IpPrefix 10.1.1.0/26 on Subnet integration has active allocations and cannot be deleted.";
  Attempt attempt{.file = R"({"virtualNetworks": {"spoke": {"subnets": {"integration":
                              {"addressPrefixes": ["10.1.1.0/25"]}}}}})",
                  .operation = Set{kSubnet + ".addressPrefix", "10.1.1.0/25"}};
  expect_refused(attempt, "InUsePrefixCannotBeDeleted", text, kSubnet + ".addressPrefixes");
  attempt.before = disconnected();
  expect_allowed(attempt);
  attempt.state = orphaned();
  expect_refused(attempt, "InUsePrefixCannotBeDeleted", text, kSubnet + ".addressPrefixes");
}

TEST(SubnetTransition, AddsNoPrefixToASubnetInUse) {
  expect_refused({.file = R"({"virtualNetworks": {"spoke": {"subnets": {"integration":
                   {"addressPrefixes": ["10.1.1.0/26", "10.1.9.0/26"]}}}}})",
                  .operation = Set{kSubnet + ".addressPrefixes", "[10.1.1.0/26, 10.1.9.0/26]"}},
                 "InUseSubnetCannotBeUpdated",
                 "Subnet integration is in use and cannot be updated.",
                 kSubnet + ".addressPrefixes");
}

TEST(SubnetTransition, KeepsTheDelegationOfASubnetInUse) {
  const std::string text = "Subnet " + kSpoke +
                           "/subnets/integration requires any of the following delegation(s) "
                           "[Microsoft.Web/serverFarms] to reference service association link " +
                           kLink + ".";
  Attempt attempt{.file = R"({"virtualNetworks": {"spoke": {"subnets": {"integration":
                              {"delegations": null}}}}})",
                  .operation = Unset{kSubnet + ".delegations"}};
  expect_refused(attempt, "SubnetMissingRequiredDelegation", text, kSubnet + ".delegations");
  attempt.before = disconnected();
  expect_allowed(attempt);
  attempt.state = orphaned();
  expect_refused(attempt, "SubnetMissingRequiredDelegation", text, kSubnet + ".delegations");
}

TEST(SubnetTransition, DelegatesNoSubnetInWhichAMachineIs) {
  const std::string text = "Delegations of subnet " + kSpoke +
                           "/subnets/data cannot be changed from [] to "
                           "[Microsoft.Web/serverFarms] because it is being used by the resource " +
                           kSql + ".";
  const std::string path = "virtualNetworks.spoke.subnets.data.delegations";
  Attempt attempt{.file = R"({"virtualNetworks": {"spoke": {"subnets": {"data":
                              {"delegations": ["Microsoft.Web/serverFarms"]}}}}})",
                  .operation = Set{path, "[Microsoft.Web/serverFarms]"}};
  expect_refused(attempt, "SubnetDelegationsCannotChangeWhenSubnetUsedByResource", text, path);
  attempt.operation = Connect{"api", {"spoke", "data"}};
  expect_refused(attempt, "SubnetDelegationsCannotChangeWhenSubnetUsedByResource", text, path);
}

TEST(SubnetTransition, KeepsASecurityGroupThatASubnetNames) {
  expect_refused(
      {.file = R"({"networkSecurityGroups": {"nsg": null}})",
       .operation = Delete{"networkSecurityGroup", "nsg"}},
      "InUseNetworkSecurityGroupCannotBeDeleted",
      "Network security group " + kIds +
          "Microsoft.Network/networkSecurityGroups/nsg cannot be deleted because it is in use by "
          "the following resources: " +
          kSpoke +
          "/subnets/integration. In order to delete the Network security group, remove the "
          "association with the resource(s).",
      "networkSecurityGroups.nsg");
}

TEST(SubnetTransition, KeepsASecurityGroupThatANetworkInterfaceNames) {
  expect_refused(
      {.file = R"({"networkSecurityGroups": {"nic": null}})",
       .operation = Delete{"networkSecurityGroup", "nic"}},
      "InUseNetworkSecurityGroupCannotBeDeleted",
      "Network security group " + kIds +
          "Microsoft.Network/networkSecurityGroups/nic cannot be deleted because it is in use by "
          "the following resources: " +
          kIds +
          "Microsoft.Network/networkInterfaces/sql. In order to delete the Network security group, "
          "remove the association with the resource(s).",
      "networkSecurityGroups.nic");
}

TEST(PublicAddressTransition, KeepsOneThatAMachineOrANatGatewayHas) {
  const auto text = [](const std::string& address, const std::string& user) {
    return "Public IP address " + kIds + "Microsoft.Network/publicIPAddresses/" + address +
           " can not be deleted since it is still allocated to resource " + user +
           ". In order to delete the public IP, disassociate/detach the Public IP address from the "
           "resource. To learn how to do this, see aka.ms/deletepublicip.";
  };
  const char* const code = "PublicIPAddressCannotBeDeleted";
  expect_refused({.file = R"({"publicIPAddresses": {"sql": null}})",
                  .operation = Delete{"publicIPAddress", "sql"}},
                 code, text("sql", kSql), "publicIPAddresses.sql");
  expect_refused({.file = R"({"publicIPAddresses": {"sql": null}})",
                  .operation = Unset{"publicIPAddresses.sql"}},
                 code, text("sql", kSql), "publicIPAddresses.sql");
  expect_refused({.file = R"({"publicIPAddresses": {"ip": null}})",
                  .operation = Delete{"publicIPAddress", "ip"}},
                 code, text("ip", kIds + "Microsoft.Network/natGateways/nat"),
                 "publicIPAddresses.ip");
}

TEST(PublicAddressTransition, LetsGoOfOneThatNothingHasOrNothingHasAnyMore) {
  expect_allowed({.file = R"({"publicIPAddresses": {"spare": null}})",
                  .operation = Delete{"publicIPAddress", "spare"}});
  const lab::Lab next = from_file(small_lab(), R"({"publicIPAddresses": {"sql": null},
                                                   "hosts": {"sql": {"publicIPAddress": "spare"}}})");
  EXPECT_THAT(refusals({.before = &small_lab(), .after = next, .state = {}}), IsEmpty());
}

TEST(SubnetTransition, KeepsARouteTableThatASubnetNames) {
  expect_refused(
      {.file = R"({"routeTables": {"table": null}})", .operation = Delete{"routeTable", "table"}},
      "InUseRouteTableCannotBeDeleted",
      "Route table " + kIds +
          "Microsoft.Network/routeTables/table cannot be deleted because it is in use "
          "by the following resources: " +
          kSpoke +
          "/subnets/integration. In order to delete the Route table, remove the "
          "association with the resource(s).",
      "routeTables.table");
}

TEST(SubnetTransition, KeepsANatGatewayThatASubnetNames) {
  expect_refused(
      {.file = R"({"natGateways": {"nat": null}})", .operation = Delete{"natGateway", "nat"}},
      "InUseNatGatewayCannotBeDeleted",
      "NAT gateway " + kIds +
          "Microsoft.Network/natGateways/nat cannot be deleted because it is in use by "
          "the following resources: " +
          kSpoke +
          "/subnets/integration. In order to delete the NAT gateway, remove the "
          "association with the resource(s).",
      "natGateways.nat");
}

TEST(SubnetTransition, LetsOneFileDisconnectAndDelete) {
  const lab::Lab next =
      from_file(small_lab(), R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null}}},
                       "sites": {"web": {"virtualNetworkSubnet": null}}})");
  EXPECT_THAT(refusals({.before = &small_lab(), .after = next, .state = {}}), IsEmpty());
  const lab::Lab elsewhere =
      from_file(small_lab(),
                R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null, "data": null}}},
          "sites": {"web": {"virtualNetworkSubnet": "spoke/spare"}},
          "hosts": {"sql": {"subnet": "spoke/empty", "ipAddress": "10.1.4.4"}}})");
  EXPECT_THAT(refusals({.before = &small_lab(), .after = elsewhere, .state = {}}), IsEmpty());
}

TEST(SubnetTransition, LetsOneFileTakeAListOffASubnetAndDeleteIt) {
  const lab::Lab next = from_file(
      small_lab(), R"({"networkSecurityGroups": {"nsg": null}, "routeTables": {"table": null},
                       "natGateways": {"nat": null},
                       "virtualNetworks": {"spoke": {"subnets": {"integration":
                         {"networkSecurityGroup": null, "routeTable": null, "natGateway": null}}}}})");
  EXPECT_THAT(refusals({.before = &small_lab(), .after = next, .state = {}}), IsEmpty());
}

TEST(SubnetTransition, LetsGoOfWhatNothingUses) {
  expect_allowed({.file = R"({"virtualNetworks": {"spoke": {"subnets": {"spare": null}}}})",
                  .operation = Delete{"subnet", "spoke/spare"}});
  expect_allowed(
      {.file = R"({"virtualNetworks": {"spoke": {"subnets": {"spare":
                              {"addressPrefixes": ["10.1.3.0/25"], "delegations": null}}}}})",
       .operation = Set{"virtualNetworks.spoke.subnets.spare", "{addressPrefix: 10.1.3.0/25}"}});
  expect_allowed({.file = R"({"networkSecurityGroups": {"unused": null}})",
                  .operation = Delete{"networkSecurityGroup", "unused"}});
  expect_allowed({.before = disconnected(),
                  .file = R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null}}}})",
                  .operation = Delete{"subnet", "spoke/integration"}});
}

TEST(SubnetTransition, LeavesToTheLoaderWhatWasNotThereBefore) {
  const lab::Lab before = disconnected();
  const lab::Lab next =
      from_file(before,
                R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null, "empty": null}}},
          "networkSecurityGroups": {"unused": null}, "serverFarms": {"other": null},
          "sites": {"web": {"virtualNetworkSubnet": "spoke/integration"},
                    "api": {"serverFarm": "other"}},
          "hosts": {"sql": {"subnet": "spoke/empty", "ipAddress": "10.1.4.4"}}})");
  EXPECT_THAT(refusals({.before = &before, .after = next, .state = {}}), IsEmpty());
}

TEST(SubnetTransition, LetsASubnetInUseChangeInAllElse) {
  expect_allowed({.file = R"({"virtualNetworks": {"spoke": {"subnets": {"integration":
                              {"networkSecurityGroup": null}}}}})",
                  .operation = Unset{kSubnet + ".networkSecurityGroup"}});
}

TEST(SubnetTransition, JudgesNothingOfTheFirstLabAndOfOneThatComesBack) {
  EXPECT_THAT(refusals({.after = small_lab(), .state = {}}), IsEmpty());
  const lab::Lab next = from_file(
      small_lab(), R"({"virtualNetworks": {"spoke": {"subnets": {"integration": null}}}})");
  EXPECT_THAT(
      refusals(
          {.before = &small_lab(), .after = next, .state = orphaned(), .cause = Cause::kRestore}),
      IsEmpty());
}

}  // namespace
}  // namespace egress::lifecycle
