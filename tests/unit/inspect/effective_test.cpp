// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include <gmock/gmock.h>

#include "tests/support/spoke_lab.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;

EffectiveRules rules_of(const lab::Lab& lab, const ChainHits& hits = {}) {
  const auto network = policy::analyse({.lab = lab});
  return effective_rules(network->subnets[network->sites.at("web").subnet], hits);
}

TEST(EffectiveRules, FindTheHitsOfEachRulesChain) {
  const EffectiveRules effective = rules_of(spoke_lab(), {{"out/integration/deny/deny-sql", 3}});
  ASSERT_FALSE(effective.rules.empty());
  EXPECT_EQ(effective.rules.front().rule.name, "nsg/deny-sql");
  EXPECT_EQ(effective.rules.front().hits, 3U);
  EXPECT_EQ(effective.rules.back().hits, std::nullopt);
}

TEST(EffectiveRules, ListOutboundRulesBeforeInboundOnes) {
  const EffectiveRules effective = rules_of(spoke_lab());
  EXPECT_EQ(effective.rules.front().rule.rule.direction, lab::Direction::kOutbound);
  EXPECT_EQ(effective.rules.back().rule.rule.direction, lab::Direction::kInbound);
}

TEST(EffectiveRoutes, ListWhatAzureDoesAndNotWhatItComesTo) {
  lab::Lab lab = spoke_lab();
  const lab::SubnetRef& subnet = *lab.sites.at("web").virtual_network_subnet;
  lab::Subnet& apps = lab.virtual_networks[subnet.vnet].subnets[subnet.subnet];
  apps.service_endpoints = {{.service = "Microsoft.Sql", .locations = {"westeurope"}}};
  apps.route_table = "own";
  lab.service_tags = std::make_shared<const lab::ServiceTags>(lab::ServiceTags{
      {"Sql.WestEurope", {"westeurope", address_set({prefix("52.236.184.0/24")})}}});
  lab.route_tables["own"].routes["leave"] = {.address_prefix = prefix("52.236.184.128/25"),
                                             .next_hop_type = lab::NextHopType::kInternet};
  const auto network = policy::analyse({.lab = lab});
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
