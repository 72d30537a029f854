// SPDX-License-Identifier: MIT
// Frontends of internal load balancers, as destinations and as next hops.
#include "policy/load_balancing.hpp"

#include <set>

#include "lab/flow_url.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;
using testing::HasSubstr;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      firewalls: {addressPrefix: 10.0.1.0/24}
      web: {addressPrefix: 10.0.2.0/24}
    virtualNetworkPeerings: {spoke: {allowForwardedTraffic: true}, far: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: there}
      data: {addressPrefix: 10.1.2.0/24, routeTable: back}
    virtualNetworkPeerings: {hub: {allowForwardedTraffic: true}}
  far:
    location: northeurope
    addressPrefixes: [10.2.0.0/16]
    subnets: {clients: {addressPrefix: 10.2.1.0/24}}
    virtualNetworkPeerings: {hub: {}}
routeTables:
  there: {routes: {data: {addressPrefix: 10.1.2.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.1.10}}}
  back: {routes: {apps: {addressPrefix: 10.1.1.0/26, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.1.10}}}
loadBalancers:
  fw:
    frontendIPConfigurations: {inside: {subnet: hub/firewalls, privateIPAddress: 10.0.1.10}}
    backendAddressPools: {pair: {backendIPConfigurations: [fw1, fw2]}}
    loadBalancingRules: {all: {frontendIPConfiguration: inside, backendAddressPool: pair, protocol: All}}
  web:
    frontendIPConfigurations: {front: {subnet: hub/web, privateIPAddress: 10.0.2.10}}
    backendAddressPools: {both: {backendIPConfigurations: [web1, web2]}}
    loadBalancingRules:
      http: {frontendIPConfiguration: front, backendAddressPool: both, protocol: Tcp, frontendPort: 80, backendPort: 8080}
serverFarms: {plan: {}}
sites: {app: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}}
hosts:
  fw1: {subnet: hub/firewalls, ipAddress: 10.0.1.4, enableIPForwarding: true, stateful: true}
  fw2: {subnet: hub/firewalls, ipAddress: 10.0.1.5, enableIPForwarding: true, stateful: true}
  web1: {subnet: hub/web, ipAddress: 10.0.2.4, listen: [tcp/8080]}
  web2: {subnet: hub/web, ipAddress: 10.0.2.5, listen: [tcp/8080]}
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4, listen: [tcp/1433]}
  client: {subnet: far/clients, ipAddress: 10.2.1.4}
)";

lab::Lab balanced(const std::string& change = "{}") {
  return with(lab_from(kLab), change);
}

Explanation explain_from(const lab::Lab& lab, uint16_t source_port, const std::string& url) {
  const auto network = network_of(lab);
  const auto target = lab::parse_flow_target(url);
  return policy::explain(*network, Sender{.site = "app"}, *target, source_port).value();
}

std::set<std::string> hosts_of(const lab::Lab& lab, const std::string& url) {
  std::set<std::string> hosts;
  for (uint16_t port = 50000; port < 50040; ++port) {
    hosts.insert(explain_from(lab, port, url).balanced.at(0).host);
  }
  return hosts;
}

TEST(LoadBalancing, GivesFlowsToOneMachineEachAndToAllInTheEnd) {
  EXPECT_EQ(hosts_of(balanced(), "tcp://10.0.2.10:80"), (std::set<std::string>{"web1", "web2"}));
  EXPECT_EQ(hosts_of(balanced(), "tcp://10.1.2.4:1433"), (std::set<std::string>{"fw1", "fw2"}));
}

TEST(LoadBalancing, PutsTheMachineInPlaceOfTheFrontendAndKeepsTheSource) {
  const Explanation found = explain(balanced(), "app", "tcp://10.0.2.10:80");
  EXPECT_EQ(found.verdict, Verdict::kAllow);
  EXPECT_FALSE(found.refused);
  EXPECT_EQ(found.source, ip("10.1.1.4"));
  EXPECT_EQ(found.host, found.balanced.at(0).host);
  EXPECT_EQ(found.balanced.at(0).port, 8080);
  EXPECT_TRUE(found.depends_on_ports());
  EXPECT_EQ(found.reply->verdict, Verdict::kAllow);
}

TEST(LoadBalancing, DropsWhatNoRuleTakes) {
  for (const char* url : {"tcp://10.0.2.10:8080", "udp://10.0.2.10:80", "icmp://10.0.2.10"}) {
    const Explanation found = explain(balanced(), "app", url);
    EXPECT_EQ(found.verdict, Verdict::kDrop) << url;
    EXPECT_EQ(found.decided_by, (DecidedBy{Stage::kLoadBalancer, "loadBalancers/web/front"}));
  }
}

