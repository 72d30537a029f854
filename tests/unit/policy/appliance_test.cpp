// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "tests/unit/policy/policy_test.hpp"

// Flows over peerings and through NVAs: a hub with a firewall between two spokes.

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Verdict;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHubAndSpokes = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      fw: {addressPrefix: 10.0.1.0/24, routeTable: fw}
      apps: {addressPrefix: 10.0.9.0/26, delegations: [Microsoft.Web/serverFarms]}
    virtualNetworkPeerings: {one: {}, two: {}}
  one:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: apps}
      nva: {addressPrefix: 10.1.3.0/24, routeTable: nva}
      second: {addressPrefix: 10.1.4.0/24}
    virtualNetworkPeerings: {hub: {}}
  two:
    addressPrefixes: [10.2.0.0/16]
    subnets:
      data: {addressPrefix: 10.2.1.0/24, routeTable: data}
      apps: {addressPrefix: 10.2.9.0/26, delegations: [Microsoft.Web/serverFarms]}
    virtualNetworkPeerings: {hub: {}}
routeTables: {apps: {}, data: {}, fw: {}, nva: {}}
serverFarms: {plan: {}, others: {}}
sites:
  app: {serverFarm: plan, virtualNetworkSubnet: one/apps, outboundVnetRouting: {applicationTraffic: true}}
  of-hub: {serverFarm: others, virtualNetworkSubnet: hub/apps}
  of-two: {serverFarm: others, virtualNetworkSubnet: two/apps}
hosts:
  fw: {subnet: hub/fw, ipAddress: 10.0.1.4, enableIPForwarding: true}
  local: {subnet: one/nva, ipAddress: 10.1.3.4, enableIPForwarding: true}
  second: {subnet: one/second, ipAddress: 10.1.4.4, enableIPForwarding: true}
  third: {subnet: two/data, ipAddress: 10.2.1.9, enableIPForwarding: true}
  sql: {subnet: two/data, ipAddress: 10.2.1.4, listen: [tcp/1433]}
  box: {subnet: hub/fw, ipAddress: 10.0.1.9, listen: [tcp/22]}
  web: {internet: true, ipAddress: 93.184.216.34, listen: [tcp/443]}
)";

lab::Lab hub_and_spokes() {
  return lab_from(kHubAndSpokes);
}

void accept_forwarded(lab::Lab& lab, const std::string& at, const std::string& remote) {
  peering(lab, at, remote).allow_forwarded_traffic = true;
}

TEST(Peering, ReachesHostsOfThePeerWithThePrivateSource) {
  const Explanation got = explain(hub_and_spokes(), "app", "tcp://10.0.1.9:22");
  EXPECT_EQ(decision(got), "Allow by route one/hub");
  EXPECT_EQ(got.next_hop->type, "VNetPeering");
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow) << got.reply->reason;
  EXPECT_EQ(decision(explain(hub_and_spokes(), "app", "tcp://10.0.1.77:22")),
            "NoRoute by destination 10.0.1.77");
}

// azure-facts 11.10
TEST(Peering, IsNotTransitive) {
  EXPECT_EQ(decision(explain(hub_and_spokes(), "app", "tcp://10.2.1.4:1433")),
            "Drop by route system/10.0.0.0/8");
}

TEST(Peering, OfOneSideIsNone) {
  lab::Lab lab = hub_and_spokes();
  lab.virtual_networks["hub"].virtual_network_peerings.erase("one");
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.0.1.9:22")), "Drop by route system/10.0.0.0/8");
}

// azure-facts 11.11
TEST(Peering, WithoutAccessOnlyStopsTheDefaultRules) {
  lab::Lab lab = hub_and_spokes();
  subnet(lab, "one/apps").network_security_group = "nsg";
  lab.network_security_groups["nsg"];
  peering(lab, "one", "hub").allow_virtual_network_access = false;
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.0.1.9:22")),
            "Deny by networkSecurityGroup nsg/DenyAllOutBound");
  allow(lab, "nsg/hub", 100, Direction::kOutbound, {.destination = "10.0.0.0/16"});
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.0.1.9:22")),
            "Allow by networkSecurityGroup nsg/hub");
}

TEST(Peering, IntegrationAddressesOfThePeerRefuseAtOnce) {
  lab::Lab lab = hub_and_spokes();
  const Explanation got = explain(lab, "app", "tcp://10.0.9.4:80");
  EXPECT_EQ(decision(got), "Drop by platform hub/apps");
  EXPECT_TRUE(got.refused);
  EXPECT_THAT(stages(got), Not(Contains(HasSubstr("route"))));
}

