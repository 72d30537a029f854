// SPDX-License-Identifier: MIT
#include "policy/public_addresses.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Direction;
using lab::Path;
using lab::Verdict;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// A machine with a public address, which its subnet's list lets nobody but an Internet host reach;
// an app with routing off, one with routing on, a machine beside the first, and a NAT gateway that
// no subnet has.
lab::Lab public_lab() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
publicIPAddresses: {pip: {ipAddress: 20.61.7.7}, one: {ipAddress: 20.61.7.1}, two: {ipAddress: 20.61.7.2}}
natGateways: {nat: {publicIpAddresses: [one, two]}}
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      be: {addressPrefix: 10.1.2.0/24, networkSecurityGroup: be}
      fw: {addressPrefix: 10.1.3.0/24}
networkSecurityGroups:
  be:
    securityRules:
      client: {priority: 100, direction: Inbound, access: Allow, protocol: "*", sourcePortRange: "*",
               sourceAddressPrefix: 203.0.113.9, destinationAddressPrefix: 10.1.2.4,
               destinationPortRange: "*"}
  nic: {}
serverFarms: {plan: {}}
sites:
  off: {serverFarm: plan, virtualNetworkSubnet: v/apps}
  all: {serverFarm: plan, virtualNetworkSubnet: v/apps, outboundVnetRouting: {applicationTraffic: true}}
hosts:
  vm: {subnet: v/be, ipAddress: 10.1.2.4, publicIPAddress: pip, listen: [tcp/443, udp/53]}
  near: {subnet: v/be, ipAddress: 10.1.2.5, listen: [tcp/443]}
  fw: {subnet: v/fw, ipAddress: 10.1.3.4, enableIPForwarding: true, masquerade: 20.61.0.10}
  client: {internet: true, ipAddress: 203.0.113.9, listen: [tcp/443]}
  stranger: {internet: true, ipAddress: 203.0.113.10}
)");
}

Explanation ask(const lab::Lab& lab, const lab::Sender& sender, const char* to, uint16_t port = 443,
                Protocol protocol = Protocol::kTcp) {
  const auto network = network_of(lab);
  return policy::explain(
             *network, sender,
             Flow{.protocol = protocol, .destination = ip(to), .destination_port = port})
      .value();
}
const char* const kPublic = "20.61.7.7";

