// SPDX-License-Identifier: MIT
#include "policy/lists.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Direction;
using lab::Verdict;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An app, and two machines of one subnet; the second has a list of its own. Both lists are empty.
lab::Lab nic_lab() {
  return lab_from(R"(
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24, networkSecurityGroup: subnet}
      hub: {addressPrefix: 10.1.3.0/24}
networkSecurityGroups: {subnet: {}, nic: {}}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps}}
hosts:
  plain: {subnet: v/data, ipAddress: 10.1.2.4, listen: [tcp/443]}
  own: {subnet: v/data, ipAddress: 10.1.2.5, networkSecurityGroup: nic, listen: [tcp/443]}
  fw: {subnet: v/hub, ipAddress: 10.1.3.4, enableIPForwarding: true}
)");
}

Explanation from_machine(const lab::Lab& lab, const std::string& machine, const char* to) {
  const auto network = network_of(lab);
  return policy::explain(*network, {.host = machine},
                         Flow{.destination = ip(to), .destination_port = 443})
      .value();
}

// "spoke/data nsg/rule Allow" of each list that was asked.
std::vector<std::string> lists(const Explanation& explanation) {
  std::vector<std::string> found;
  for (const Step& step : explanation.steps) {
    if (step.stage != Stage::kNetworkSecurityGroup) continue;
    found.push_back(step.where + " " + step.name + " " + step.result);
  }
  return found;
}

// azure-facts 4.2.2.
TEST(Lists, OfTheSubnetComeBeforeThoseOfTheInterfaceOnTheWayIn) {
  lab::Lab lab = nic_lab();
  EXPECT_THAT(lists(explain(lab, "web", "tcp://10.1.2.5:443")),
              ElementsAre("v/apps  Allow", "v/data subnet/AllowVnetInBound Allow",
                          "host/own nic/AllowVnetInBound Allow"));
  deny(lab, "nic/web", 100, Direction::kInbound, {"Tcp", "*", "*", "*", "443"});
  const Explanation got = explain(lab, "web", "tcp://10.1.2.5:443");
  EXPECT_EQ(decision(got), "Deny by networkSecurityGroup nic/web");
  EXPECT_EQ(got.steps.back().where, "host/own");
  EXPECT_THAT(got.steps.back().reason, HasSubstr("network interface"));
  EXPECT_EQ(explain(lab, "web", "tcp://10.1.2.4:443").verdict, Verdict::kAllow);
  deny(lab, "subnet/web", 100, Direction::kInbound, {"Tcp", "*", "*", "*", "443"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.5:443")),
            "Deny by networkSecurityGroup subnet/web");
}

TEST(Lists, OfTheInterfaceComeBeforeThoseOfTheSubnetOnTheWayOut) {
  lab::Lab lab = nic_lab();
  EXPECT_THAT(
      lists(from_machine(lab, "own", "10.1.2.4")),
      ElementsAre("host/own nic/AllowVnetOutBound Allow", "v/data subnet/AllowVnetOutBound Allow",
                  "v/data subnet/AllowVnetInBound Allow"));
  deny(lab, "subnet/no", 100, Direction::kOutbound, {"Tcp", "*", "*", "*", "443"});
  EXPECT_EQ(decision(from_machine(lab, "own", "10.1.2.4")),
            "Deny by networkSecurityGroup subnet/no");
  deny(lab, "nic/no", 100, Direction::kOutbound, {"Tcp", "*", "*", "*", "443"});
  const Explanation got = from_machine(lab, "own", "10.1.2.4");
  EXPECT_EQ(decision(got), "Deny by networkSecurityGroup nic/no");
  EXPECT_EQ(got.steps.back().where, "host/own");
}

TEST(Lists, OfAnInterfaceStandAlone) {
  lab::Lab lab = nic_lab();
  subnet(lab, "v/data").network_security_group.reset();
  EXPECT_THAT(lists(explain(lab, "web", "tcp://10.1.2.5:443")),
              ElementsAre("v/apps  Allow", "host/own nic/AllowVnetInBound Allow"));
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.5:443")),
            "Allow by networkSecurityGroup nic/AllowVnetInBound");
  deny(lab, "nic/all", 100, Direction::kInbound, {});
  EXPECT_EQ(explain(lab, "web", "tcp://10.1.2.5:443").verdict, Verdict::kDeny);
}

TEST(Lists, LetAnswersPass) {
  lab::Lab lab = nic_lab();
  deny(lab, "nic/nothing", 100, Direction::kOutbound, {});
  const Explanation got = explain(lab, "web", "tcp://10.1.2.5:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(Lists, OfAnAppliancesInterfaceJudgeWhatItForwardsTwice) {
  lab::Lab lab = nic_lab();
  lab.hosts["fw"].network_security_group = "nic";
  route(lab, "t/data", "10.1.2.0/24", "10.1.3.4");
  subnet(lab, "v/apps").route_table = "t";
  const auto met = lists(explain(lab, "web", "tcp://10.1.2.4:443"));
  EXPECT_THAT(met, ElementsAre("v/apps  Allow", "host/fw nic/AllowVnetInBound Allow",
                               "host/fw nic/AllowVnetOutBound Allow",
                               "v/data subnet/AllowVnetInBound Allow"));
  deny(lab, "nic/out", 100, Direction::kOutbound, {});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.4:443")),
            "Deny by networkSecurityGroup nic/out");
}