TEST(Appliance, JoinsSpokesWhenForwardedTrafficIsAllowedAndTheReplyIsRouted) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/two", "10.2.0.0/16", "10.0.1.4");
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.2.1.4:1433")), "Drop by peering two/hub");

  accept_forwarded(lab, "two", "hub");
  const Explanation one_way = explain(lab, "app", "tcp://10.2.1.4:1433");
  EXPECT_EQ(decision(one_way), "Allow by route apps/two");
  EXPECT_EQ(one_way.source, ip("10.1.1.4"));
  EXPECT_EQ(one_way.reply->verdict, Verdict::kDrop);
  EXPECT_THAT(one_way.reply->reason, HasSubstr("system/10.0.0.0/8"));

  route(lab, "data/one", "10.1.0.0/16", "10.0.1.4");
  const Explanation refused = explain(lab, "app", "tcp://10.2.1.4:1433");
  EXPECT_EQ(refused.reply->verdict, Verdict::kDrop);
  EXPECT_THAT(refused.reply->reason, HasSubstr("one/hub"));

  accept_forwarded(lab, "one", "hub");
  const Explanation both = explain(lab, "app", "tcp://10.2.1.4:1433");
  EXPECT_EQ(both.reply->verdict, Verdict::kAllow) << both.reply->reason;
}

TEST(Appliance, MustExistInReachAndForward) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/out", "0.0.0.0/0", "10.2.1.4");  // in a VNet that is no peer
  EXPECT_EQ(decision(explain(lab, "app", "tcp://93.184.216.34:443")), "Drop by route apps/out");
  route(lab, "apps/out", "0.0.0.0/0", "10.0.1.9");  // does not forward
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(decision(got), "Drop by route apps/out");
  EXPECT_THAT(got.steps.back().reason, HasSubstr("enableIPForwarding"));
}

TEST(Appliance, IsReachableItselfThroughItsOwnRoute) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/hub", "10.0.0.0/16", "10.0.1.9");
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.0.1.9:22")), "Allow by route apps/hub");
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.0.1.4:22")), "Drop by route apps/hub");
}

TEST(Appliance, PassesTheListsOfItsSubnetBothWays) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/two", "10.2.0.0/16", "10.0.1.4");
  accept_forwarded(lab, "two", "hub");
  subnet(lab, "hub/fw").network_security_group = "fw";
  lab.network_security_groups["fw"];
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.2.1.4:1433")), "Allow by route apps/two");
  deny(lab, "fw/no-sql-out", 100, Direction::kOutbound, {.destination_ports = "1433"});
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.2.1.4:1433")),
            "Deny by networkSecurityGroup fw/no-sql-out");
  deny(lab, "fw/no-sql-in", 100, Direction::kInbound, {.destination_ports = "1433"});
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.2.1.4:1433")),
            "Deny by networkSecurityGroup fw/no-sql-in");
}

// azure-facts 4.4.3: the NVA's own subnet lacks the default route, so its lists need a rule.
TEST(Appliance, SubnetNeedsARuleForInternetDestinations) {
  lab::Lab lab = hub_and_spokes();
  lab.hosts["fw"].masquerade = ip("20.61.0.10");
  accept_forwarded(lab, "one", "hub");
  route(lab, "apps/out", "0.0.0.0/0", "10.0.1.4");
  subnet(lab, "hub/fw").network_security_group = "fw";
  lab.network_security_groups["fw"];
  EXPECT_EQ(decision(explain(lab, "app", "tcp://93.184.216.34:443")),
            "Deny by networkSecurityGroup fw/DenyAllInBound");
  allow(lab, "fw/spokes", 100, Direction::kInbound, {.source = "10.1.0.0/16"});
  EXPECT_EQ(explain(lab, "app", "tcp://93.184.216.34:443").verdict, Verdict::kAllow);
}

TEST(Appliance, WithoutMasqueradeHasNoPublicAddressToGive) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/out", "0.0.0.0/0", "10.0.1.4");
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(decision(got), "Drop by nat system/0.0.0.0/0");
  EXPECT_THAT(got.steps.back().reason, HasSubstr("no public address"));
}

TEST(Appliance, MasqueradeKeepsPrivateSourcesTowardsPrivateDestinations) {
  lab::Lab lab = hub_and_spokes();
  lab.hosts["fw"].masquerade = ip("20.61.0.10");
  accept_forwarded(lab, "two", "hub");
  route(lab, "apps/out", "0.0.0.0/0", "10.0.1.4");
  EXPECT_EQ(explain(lab, "app", "tcp://10.2.1.4:1433").source, ip("10.1.1.4"));
  EXPECT_EQ(explain(lab, "app", "tcp://93.184.216.34:443").source, ip("20.61.0.10"));
}

TEST(Appliance, MasqueradedPacketsMeetListsWithTheAppliancesAddress) {
  lab::Lab lab = hub_and_spokes();
  lab.hosts["fw"].masquerade = ip("20.61.0.10");
  accept_forwarded(lab, "one", "hub");
  route(lab, "apps/out", "0.0.0.0/0", "10.0.1.4");
  subnet(lab, "hub/fw").network_security_group = "fw";
  allow(lab, "fw/in", 100, Direction::kInbound, {});
  allow(lab, "fw/own", 100, Direction::kOutbound, {.source = "10.0.1.4"});
  deny(lab, "fw/rest", 110, Direction::kOutbound, {});
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow) << got.reply->reason;
}

