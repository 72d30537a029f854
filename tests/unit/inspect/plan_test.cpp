// SPDX-License-Identifier: MIT
#include "inspect/plan.hpp"

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
      UnorderedElementsAre(
          ResourceChange{
              "change", "securityRule", "nsg-integration/deny-sql", {{"priority", "100", "200"}}},
          ResourceChange{"add", "subnet", "spoke/more"},
          ResourceChange{"remove", "subnet", "spoke/data"}));
}

TEST(ResourceChanges, TellPropertiesThatComeAndGo) {
  const lab::Lab before = contract_lab();
  const lab::Lab after = with(before, R"({
      sites: {web: {virtualNetworkSubnet: null}},
      serverFarms: {plan: {sku: P2v3, outboundIpAddresses: [20.50.1.9]}}})");
  EXPECT_THAT(
      resource_changes(&before, after),
      UnorderedElementsAre(
          ResourceChange{
              "change", "site", "web", {{"virtualNetworkSubnet", R"("spoke/integration")", {}}}},
          ResourceChange{"change",
                         "serverFarm",
                         "plan",
                         {{"sku", R"("P1v3")", R"("P2v3")"},
                          {"outboundIpAddresses", {}, R"(["20.50.1.9"])"}}}));
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
  const lab::Lab after = with(before, "{location: northeurope, outboundIpAddresses: [20.50.1.4]}");
  EXPECT_THAT(resource_changes(&before, after),
              ElementsAre(ResourceChange{
                  "change",
                  "lab",
                  "",
                  {{"location", R"("westeurope")", R"("northeurope")"},
                   {"outboundIpAddresses", R"(["20.50.1.4","20.50.1.5"])", R"(["20.50.1.4"])"}}}));
}

TEST(ResourceChanges, AreNoneWhereNothingIsMadeOfIt) {
  lab::Lab before = contract_lab();
  before.service_tags_file = "tags.json";
  before.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}});
  lab::Lab after = before;
  after.expectations.clear();
  after.service_tags_file = "other.json";
  EXPECT_THAT(resource_changes(&before, after), IsEmpty());
  after.service_tags = service_tags({{"Storage", {"20.61.0.0/16"}}});
  EXPECT_THAT(resource_changes(&before, after),
              ElementsAre(ResourceChange{
                  "change", "lab", "", {{"serviceTags", R"("tags.json")", R"("other.json")"}}}));
  after.service_tags_file = "tags.json";
  EXPECT_THAT(resource_changes(&before, after),
              ElementsAre(ResourceChange{
                  "change", "lab", "", {{"serviceTags", R"("tags.json")", R"("tags.json")"}}}));
}

ipam::Lease lease(int instance, const char* address) {
  return {.holder = {"plan", instance, {"spoke", "integration"}}, .address = ip(address)};
}

TEST(AddressChanges, TellHeldOnesThatAreTakenAndLeft) {
  const ipam::TimePoint later = ipam::TimePoint() + std::chrono::hours(1);
  const ipam::Lease gone = lease(0, "10.1.1.4");
  ipam::Lease waits = lease(1, "10.1.1.5");
  waits.state = ipam::LeaseState::kReleasing;
  waits.release_at = later;
  ipam::Lease waited = waits;
  waited.address = ip("10.1.1.6");
  const ipam::Lease taken = lease(2, "10.1.1.7");
  const AddressChanges changes =
      address_changes({.removed = {gone, waited}, .stored = {waits, taken}});
  EXPECT_THAT(changes.taken, ElementsAre(taken));
  EXPECT_THAT(changes.released, UnorderedElementsAre(gone, waits));
}

}  // namespace
}  // namespace egress::inspect
