// SPDX-License-Identifier: MIT
#include "control/effective.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/unit/control/spoke_lab.hpp"

namespace egress::control {
namespace {

TEST(EffectiveRouteJson, HasTheFieldsOfNetworkWatcher) {
  const Json json =
      to_json(policy::EffectiveRoute{.name = "via-firewall/default",
                                     .source = policy::RouteSource::kUser,
                                     .address_prefix = prefix("0.0.0.0/0"),
                                     .next_hop_type = policy::EffectiveNextHop::kVirtualAppliance,
                                     .next_hop_ip_address = address("10.0.1.4")});
  EXPECT_EQ(json.dump(), R"({"name":"via-firewall/default","source":"User","state":"Active",)"
                         R"("addressPrefix":["0.0.0.0/0"],"nextHopType":"VirtualAppliance",)"
                         R"("nextHopIpAddress":["10.0.1.4"]})");
}

TEST(EffectiveRuleJson, ListsPrefixesAsDeclaredAndHits) {
  const policy::EffectiveRule rule{.name = "nsg/deny-sql",
                                   .rule = deny_sql(),
                                   .sources = AddressSet::all(),
                                   .destinations = address_set({prefix("10.1.2.0/24")})};
  const uint64_t hits = 7;
  const Json json = to_json(rule, &hits);
  EXPECT_EQ(json["name"], "nsg/deny-sql");
  EXPECT_EQ(json["protocol"], "Tcp");
  EXPECT_EQ(json["sourceAddressPrefix"], "*");
  EXPECT_EQ(json["sourcePortRange"], "0-65535");
  EXPECT_EQ(json["destinationAddressPrefix"], "10.1.2.0/24");
  EXPECT_EQ(json["destinationPortRange"], "1433-1433");
  EXPECT_EQ(json["expandedDestinationAddressPrefix"], Json::array());
  EXPECT_EQ(json["access"], "Deny");
  EXPECT_EQ(json["hits"], 7);
  EXPECT_TRUE(to_json(rule, nullptr)["hits"].is_null());
}

TEST(EffectiveRuleJson, ExpandsTags) {
  policy::EffectiveRule rule{.name = "nsg/AllowVnetOutBound", .is_default = true};
  rule.rule.destination.service_tag = "VirtualNetwork";
  rule.destinations = address_set({prefix("10.0.0.0/16"), prefix("10.1.0.0/16")});
  const Json json = to_json(rule, nullptr);
  EXPECT_EQ(json["destinationAddressPrefix"], "VirtualNetwork");
  EXPECT_EQ(json["expandedDestinationAddressPrefix"], Json::array({"10.0.0.0/15"}));
}

TEST(EffectiveRulesJson, FindsTheHitsOfEachRulesChain) {
  const Json json = effective_rules_json(*policy::analyse({.lab = spoke_lab()}), kIntegration,
                                         {{"out/integration/deny/deny-sql", 3}});
  EXPECT_EQ(json["subnet"], "spoke/integration");
  ASSERT_FALSE(json["rules"].empty());
  EXPECT_EQ(json["rules"][0]["name"], "nsg/deny-sql");
  EXPECT_EQ(json["rules"][0]["hits"], 3);
  EXPECT_EQ(json["rules"].back()["direction"], "Inbound");
}

TEST(EffectiveRoutesJson, AreThoseOfTheSubnet) {
  const Json json = effective_routes_json(*policy::analyse({.lab = spoke_lab()}), kIntegration);
  EXPECT_EQ(json["subnet"], "spoke/integration");
  bool found = false;
  for (const Json& route : json["routes"]) {
    found = found || (route["name"] == "via-firewall/default" && route["state"] == "Active");
  }
  EXPECT_TRUE(found) << json.dump(2);
}

}  // namespace
}  // namespace egress::control
