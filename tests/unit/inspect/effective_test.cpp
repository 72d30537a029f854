// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include <gmock/gmock.h>

#include "inspect/senders.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;

EffectiveRules rules_of(const lab::Lab& lab, const ChainHits& hits = {}) {
  const auto network = network_of(lab);
  return effective_rules(network->subnets[network->sites.at("web").subnet], hits);
}

TEST(EffectiveRules, FindTheHitsOfEachRulesChain) {
  const EffectiveRules effective = rules_of(contract_lab(), {{"out/integration/deny/deny-sql", 3}});
  ASSERT_FALSE(effective.rules.empty());
  EXPECT_EQ(effective.rules.front().rule.name, "nsg-integration/deny-sql");
  EXPECT_EQ(effective.rules.front().hits, 3U);
  EXPECT_EQ(effective.rules.back().hits, std::nullopt);
}

TEST(EffectiveRules, ListOutboundRulesBeforeInboundOnes) {
  const EffectiveRules effective = rules_of(contract_lab());
  EXPECT_EQ(effective.rules.front().rule.rule.direction, lab::Direction::kOutbound);
  EXPECT_EQ(effective.rules.back().rule.rule.direction, lab::Direction::kInbound);
}

TEST(EffectiveRules, OfAMachineAreThoseOfItsOwnListAndItsSubnetsInTheirOrder) {
  const lab::Lab lab = with(contract_lab(), R"(
virtualNetworks: {spoke: {subnets: {data: {networkSecurityGroup: of-subnet}}}}
networkSecurityGroups: {of-subnet: {}, own: {}}
hosts: {sql: {networkSecurityGroup: own}}
)");
  const auto network = network_of(lab);
  const policy::Index machine = machine_of(*network, "host/sql");
  const EffectiveRules effective = effective_rules(
      *network, machine,
      {{"in_nic/sql/deny/DenyAllInBound", 3}, {"in/data/allow/AllowVnetInBound", 4}});
  std::vector<std::string> listed;
  std::map<std::string, std::optional<uint64_t>> hits;
  for (const RuleHits& each : effective.rules) {
    listed.push_back(each.machine + " " + each.rule.name);
    hits[each.rule.name] = each.hits;
  }
  EXPECT_EQ(hits.at("own/DenyAllInBound"), 3U);
  EXPECT_EQ(hits.at("of-subnet/AllowVnetInBound"), 4U);
  EXPECT_THAT(listed, testing::ElementsAre(
                          "sql own/AllowVnetOutBound", "sql own/AllowInternetOutBound",
                          "sql own/DenyAllOutBound", " of-subnet/AllowVnetOutBound",
                          " of-subnet/AllowInternetOutBound", " of-subnet/DenyAllOutBound",
                          " of-subnet/AllowVnetInBound", " of-subnet/AllowAzureLoadBalancerInBound",
                          " of-subnet/DenyAllInBound", "sql own/AllowVnetInBound",
                          "sql own/AllowAzureLoadBalancerInBound", "sql own/DenyAllInBound"));
  EXPECT_EQ(machine_of(*network, "web"), policy::kNowhere);
  EXPECT_EQ(machine_of(*network, "host/website"), policy::kNowhere);
}

TEST(EffectiveRoutes, ListWhatAzureDoesAndNotWhatItComesTo) {
  lab::Lab lab = with(contract_lab(), R"(
virtualNetworks: {spoke: {subnets: {integration: {
  serviceEndpoints: [{service: Microsoft.Sql, locations: [westeurope]}], routeTable: own}}}}
routeTables:
  own: {routes: {leave: {addressPrefix: 52.236.184.128/25, nextHopType: Internet}}}
)");
  lab.service_tags = service_tags({{"Sql.WestEurope", {"52.236.184.0/24"}}});
  const auto network = network_of(lab);
  std::vector<std::string> listed;
  for (const policy::EffectiveRoute& route :
       effective_routes(network->subnets[network->sites.at("web").subnet]).routes) {
    if (!prefix("52.0.0.0/8").contains(route.address_prefix)) continue;
    listed.push_back(route.name + " " + policy::name_of(route.state));
  }
  EXPECT_THAT(listed,
              testing::ElementsAre("serviceEndpoints/Microsoft.Sql Active", "own/leave Invalid"));
}

}  // namespace
}  // namespace egress::inspect
