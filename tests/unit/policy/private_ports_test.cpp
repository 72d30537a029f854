// SPDX-License-Identifier: MIT
#include "policy/private_ports.hpp"

#include <fmt/format.h>

#include <set>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Verdict;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

// A plan of two instances with three apps, two of which share an integration, another plan in that
// subnet, and one in a peer.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], networkSecurityGroup: nsg, routeTable: r}
      more: {addressPrefix: 10.1.2.0/26, delegations: [Microsoft.Web/serverFarms]}
      machines: {addressPrefix: 10.1.3.0/24}
    virtualNetworkPeerings: {peer: {allowForwardedTraffic: true}}
  peer:
    addressPrefixes: [10.2.0.0/16]
    subnets:
      apps: {addressPrefix: 10.2.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      machines: {addressPrefix: 10.2.3.0/24}
    virtualNetworkPeerings: {v: {allowForwardedTraffic: true}}
networkSecurityGroups: {nsg: {}}
routeTables: {r: {}}
serverFarms: {plan: {capacity: 2}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: v/apps, vnetPrivatePortsCount: 2}
  sibling: {serverFarm: plan, virtualNetworkSubnet: v/apps}
  elsewhere: {serverFarm: plan, virtualNetworkSubnet: v/more, vnetPrivatePortsCount: 1}
  stranger: {serverFarm: other, virtualNetworkSubnet: v/apps}
  far: {serverFarm: other, virtualNetworkSubnet: peer/apps}
hosts:
  nva: {subnet: v/machines, ipAddress: 10.1.3.4, enableIPForwarding: true}
  deaf: {subnet: v/machines, ipAddress: 10.1.3.5}
  far-nva: {subnet: peer/machines, ipAddress: 10.2.3.4, enableIPForwarding: true}
)";

uint16_t port_of(const lab::Lab& lab, const std::string& site) {
  return private_ports(lab, lab.sites.at(site).server_farm).at(site).front();
}

// WEBSITE_PRIVATE_IP of an app.
std::string address_of(const lab::Lab& lab, const std::string& app) {
  const auto network = network_of(lab);
  return network->find(Sender::parse(app).value())->lease->to_string();
}

// `app` towards another's address, "tcp" or "udp".
Explanation call(const lab::Lab& lab, const std::string& app, const std::string& protocol,
                 const std::string& to, uint16_t port) {
  const std::string url = fmt::format("{}://{}:{}", protocol, address_of(lab, to), port);
  return policy::explain(*network_of(lab), Sender::parse(app).value(),
                         lab::parse_flow_target(url).value(), Flow{}.source_port)
      .value();
}

Explanation call_web(const lab::Lab& lab) {
  return call(lab, "web/1", "tcp", "web/0", port_of(lab, "web"));
}

// azure-facts 9.3
TEST(PrivatePorts, AreUniqueOnAnInstanceAndWithinTheRange) {
  lab::Lab lab = lab_from(kLab);
  lab.sites["web"].vnet_private_ports_count = 100;
  lab.sites["elsewhere"].vnet_private_ports_count = 100;
  const auto ports = private_ports(lab, "plan");
  EXPECT_THAT(ports, ElementsAre(Pair("elsewhere", SizeIs(100)), Pair("web", SizeIs(100))));
  std::set<uint16_t> all;
  for (const auto& [site, own] : ports) all.insert(own.begin(), own.end());
  EXPECT_EQ(all.size(), 200U);
  EXPECT_GE(*all.begin(), 20000);
  EXPECT_LE(*all.rbegin(), 29999);
}

TEST(PrivatePorts, StayWhatTheyAreWhenOtherAppsComeAndGo) {
  lab::Lab lab = lab_from(kLab);
  const auto before = private_ports(lab, "plan").at("web");
  EXPECT_THAT(before, ElementsAre(26934, 23422));
  lab.sites["another"] = lab.sites["web"];
  lab.sites.erase("elsewhere");
  EXPECT_EQ(private_ports(lab, "plan").at("web"), before);
  lab.sites["web"].vnet_private_ports_count = 3;
  const auto more = private_ports(lab, "plan").at("web");
  EXPECT_EQ((std::vector<uint16_t>{more[0], more[1]}), before);
}

TEST(PrivatePorts, AreForIntegratedAppsAlone) {
  lab::Lab lab = lab_from(kLab);
  lab.sites["web"].virtual_network_subnet.reset();
  EXPECT_THAT(private_ports(lab, "plan"), ElementsAre(Pair("elsewhere", SizeIs(1))));
}

// azure-facts 9.3, 9.4; contract "Decided" 10
TEST(PrivatePorts, AreOpenToOtherInstancesOfThePlanInTheSubnet) {
  const lab::Lab lab = lab_from(kLab);
  for (const char* app : {"web/1", "sibling/1"}) {
    for (const char* protocol : {"tcp", "udp"}) {
      SCOPED_TRACE(std::string(app) + " " + protocol);
      const Explanation got = call(lab, app, protocol, "web/0", port_of(lab, "web"));
      EXPECT_EQ(got.verdict, Verdict::kAllow);
      EXPECT_EQ(got.host, "web/0");
      EXPECT_TRUE(got.answer_unknown);
      EXPECT_EQ(got.source, ip(address_of(lab, app).c_str()));
      EXPECT_EQ(decision(got), "Allow by networkSecurityGroup nsg/AllowVnetOutBound");
      EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
      EXPECT_EQ(got.sees, "what the program of web/0 answers");
    }
  }
}

