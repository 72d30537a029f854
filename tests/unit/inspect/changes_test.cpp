// SPDX-License-Identifier: MIT
#include "inspect/changes.hpp"

#include <gmock/gmock.h>

#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {

void PrintTo(const ResourceChange& change, std::ostream* out) {
  *out << change.verb << ' ' << change.kind << ' ' << change.name;
}

namespace {

using namespace testing_support;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(ResourceChanges, AddEverythingOfTheFirstLab) {
  const auto changes = resource_changes(nullptr, contract_lab());
  for (const ResourceChange& change : changes) EXPECT_EQ(change.verb, "add");
  EXPECT_THAT(changes, Contains(ResourceChange{"add", "virtualNetwork", "spoke"}));
  EXPECT_THAT(changes, Contains(ResourceChange{"add", "subnet", "spoke/integration"}));
  EXPECT_THAT(changes, Contains(ResourceChange{"add", "securityRule", "nsg-integration/deny-sql"}));
  EXPECT_THAT(changes, Contains(ResourceChange{"add", "route", "via-firewall/default"}));
  EXPECT_THAT(changes, Contains(ResourceChange{"add", "virtualNetworkPeering", "hub/spoke"}));
  EXPECT_THAT(changes, Contains(ResourceChange{"add", "host", "website"}));
}

TEST(ResourceChanges, AreNoneBetweenEqualLabs) {
  const lab::Lab before = contract_lab();
  EXPECT_THAT(resource_changes(&before, contract_lab()), IsEmpty());
}

TEST(ResourceChanges, NameTheChildAndNotItsParent) {
  const lab::Lab before = contract_lab();
  lab::Lab after = contract_lab();
  after.network_security_groups["nsg-integration"].security_rules["deny-sql"].priority = 200;
  after.virtual_networks["spoke"].subnets["more"].address_prefixes = {prefix("10.1.3.0/24")};
  after.virtual_networks["spoke"].subnets.erase("data");
  EXPECT_THAT(
      resource_changes(&before, after),
      UnorderedElementsAre(ResourceChange{"change", "securityRule", "nsg-integration/deny-sql"},
                           ResourceChange{"add", "subnet", "spoke/more"},
                           ResourceChange{"remove", "subnet", "spoke/data"}));
}

TEST(ResourceChanges, RemoveTheChildrenOfARemovedParent) {
  const lab::Lab before = contract_lab();
  lab::Lab after = contract_lab();
  after.route_tables.clear();
  EXPECT_THAT(resource_changes(&before, after),
              ElementsAre(ResourceChange{"remove", "routeTable", "via-firewall"},
                          ResourceChange{"remove", "route", "via-firewall/default"}));
}

TEST(ResourceChanges, NameTheLabsOwnSettings) {
  const lab::Lab before = contract_lab();
  lab::Lab after = contract_lab();
  after.location = "northeurope";
  after.service_tags = std::make_shared<lab::ServiceTags>();
  EXPECT_THAT(resource_changes(&before, after),
              ElementsAre(ResourceChange{"change", "lab", "location"},
                          ResourceChange{"change", "lab", "serviceTags"}));
}

}  // namespace
}  // namespace egress::inspect
