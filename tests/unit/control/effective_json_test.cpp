// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/json.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::control {
namespace {

using namespace testing_support;

Json json_of(const policy::EffectiveRule& rule, std::optional<uint64_t> hits = std::nullopt) {
  return to_json(inspect::EffectiveRules{.rules = {{rule, hits}}})["rules"][0];
}

TEST(EffectiveRoutesJson, HasTheFieldsOfNetworkWatcher) {
  const Json json = to_json(inspect::EffectiveRoutes{
      .subnet = {"spoke", "integration"},
      .routes = {{.name = "via-firewall/default",
                  .source = policy::RouteSource::kUser,
                  .address_prefix = prefix("0.0.0.0/0"),
                  .next_hop_type = policy::EffectiveNextHop::kVirtualAppliance,
                  .next_hop_ip_address = ip("10.0.1.4")}}});
  EXPECT_EQ(json.dump(),
            R"({"subnet":"spoke/integration","routes":[{"name":"via-firewall/default",)"
            R"("source":"User","state":"Active","addressPrefix":["0.0.0.0/0"],)"
            R"("nextHopType":"VirtualAppliance","nextHopIpAddress":["10.0.1.4"]}]})");
}

TEST(EffectiveRuleJson, ListsPrefixesAsDeclaredAndHits) {
  const auto groups = contract_lab().network_security_groups;
  const policy::EffectiveRule rule{
      .name = "nsg-integration/deny-sql",
      .rule = groups.at("nsg-integration").security_rules.at("deny-sql"),
      .sources = AddressSet::all(),
      .destinations = address_set({prefix("10.1.2.0/24")})};
  const Json json = json_of(rule, 7);
  EXPECT_EQ(json["name"], "nsg-integration/deny-sql");
  EXPECT_EQ(json["protocol"], "Tcp");
  EXPECT_EQ(json["sourceAddressPrefix"], "*");
  EXPECT_EQ(json["sourcePortRange"], "0-65535");
  EXPECT_EQ(json["destinationAddressPrefix"], "10.1.2.0/24");
  EXPECT_EQ(json["destinationPortRange"], "1433-1433");
  EXPECT_EQ(json["expandedDestinationAddressPrefix"], Json::array());
  EXPECT_EQ(json["access"], "Deny");
  EXPECT_EQ(json["hits"], 7);
  EXPECT_TRUE(json_of(rule)["hits"].is_null());
}

TEST(EffectiveRuleJson, ExpandsTags) {
  policy::EffectiveRule rule{.name = "nsg/AllowVnetOutBound"};
  rule.rule.destination.service_tag = "VirtualNetwork";
  rule.destinations = address_set({prefix("10.0.0.0/16"), prefix("10.1.0.0/16")});
  const Json json = json_of(rule);
  EXPECT_EQ(json["destinationAddressPrefix"], "VirtualNetwork");
  EXPECT_EQ(json["expandedDestinationAddressPrefix"], Json::array({"10.0.0.0/15"}));
}

const policy::Network::Subnet& integration_in(const policy::Network& network) {
  return network.subnets[network.sites.at("web").subnet];
}

TEST(EffectiveRulesJson, KeepsTheOrderOfTheRules) {
  const auto network = network_of(contract_lab());
  const Json json = to_json(inspect::effective_rules(integration_in(*network), {}));
  EXPECT_EQ(json["subnet"], "spoke/integration");
  ASSERT_FALSE(json["rules"].empty());
  EXPECT_EQ(json["rules"][0]["name"], "nsg-integration/deny-sql");
  EXPECT_EQ(json["rules"].back()["direction"], "Inbound");
}

TEST(EffectiveRoutesJson, AreThoseOfTheSubnet) {
  const auto network = network_of(contract_lab());
  const Json json = to_json(inspect::effective_routes(integration_in(*network)));
  EXPECT_EQ(json["subnet"], "spoke/integration");
  bool found = false;
  for (const Json& route : json["routes"]) {
    found = found || (route["name"] == "via-firewall/default" && route["state"] == "Active");
  }
  EXPECT_TRUE(found) << json.dump(2);
}

TEST(NetworkWatcherJson, HasTheFieldsOfTheRealAnswers) {
  EXPECT_EQ(dump(to_json(inspect::IpFlowVerdict{lab::Access::kDeny, "securityRules/deny-sql"})),
            R"({"access":"Deny","ruleName":"securityRules/deny-sql"})");
  EXPECT_EQ(dump(to_json(inspect::IpFlowVerdict{})), R"({"access":"Allow","ruleName":null})");
  EXPECT_EQ(dump(to_json(inspect::NextHopAnswer{{"VirtualAppliance", ip("10.0.1.4")}, "table"})),
            R"({"nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.1.4",)"
            R"("routeTableId":"table"})");
  EXPECT_EQ(dump(to_json(inspect::NextHopAnswer{{"Internet", {}}, "System Route"})),
            R"({"nextHopType":"Internet","nextHopIpAddress":null,"routeTableId":"System Route"})");
}

}  // namespace
}  // namespace egress::control
