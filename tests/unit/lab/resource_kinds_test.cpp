// SPDX-License-Identifier: MIT
#include "lab/resource_kinds.hpp"

#include <gmock/gmock.h>

namespace egress::lab {
namespace {

TEST(ResourceKinds, AreTheObjectsThatStandInMapsUnderNames) {
  EXPECT_THAT(resource_kinds(),
              testing::IsSupersetOf({"virtualNetwork", "subnet", "virtualNetworkPeering",
                                     "networkSecurityGroup", "securityRule", "routeTable", "route",
                                     "serverFarm", "site", "host", "service", "privateEndpoint",
                                     "privateDnsZone", "virtualNetworkLink", "recordSet",
                                     "natGateway", "subscription", "certificate"}));
  EXPECT_THAT(resource_kinds(), testing::Not(testing::Contains("expectation")));
}

TEST(ResourceKinds, TellWhereAResourceStands) {
  EXPECT_EQ(path_of("subnet", "spoke/apps").value(), "virtualNetworks.spoke.subnets.apps");
  EXPECT_EQ(path_of("SecurityRule", "nsg.one/deny-sql").value(),
            "networkSecurityGroups.nsg.one.securityRules.deny-sql");
  EXPECT_EQ(path_of("serverFarm", "plan").value(), "serverFarms.plan");
  EXPECT_EQ(path_of("recordSet", "corp.internal/www.a").value(),
            "privateDnsZones.corp.internal.recordSets.www.a");
}

TEST(ResourceKinds, OfAnotherNameAreToldWithASuggestion) {
  const auto near = path_of("subnets", "spoke/apps");
  ASSERT_FALSE(near.ok());
  EXPECT_EQ(near.error().code, Errc::kInvalid);
  EXPECT_EQ(near.error().message, "unknown kind 'subnets'; did you mean 'subnet'?");
  EXPECT_THAT(path_of("thing", "x").error().message,
              testing::HasSubstr("write one of subscription, "));
}

TEST(ResourceKinds, TakeNamesOfTheirOwnForm) {
  for (const char* name : {"", "spoke", "spoke/", "/apps", "spoke/apps/more"}) {
    const auto path = path_of("subnet", name);
    ASSERT_FALSE(path.ok()) << name;
    EXPECT_THAT(path.error().message, testing::HasSubstr("write virtualNetwork/subnet")) << name;
  }
  EXPECT_FALSE(path_of("site", "a/b").ok());
  EXPECT_FALSE(path_of("site", "").ok());
}

}  // namespace
}  // namespace egress::lab
