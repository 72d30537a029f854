// SPDX-License-Identifier: MIT
#include "lab/difference.hpp"

#include <gmock/gmock.h>

#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"

namespace egress::lab {

void PrintTo(const Difference& difference, std::ostream* out) {
  *out << difference.path << ": " << difference.before.value_or("-") << " -> "
       << difference.after.value_or("-");
}

namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Not;
using testing_support::contract_lab;
using testing_support::prefix;
using Verb = ResourceDifference::Verb;

std::vector<Difference> differences_after(const std::function<void(Lab&)>& change) {
  const Lab before = contract_lab();
  Lab after = before;
  change(after);
  return differences(&before, after);
}

TEST(Difference, OfEqualLabsIsNone) {
  EXPECT_THAT(differences_after([](Lab&) {}), IsEmpty());
  const Lab lab = contract_lab();
  EXPECT_THAT(resource_differences(&lab, lab), IsEmpty());
}

TEST(Difference, IsOneForEachProperty) {
  EXPECT_THAT(differences_after([](Lab& lab) {
                lab.server_farms.at("plan").capacity = 5;
                lab.server_farms.at("plan").sku = "S1";
                lab.sites.at("web").app_settings["ONE.MORE"] = "x";
              }),
              ElementsAre(Difference{"serverFarms.plan.sku", R"("P1v3")", R"("S1")"},
                          Difference{"serverFarms.plan.capacity", "2", "5"},
                          Difference{"sites.web.appSettings.ONE.MORE", std::nullopt, R"("x")"}));
}

TEST(Difference, OfAnObjectIsThatOfItsMembersWhereItIsThereBeforeAndAfter) {
  EXPECT_THAT(
      differences_after(
          [](Lab& lab) { lab.sites.at("web").outbound_vnet_routing->image_pull_traffic ^= true; }),
      ElementsAre(Field(&Difference::path, "sites.web.outboundVnetRouting.imagePullTraffic")));
  EXPECT_THAT(
      differences_after([](Lab& lab) { lab.sites.at("web").outbound_vnet_routing.reset(); }),
      ElementsAre(Field(&Difference::path, "sites.web.outboundVnetRouting")));
}

TEST(Difference, OfAResourceThatComesOrGoesIsOne) {
  const auto found = differences_after([](Lab& lab) {
    lab.route_tables.erase("via-firewall");
    lab.virtual_networks.at("spoke").subnets["more"].address_prefixes = {prefix("10.1.77.0/24")};
  });
  EXPECT_THAT(found, Contains(Difference{"virtualNetworks.spoke.subnets.more", std::nullopt,
                                         R"({"addressPrefixes":["10.1.77.0/24"]})"}));
  EXPECT_THAT(found,
              Contains(testing::AllOf(Field(&Difference::path, "routeTables.via-firewall"),
                                      Field(&Difference::after, std::optional<std::string>()))));
  EXPECT_THAT(
      found,
      Not(Contains(Field(&Difference::path, testing::StartsWith("routeTables.via-firewall.")))));
}

TEST(Difference, TellsThatAFileOfTagsHoldsOthers) {
  Lab before;
  before.service_tags_file = "tags.json";
  before.service_tags = std::make_shared<const ServiceTags>();
  Lab after = before;
  after.service_tags = std::make_shared<const ServiceTags>(ServiceTags{{"Sql", {}}});
  EXPECT_THAT(differences(&before, after),
              ElementsAre(Difference{"serviceTags", R"("tags.json")", R"("tags.json")"}));
}

TEST(Difference, OfTheFirstLabIsEverythingInIt) {
  const auto found = differences(nullptr, contract_lab());
  EXPECT_THAT(found, Contains(Field(&Difference::path, "virtualNetworks.spoke")));
  for (const Difference& each : found) EXPECT_FALSE(each.before) << each.path;
}

// A list of what changes, as "+ kind name" and "~ kind name: property".
std::vector<std::string> lines_of(const Lab* before, const Lab& after) {
  std::vector<std::string> lines;
  for (const ResourceDifference& each : resource_differences(before, after)) {
    const std::string head = each.verb == Verb::kAdd ? "+" : each.verb == Verb::kRemove ? "-" : "~";
    std::string line = head + " " + each.kind + " " + each.name;
    for (const Difference& property : each.properties) line += ": " + property.path;
    lines.push_back(line);
  }
  return lines;
}

TEST(ResourceDifference, ListsResourcesWithTheirOwnPropertiesAndTheirChildrenBehindThem) {
  const Lab before = contract_lab();
  Lab after = before;
  after.address_allocation = AddressAllocation::kHighest;
  after.virtual_networks.at("spoke").flow_timeout_in_minutes = 5;
  after.virtual_networks.at("spoke").subnets.at("data").address_prefixes = {prefix("10.1.99.0/24")};
  after.network_security_groups.at("nsg-integration").security_rules.at("deny-sql").priority = 200;
  after.expectations.clear();
  const auto lines = lines_of(&before, after);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.front(), "~ lab : addressAllocation: expectations");
  EXPECT_THAT(lines, testing::IsSupersetOf({"~ virtualNetwork spoke: flowTimeoutInMinutes",
                                            "~ subnet spoke/data: addressPrefixes",
                                            "~ securityRule nsg-integration/deny-sql: priority"}));
}

TEST(ResourceDifference, OfAResourceThatComesOrGoesListsWhatIsInItToo) {
  const Lab before = contract_lab();
  Lab after = before;
  after.route_tables.clear();
  EXPECT_THAT(lines_of(&before, after),
              testing::IsSupersetOf({"- routeTable via-firewall", "- route via-firewall/default"}));
  EXPECT_THAT(lines_of(nullptr, before),
              testing::IsSupersetOf({"+ virtualNetwork spoke", "+ subnet spoke/integration",
                                     "+ securityRule nsg-integration/deny-sql"}));
}

TEST(ResourceDifference, OfTheFirstLabHasNoneOfTheLabItself) {
  for (const ResourceDifference& each : resource_differences(nullptr, contract_lab())) {
    EXPECT_EQ(each.verb, Verb::kAdd);
    EXPECT_NE(each.kind, "lab");
  }
}

}  // namespace
}  // namespace egress::lab