TEST(PrivatePorts, AreRefusedToAnybodyElse) {
  const lab::Lab lab = lab_from(kLab);
  const uint16_t port = port_of(lab, "web");
  struct Case {
    const char* from;
    const char* to;
    uint16_t port;
  };
  for (const Case& each :
       {Case{"web/0", "web/0", port}, Case{"elsewhere/1", "web/0", port},
        Case{"stranger", "web/0", port}, Case{"far", "web/0", port},
        Case{"web/1", "stranger", port},
        // Neither another app's nor one that is free.
        Case{"web/1", "web/0", port_of(lab, "elsewhere")}, Case{"web/1", "web/0", 443}}) {
    for (const char* protocol : {"tcp", "udp"}) {
      SCOPED_TRACE(fmt::format("{} to {} {}/{}", each.from, each.to, protocol, each.port));
      const Explanation got = call(lab, each.from, protocol, each.to, each.port);
      EXPECT_EQ(got.verdict, Verdict::kDrop);
      EXPECT_EQ(got.decided_by.stage, Stage::kPlatform);
      EXPECT_TRUE(got.refused);
    }
  }
  const std::string echo = "icmp://" + address_of(lab, "web/0");
  EXPECT_TRUE(explain(lab, "stranger", echo).refused);
  EXPECT_THAT(call(lab, "stranger", "tcp", "web/0", port).steps.back().reason,
              HasSubstr("is a private port of web/0, for other instances of its plan alone"));
}

TEST(PrivatePorts, NeedTheListsOfBothDirections) {
  const RuleText ports{.protocol = "*", .destination_ports = "20000-30000"};
  lab::Lab out = lab_from(kLab);
  deny(out, "nsg/shut", 100, Direction::kOutbound, ports);
  EXPECT_EQ(decision(call_web(out)), "Deny by networkSecurityGroup nsg/shut");
  lab::Lab in = lab_from(kLab);
  deny(in, "nsg/shut", 100, Direction::kInbound, ports);
  EXPECT_EQ(decision(call_web(in)), "Deny by networkSecurityGroup nsg/shut");
  allow(in, "nsg/open", 90, Direction::kInbound, ports);
  EXPECT_EQ(call_web(in).verdict, Verdict::kAllow);
}

TEST(PrivatePorts, AreReachedByTheRoutesOfTheSubnet) {
  const auto by = [](const char* next_hop) {
    lab::Lab lab = lab_from(kLab);
    route(lab, "r/own", "10.1.1.0/26", next_hop);
    return call_web(lab);
  };
  const Explanation by_appliance = by("10.1.3.4");
  EXPECT_EQ(by_appliance.verdict, Verdict::kAllow);
  EXPECT_EQ(by_appliance.next_hop->type, "VirtualAppliance");
  EXPECT_EQ(by_appliance.reply->verdict, Verdict::kAllow);
  EXPECT_EQ(decision(by("10.1.3.5")), "Drop by route r/own");
  EXPECT_EQ(decision(by("None")), "Drop by route r/own");
  // The peer knows an integration of its peer and refuses it.
  const Explanation by_peer = by("10.2.3.4");
  EXPECT_EQ(decision(by_peer), "Drop by platform v/apps");
  EXPECT_FALSE(by_peer.refused);
}

// In public space an appliance that masquerades is who calls, and what it is told comes back to the
// app by its subnet's routes.
TEST(PrivatePorts, AreRefusedToAnApplianceThatSendsAsItself) {
  lab::Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [51.10.0.0/16]
    subnets:
      apps: {addressPrefix: 51.10.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: r}
      machines: {addressPrefix: 51.10.3.0/24, routeTable: back}
routeTables:
  r: {routes: {own: {addressPrefix: 51.10.1.0/26, nextHopType: VirtualAppliance, nextHopIpAddress: 51.10.3.4}}}
  back: {}
serverFarms: {plan: {capacity: 2}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: v/apps, vnetPrivatePortsCount: 1}
hosts:
  nva: {subnet: v/machines, ipAddress: 51.10.3.4, enableIPForwarding: true, masquerade: 20.61.0.10}
)");
  EXPECT_EQ(call_web(lab).verdict, Verdict::kDrop);
  EXPECT_TRUE(call_web(lab).refused);
  route(lab, "back/nowhere", "51.10.1.0/26", "None");
  EXPECT_FALSE(call_web(lab).refused);
}

// azure-facts 9.5
TEST(HealthProbes, AreTakenInSilenceWhoeverSendsThem) {
  const lab::Lab lab = lab_from(kLab);
  for (const char* from : {"web/1", "elsewhere", "stranger", "far"}) {
    SCOPED_TRACE(from);
    const Explanation got = call(lab, from, "udp", "web/0", 30000);
    EXPECT_EQ(got.verdict, Verdict::kAllow);
    EXPECT_EQ(got.host, "");
    EXPECT_FALSE(got.refused);
    EXPECT_EQ(got.reply->verdict, Verdict::kDrop);
    EXPECT_EQ(got.sees, "no answer");
    EXPECT_EQ(call(lab, from, "tcp", "web/0", 30000).verdict, Verdict::kDrop);
  }
  EXPECT_TRUE(call(lab, "web/0", "udp", "web/0", 30000).refused) << "the worker refuses its own";
}

TEST(HealthProbes, MayBeDenied) {
  lab::Lab lab = lab_from(kLab);
  deny(lab, "nsg/shut", 100, Direction::kInbound,
       {.protocol = "Udp", .destination_ports = "30000"});
  EXPECT_EQ(decision(call(lab, "far", "udp", "web/0", 30000)),
            "Deny by networkSecurityGroup nsg/shut");
}

}  // namespace
}  // namespace egress::policy::test