TEST(LoadBalancing, ShowsTheMachineToTheListOfItsSubnet) {
  lab::Lab lab = balanced(
      "{virtualNetworks: {hub: {subnets: {web: {networkSecurityGroup: in}}}}, "
      "networkSecurityGroups: {in: {}}}");
  deny(lab, "in/frontend", 100, lab::Direction::kInbound, {.destination = "10.0.2.10/32"});
  EXPECT_EQ(explain(lab, "app", "tcp://10.0.2.10:80").verdict, Verdict::kAllow);
  deny(lab, "in/port", 110, lab::Direction::kInbound, {.destination_ports = "8080"});
  EXPECT_EQ(explain(lab, "app", "tcp://10.0.2.10:80").decided_by.name, "in/port");
}

TEST(LoadBalancing, BringsAnswersBackByTheSameFirewall) {
  for (uint16_t port = 50000; port < 50040; ++port) {
    const Explanation found = explain_from(balanced(), port, "tcp://10.1.2.4:1433");
    EXPECT_EQ(found.verdict, Verdict::kAllow);
    EXPECT_EQ(found.balanced.at(0).port, 0);
    EXPECT_EQ(found.reply->verdict, Verdict::kAllow) << found.reply->reason;
  }
}

TEST(LoadBalancing, LosesAnswersThatPassTheFirewallsBy) {
  const lab::Lab lab =
      balanced("{virtualNetworks: {spoke: {subnets: {data: {routeTable: null}}}}}");
  const Explanation found = explain(lab, "app", "tcp://10.1.2.4:1433");
  EXPECT_EQ(found.reply->verdict, Verdict::kDrop);
  EXPECT_TRUE(found.reply->half_open);
}

TEST(LoadBalancing, IsNoNextHopWithoutARuleForAllPorts) {
  const lab::Lab lab =
      balanced("{routeTables: {there: {routes: {data: {nextHopIpAddress: 10.0.2.10}}}}}");
  const Explanation found = explain(lab, "app", "tcp://10.1.2.4:1433");
  EXPECT_EQ(found.decided_by, (DecidedBy{Stage::kRoute, "there/data"}));
  EXPECT_THAT(found.steps.back().reason, HasSubstr("without a rule for all ports"));
}

TEST(LoadBalancing, NeedsMachinesThatForward) {
  const lab::Lab lab = balanced(
      "{hosts: {fw1: {enableIPForwarding: false, stateful: false}, fw2: {enableIPForwarding: "
      "false, stateful: false}}}");
  EXPECT_THAT(explain(lab, "app", "tcp://10.1.2.4:1433").steps.back().reason,
              HasSubstr("has enableIPForwarding off"));
  const lab::Lab none = balanced(
      "{loadBalancers: {fw: {backendAddressPools: {pair: {backendIPConfigurations: []}}}}}");
  EXPECT_EQ(explain(none, "app", "tcp://10.1.2.4:1433").verdict, Verdict::kDrop);
}

TEST(LoadBalancing, OfABasicOneEndsAtGlobalPeerings) {
  const auto from_far = [](const lab::Lab& lab) {
    const auto network = network_of(lab);
    return policy::explain(*network, Sender{.host = "client"},
                           *lab::parse_flow_target("tcp://10.0.2.10:80"), 50000)
        .value();
  };
  EXPECT_EQ(from_far(balanced()).verdict, Verdict::kAllow);
  const lab::Lab basic = balanced("{loadBalancers: {web: {sku: Basic}}}");
  EXPECT_EQ(from_far(basic).decided_by.stage, Stage::kLoadBalancer);
  EXPECT_EQ(explain(basic, "app", "tcp://10.0.2.10:80").verdict, Verdict::kAllow);
}

TEST(LoadBalancing, DoesNotLetAMachineReachItself) {
  const lab::Lab lab = balanced(
      "{loadBalancers: {web: {backendAddressPools: {both: {backendIPConfigurations: [web1]}}}}}");
  const auto network = network_of(lab);
  const Explanation found = policy::explain(*network, Sender{.host = "web1"},
                                            *lab::parse_flow_target("tcp://10.0.2.10:80"), 50000)
                                .value();
  EXPECT_EQ(found.verdict, Verdict::kDrop);
  EXPECT_EQ(found.decided_by, (DecidedBy{Stage::kLoadBalancer, "loadBalancers/web/http"}));
}

}  // namespace
}  // namespace egress::policy::test