TEST(PublicAddress, LeadsFromTheInternetToThePrivateOne) {
  const Explanation got = ask(public_lab(), {.host = "client"}, kPublic);
  EXPECT_EQ(decision(got), "Allow by networkSecurityGroup be/client");
  EXPECT_EQ(got.host, "vm");
  EXPECT_EQ(got.source, ip("203.0.113.9"));
  EXPECT_EQ(got.path, Path::kDirect);
  EXPECT_THAT(stages(got), Contains("nat v/be 10.1.2.4"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_THAT(got.reply->steps[1].reason, HasSubstr("leaves as 20.61.7.7"));
  EXPECT_EQ(decision(ask(public_lab(), {.host = "stranger"}, kPublic)),
            "Deny by networkSecurityGroup be/DenyAllInBound");
}

TEST(PublicAddress, MayBeWrittenWithoutAnEntry) {
  lab::Lab lab = public_lab();
  lab.hosts["vm"].public_ip_address = "20.61.7.99";
  EXPECT_EQ(ask(lab, {.host = "client"}, "20.61.7.99").host, "vm");
  EXPECT_EQ(ask(lab, {.host = "client"}, kPublic).verdict, Verdict::kNoRoute);
}

// Field case 23.
TEST(PublicAddress, IsOnTheInternetForAppsOfTheSameNetworkToo) {
  lab::Lab lab = public_lab();
  for (const char* site : {"off", "all"}) {
    EXPECT_EQ(decision(ask(lab, {.site = site}, kPublic)),
              "Deny by networkSecurityGroup be/DenyAllInBound")
        << site;
    EXPECT_EQ(ask(lab, {.site = site}, "10.1.2.4").source, ip("10.1.1.4"));
  }
  allow(lab, "be/apps", 200, Direction::kInbound, {"Tcp", "20.50.1.4/32", "*", "*", "443"});
  const Explanation direct = ask(lab, {.site = "off"}, kPublic);
  EXPECT_EQ(decision(direct), "Allow by networkSecurityGroup be/apps");
  EXPECT_EQ(direct.path, Path::kDirect);
  const Explanation routed = ask(lab, {.site = "all"}, kPublic);
  EXPECT_EQ(decision(routed), "Allow by networkSecurityGroup be/apps");
  EXPECT_EQ(routed.path, Path::kVirtualNetwork);
  EXPECT_EQ(routed.source, ip("20.50.1.4"));
  EXPECT_EQ(routed.reply->verdict, Verdict::kAllow);
}

TEST(PublicAddress, IsWhatTheMachineShowsOnTheInternet) {
  const Explanation got = ask(public_lab(), {.host = "vm"}, "203.0.113.9");
  EXPECT_EQ(got.source, ip(kPublic));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_EQ(ask(public_lab(), {.host = "near"}, "203.0.113.9").verdict, Verdict::kDrop);
}

TEST(PublicAddress, GivesWayToANatGatewayButForAnswers) {
  lab::Lab lab = public_lab();
  subnet(lab, "v/be").nat_gateway = "nat";
  EXPECT_THAT(ask(lab, {.host = "vm"}, "203.0.113.9").sources,
              ElementsAre(ip("20.61.7.1"), ip("20.61.7.2")));
  const Explanation got = ask(lab, {.host = "client"}, kPublic);
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(PublicAddress, OfAMachineIsReachedByOneThatHasOneItself) {
  lab::Lab lab = public_lab();
  lab.hosts["near"].public_ip_address = "20.61.7.8";
  allow(lab, "be/near", 200, Direction::kInbound, {"Tcp", "20.61.7.8/32", "*", "*", "443"});
  const Explanation got = ask(lab, {.host = "near"}, kPublic);
  EXPECT_EQ(got.source, ip("20.61.7.8"));
  EXPECT_EQ(got.host, "vm");
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  allow(lab, "be/itself", 201, Direction::kInbound, {"Tcp", "20.61.7.7/32", "*", "*", "443"});
  EXPECT_EQ(ask(lab, {.host = "vm"}, kPublic).host, "vm");
}

TEST(PublicAddress, IsReachedThroughAnApplianceByItsAddress) {
  lab::Lab lab = public_lab();
  route(lab, "t/all", "0.0.0.0/0", "10.1.3.4");
  subnet(lab, "v/apps").route_table = "t";
  allow(lab, "be/fw", 200, Direction::kInbound, {"Tcp", "20.61.0.10/32", "*", "*", "443"});
  const Explanation got = ask(lab, {.site = "all"}, kPublic);
  EXPECT_EQ(got.source, ip("20.61.0.10"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

// azure-facts 5.3.10.
TEST(PublicAddress, LosesAnswersThatARouteLeadsElsewhere) {
  for (const char* next_hop : {"10.1.3.4", "None", "VnetLocal"}) {
    lab::Lab lab = public_lab();
    route(lab, "t/all", "0.0.0.0/0", next_hop);
    subnet(lab, "v/be").route_table = "t";
    const Explanation got = ask(lab, {.host = "client"}, kPublic);
    EXPECT_EQ(got.verdict, Verdict::kAllow) << next_hop;
    EXPECT_EQ(got.reply->verdict, Verdict::kDrop) << next_hop;
    EXPECT_EQ(got.reply->steps.back().name, "t/all");
    EXPECT_EQ(got.sees, "time-out");
  }
}

TEST(PublicAddress, RefusesOnAClosedPort) {
  const Explanation got = ask(public_lab(), {.host = "client"}, kPublic, 80);
  EXPECT_TRUE(got.refused);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_TRUE(ask(public_lab(), {.host = "client"}, kPublic, 80, Protocol::kUdp).refused);
}

TEST(PublicAddress, IsOpenWithoutAListAndSaysSo) {
  lab::Lab lab = public_lab();
  subnet(lab, "v/be").network_security_group.reset();
  const Explanation got = ask(lab, {.host = "stranger"}, kPublic);
  EXPECT_EQ(decision(got), "Allow by destination vm");
  const auto open = std::find_if(got.steps.begin(), got.steps.end(), [](const Step& step) {
    return step.stage == Stage::kNetworkSecurityGroup;
  });
  EXPECT_THAT(open->reason, HasSubstr("where Azure closes a Standard public address"));
  lab.hosts["vm"].network_security_group = "nic";
  EXPECT_EQ(decision(ask(lab, {.host = "stranger"}, kPublic)),
            "Deny by networkSecurityGroup nic/DenyAllInBound");
}

TEST(PublicAddress, IsJudgedForEveryAddressOfANatGateway) {
  lab::Lab lab = public_lab();
  subnet(lab, "v/apps").nat_gateway = "nat";
  allow(lab, "be/one", 200, Direction::kInbound, {"Tcp", "20.61.7.1/32", "*", "*", "443"});
  const Explanation some = ask(lab, {.site = "all"}, kPublic);
  EXPECT_EQ(some.verdict, Verdict::kDeny);
  EXPECT_TRUE(some.depends_on_source);
  EXPECT_THAT(some.steps.back().reason, HasSubstr("another port or address"));
  allow(lab, "be/two", 201, Direction::kInbound, {"Tcp", "20.61.7.2/32", "*", "*", "443"});
  const Explanation all = ask(lab, {.site = "all"}, kPublic);
  EXPECT_EQ(all.verdict, Verdict::kAllow);
  EXPECT_FALSE(all.depends_on_source);
  EXPECT_THAT(all.sources, ElementsAre(ip("20.61.7.1"), ip("20.61.7.2")));
}

// App Service's own source NAT takes a port of its own; a machine keeps its port.
TEST(PublicAddress, IsJudgedForEveryPortThatSourceNatMayTake) {
  lab::Lab lab = public_lab();
  allow(lab, "be/apps", 200, Direction::kInbound, {"Tcp", "20.50.1.4/32", "50000", "*", "443"});
  const Explanation some = ask(lab, {.site = "off"}, kPublic);
  EXPECT_EQ(some.verdict, Verdict::kDeny);
  EXPECT_TRUE(some.depends_on_source);
  lab.hosts["near"].public_ip_address = "20.61.7.8";
  allow(lab, "be/near", 201, Direction::kInbound, {"Tcp", "20.61.7.8/32", "50000", "*", "443"});
  EXPECT_EQ(ask(lab, {.host = "near"}, kPublic).verdict, Verdict::kAllow);
}

TEST(PublicAddress, IsNobodysBehindAServiceEndpoint) {
  lab::Lab lab = with(public_lab(), R"({virtualNetworks: {v: {subnets: {apps: {
    serviceEndpoints: [Microsoft.Storage]}}}}})");
  lab.service_tags = service_tags({{"Storage", {"20.61.0.0/16"}}});
  EXPECT_EQ(ask(lab, {.site = "all"}, kPublic).verdict, Verdict::kNoRoute);
}

TEST(PublicAddress, IsReachedFromOnPremisesByItsExit) {
  lab::Lab lab = with(public_lab(), R"({
    virtualNetworks: {v: {subnets: {GatewaySubnet: {addressPrefix: 10.1.255.0/27}}}},
    virtualNetworkGateways: {vpn: {virtualNetwork: v, connections: {hq: {}}}},
    onPremises: {hq: {localNetworkAddressSpace: [192.168.0.0/16], internetAddress: 20.70.0.1}},
    hosts: {ledger: {onPremises: hq, ipAddress: 192.168.1.4, listen: [tcp/443]}}})");
  allow(lab, "be/hq", 200, Direction::kInbound, {"Tcp", "20.70.0.1/32", "*", "*", "443"});
  const Explanation got = ask(lab, {.host = "ledger"}, kPublic);
  EXPECT_EQ(got.source, ip("20.70.0.1"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

}  // namespace
}  // namespace egress::policy::test