// The answer comes by an appliance to a machine whose network did not see the flow.
TEST(Lists, OfAnInterfaceJudgeAnswersThatTheNetworkTakesForNew) {
  lab::Lab lab = lab_from(R"(
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets: {machines: {addressPrefix: 10.1.2.0/24}}
    virtualNetworkPeerings: {hub: {allowForwardedTraffic: true}, peer: {allowForwardedTraffic: true}}
  peer:
    addressPrefixes: [10.2.0.0/16]
    subnets: {machines: {addressPrefix: 10.2.2.0/24, routeTable: back}}
    virtualNetworkPeerings: {v: {allowForwardedTraffic: true}, hub: {allowForwardedTraffic: true}}
  hub:
    addressPrefixes: [10.3.0.0/16]
    subnets: {fw: {addressPrefix: 10.3.2.0/24}}
    virtualNetworkPeerings: {v: {allowForwardedTraffic: true}, peer: {allowForwardedTraffic: true}}
networkSecurityGroups: {nic: {}}
routeTables:
  back: {routes: {v: {addressPrefix: 10.1.0.0/16, nextHopType: VirtualAppliance,
                      nextHopIpAddress: 10.3.2.4}}}
hosts:
  asks: {subnet: v/machines, ipAddress: 10.1.2.4}
  answers: {subnet: peer/machines, ipAddress: 10.2.2.4, listen: [tcp/443]}
  fw: {subnet: hub/fw, ipAddress: 10.3.2.4, enableIPForwarding: true, networkSecurityGroup: nic}
)");
  EXPECT_EQ(from_machine(lab, "asks", "10.2.2.4").reply->verdict, Verdict::kAllow);
  deny(lab, "nic/no", 100, Direction::kInbound, {"Tcp", "10.2.0.0/16", "*", "*", "*"});
  const Explanation got = from_machine(lab, "asks", "10.2.2.4");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kDeny);
  EXPECT_EQ(got.reply->steps.back().where, "host/fw");
}

TEST(Lists, OfAnInterfaceNameThePlatformsTagsFirst) {
  lab::Lab lab = nic_lab();
  allow(lab, "subnet/dns", 100, Direction::kOutbound, {"*", "*", "*", "AzurePlatformDNS", "*"});
  deny(lab, "nic/dns", 100, Direction::kOutbound, {"*", "*", "*", "AzurePlatformDNS", "*"});
  const auto network = network_of(lab);
  const Explanation got =
      policy::explain(*network, {.host = "own"},
                      Flow{.destination = ip("168.63.129.16"), .destination_port = 53})
          .value();
  EXPECT_EQ(decision(got), "Deny by networkSecurityGroup nic/dns");
  EXPECT_EQ(policy::explain(*network, {.host = "plain"},
                            Flow{.destination = ip("168.63.129.16"), .destination_port = 53})
                ->verdict,
            Verdict::kAllow);
}

TEST(Lists, OfMachinesBehindAFrontendSeeTheMachine) {
  lab::Lab lab = with(nic_lab(), R"({loadBalancers: {lb: {
    frontendIPConfigurations: {f: {subnet: v/hub, privateIPAddress: 10.1.3.9}},
    backendAddressPools: {p: {backendIPConfigurations: [own]}},
    loadBalancingRules: {r: {frontendIPConfiguration: f, backendAddressPool: p, protocol: Tcp,
                             frontendPort: 443}}}}})");
  EXPECT_EQ(explain(lab, "web", "tcp://10.1.3.9:443").verdict, Verdict::kAllow);
  deny(lab, "nic/own", 100, Direction::kInbound, {"Tcp", "*", "*", "10.1.2.5/32", "443"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.3.9:443")),
            "Deny by networkSecurityGroup nic/own");
}

TEST(Lists, MeanByVirtualNetworkWhatTheSubnetMeans) {
  lab::Lab lab = nic_lab();
  route(lab, "t/all", "0.0.0.0/0", "None");
  subnet(lab, "v/data").route_table = "t";
  const auto network = network_of(lab);
  const Index own = find_machine(*network, "own").value();
  const auto outbound = lists_at(*network, own, Direction::kOutbound);
  ASSERT_EQ(outbound.size(), 2U);
  EXPECT_FALSE(outbound[0].of_subnet);
  EXPECT_TRUE(outbound[1].of_subnet);
  for (const ListAt& list : outbound) EXPECT_TRUE(list.gate->rules.front().sources->is_all());
  EXPECT_THAT(lists_at(*network, find_machine(*network, "fw").value(), Direction::kInbound),
              IsEmpty());
}

}  // namespace
}  // namespace egress::policy::test