TEST(Appliance, ChainEndsAtTheVnetOfTheLastRoute) {
  lab::Lab lab = hub_and_spokes();
  lab.hosts["local"].masquerade = ip("20.61.0.11");
  lab.hosts["fw"].masquerade = ip("20.61.0.10");
  route(lab, "apps/out", "0.0.0.0/0", "10.1.3.4");
  route(lab, "nva/out", "0.0.0.0/0", "10.0.1.4");
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(got.source, ip("20.61.0.10"));
  EXPECT_EQ(got.reply->verdict, Verdict::kDrop);
  accept_forwarded(lab, "one", "hub");
  const Explanation accepted = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(accepted.reply->verdict, Verdict::kAllow) << accepted.reply->reason;
}

TEST(Appliance, SecondOfAChainHasNoPublicAddressForTheFirst) {
  lab::Lab lab = hub_and_spokes();
  lab.hosts["local"].masquerade = ip("20.61.0.11");
  route(lab, "apps/out", "0.0.0.0/0", "10.1.3.4");
  route(lab, "nva/out", "0.0.0.0/0", "10.0.1.4");
  EXPECT_EQ(decision(explain(lab, "app", "tcp://93.184.216.34:443")),
            "Drop by nat system/0.0.0.0/0");
}

// Contract "Decided" 6: an exit translates only the addresses of the interface a packet comes from.
TEST(Appliance, OfTheSameNetworkHasNoPublicAddressForTheOneBeforeIt) {
  lab::Lab lab = hub_and_spokes();
  lab.hosts["local"].masquerade = ip("20.61.0.11");
  route(lab, "apps/out", "0.0.0.0/0", "10.1.3.4");
  route(lab, "nva/out", "0.0.0.0/0", "10.1.4.4");
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(decision(got), "Drop by nat system/0.0.0.0/0");
  EXPECT_THAT(got.steps.back().reason, HasSubstr("second has no public address for 10.1.3.4"));
  lab.hosts["second"].masquerade = ip("20.61.0.12");
  EXPECT_EQ(explain(lab, "app", "tcp://93.184.216.34:443").source, ip("20.61.0.12"));
}

// Only Microsoft.Web/serverFarms makes a subnet one of App Service's.
TEST(Appliance, InASubnetOfAnotherServiceLeavesWithItsOwnPublicAddress) {
  lab::Lab lab = hub_and_spokes();
  lab.hosts["local"].masquerade = ip("20.61.0.11");
  subnet(lab, "one/nva").delegations = {"NGINX.NGINXPLUS/nginxDeployments"};
  route(lab, "apps/out", "0.0.0.0/0", "10.1.3.4");
  EXPECT_EQ(explain(lab, "app", "tcp://93.184.216.34:443").source, ip("20.61.0.11"));
}

TEST(Appliance, ThatGetsItsPacketBackEndsALoop) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/out", "0.0.0.0/0", "10.1.3.4");
  route(lab, "nva/out", "0.0.0.0/0", "10.1.3.4");
  const Explanation got = explain(lab, "app", "tcp://93.184.216.34:443");
  EXPECT_EQ(decision(got), "Drop by route nva/out");
  EXPECT_THAT(got.steps.back().reason, HasSubstr("loop"));
}

TEST(Appliance, TwoThatPointAtEachOtherEndALoop) {
  lab::Lab lab = hub_and_spokes();
  accept_forwarded(lab, "one", "hub");
  route(lab, "apps/out", "0.0.0.0/0", "10.1.3.4");
  route(lab, "nva/out", "0.0.0.0/0", "10.0.1.4");
  route(lab, "fw/out", "0.0.0.0/0", "10.1.3.4");
  EXPECT_EQ(decision(explain(lab, "app", "tcp://93.184.216.34:443")), "Drop by route fw/out");
}

TEST(Appliance, InAPeerNeedsForwardedTrafficForForeignSources) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/out", "10.2.0.0/16", "10.0.1.4");
  route(lab, "fw/out", "10.2.0.0/16", "10.2.1.9");
  EXPECT_EQ(decision(explain(lab, "app", "tcp://10.2.1.4:1433")), "Drop by peering two/hub");
  accept_forwarded(lab, "two", "hub");
  EXPECT_EQ(explain(lab, "app", "tcp://10.2.1.4:1433").verdict, Verdict::kAllow);
}

TEST(Appliance, CanSendTheFlowToAnIntegrationThatRefuses) {
  lab::Lab lab = hub_and_spokes();
  route(lab, "apps/two", "10.2.0.0/16", "10.0.1.4");
  const Explanation got = explain(lab, "app", "tcp://10.2.9.4:80");
  EXPECT_EQ(decision(got), "Drop by platform two/apps");
  EXPECT_EQ(got.steps.back().where, "hub");
  EXPECT_FALSE(got.refused);  // the hub has no way back to the app
}

}  // namespace
}  // namespace egress::policy::test
