// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "tests/unit/policy/policy_test.hpp"

// The answer's way back where it differs from the flow's way there.

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Verdict;
using testing::HasSubstr;

// The app's VNet with a firewall, peered with a VNet of data.
constexpr const char* kTwoNetworks = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  home:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: apps}
      fw: {addressPrefix: 10.1.3.0/24, routeTable: fw}
      data: {addressPrefix: 10.1.2.0/24, routeTable: data}
    virtualNetworkPeerings: {away: {}}
  away:
    addressPrefixes: [10.2.0.0/16]
    subnets:
      data: {addressPrefix: 10.2.1.0/24, routeTable: away}
      fw: {addressPrefix: 10.2.3.0/24}
    virtualNetworkPeerings: {home: {}}
routeTables: {apps: {}, fw: {}, data: {}, away: {}}
serverFarms: {plan: {}}
sites:
  app: {serverFarm: plan, virtualNetworkSubnet: home/apps, outboundVnetRouting: {applicationTraffic: true}}
hosts:
  fw: {subnet: home/fw, ipAddress: 10.1.3.4, enableIPForwarding: true}
  away-fw: {subnet: away/fw, ipAddress: 10.2.3.4, enableIPForwarding: true}
  near: {subnet: home/data, ipAddress: 10.1.2.4, listen: [tcp/443, udp/53]}
  far: {subnet: away/data, ipAddress: 10.2.1.4, listen: [tcp/443, udp/53]}
  web: {internet: true, ipAddress: 93.184.216.34, listen: [tcp/443]}
)";

lab::Lab two_networks() {
  return lab_from(kTwoNetworks);
}

Reply reply_to(const lab::Lab& lab, const std::string& url) {
  const Explanation got = explain(lab, "app", url);
  EXPECT_EQ(got.verdict, Verdict::kAllow) << url;
  return got.reply.value_or(Reply{});
}

TEST(ReplyPath, IgnoresListsWhereTheFlowIsKnown) {
  lab::Lab lab = two_networks();
  subnet(lab, "home/data").network_security_group = "data";
  subnet(lab, "home/apps").network_security_group = "apps";
  deny(lab, "data/out", 100, Direction::kOutbound, {});
  deny(lab, "apps/in", 100, Direction::kInbound, {});
  EXPECT_EQ(reply_to(lab, "tcp://10.1.2.4:443").verdict, Verdict::kAllow);
}

TEST(ReplyPath, FollowsTheRoutesOfTheDestination) {
  lab::Lab lab = two_networks();
  route(lab, "data/back", "10.1.1.0/24", "None");
  const Reply reply = reply_to(lab, "tcp://10.1.2.4:443");
  EXPECT_EQ(reply.verdict, Verdict::kDrop);
  EXPECT_THAT(reply.reason, HasSubstr("data/back"));
  ASSERT_EQ(reply.steps.size(), 2U);
  EXPECT_EQ(reply.steps[0].name, "data/back");
  EXPECT_EQ(reply.steps[0].result, "None");
  EXPECT_EQ(reply.steps[1].result, "Drop");
  EXPECT_EQ(reply.steps[1].reason, reply.reason);
  for (const char* next_hop : {"Internet", "VirtualNetworkGateway", "10.1.3.99"}) {
    route(lab, "data/back", "10.1.1.0/24", next_hop);
    lab::Route& changed = lab.route_tables["data"].routes["back"];
    if (changed.next_hop_type != lab::NextHopType::kVirtualAppliance) {
      changed.next_hop_ip_address.reset();
    }
    EXPECT_EQ(reply_to(lab, "tcp://10.1.2.4:443").verdict, Verdict::kDrop) << next_hop;
  }
}

TEST(ReplyPath, MayTakeAnApplianceThatTheFlowDidNot) {
  lab::Lab lab = two_networks();
  route(lab, "data/back", "10.1.1.0/24", "10.1.3.4");
  subnet(lab, "home/fw").network_security_group = "fw";
  deny(lab, "fw/in", 100, Direction::kInbound, {});
  deny(lab, "fw/out", 100, Direction::kOutbound, {});
  // The VNet tracks the flow, whichever subnet of it the answer passes.
  EXPECT_EQ(reply_to(lab, "tcp://10.1.2.4:443").verdict, Verdict::kAllow);
  lab.hosts["fw"].enable_ip_forwarding = false;
  EXPECT_EQ(reply_to(lab, "tcp://10.1.2.4:443").verdict, Verdict::kDrop);
}

TEST(ReplyPath, LoopsEnd) {
  lab::Lab lab = two_networks();
  route(lab, "data/back", "10.1.1.0/24", "10.1.3.4");
  route(lab, "fw/back", "10.1.1.0/24", "10.1.3.4");
  const Reply reply = reply_to(lab, "tcp://10.1.2.4:443");
  EXPECT_EQ(reply.verdict, Verdict::kDrop);
  EXPECT_THAT(reply.reason, HasSubstr("loop"));
}

TEST(ReplyPath, VnetLocalRouteDoesNotReachThePeersIntegration) {
  lab::Lab lab = two_networks();
  EXPECT_EQ(reply_to(lab, "tcp://10.2.1.4:443").verdict, Verdict::kAllow);
  route(lab, "away/back", "10.1.0.0/16", "VnetLocal");
  EXPECT_EQ(reply_to(lab, "tcp://10.2.1.4:443").verdict, Verdict::kDrop);
}

TEST(ReplyPath, MasqueradedFlowComesBackByTheAppliance) {
  lab::Lab lab = two_networks();
  lab.hosts["fw"].masquerade = ip("20.61.0.10");
  route(lab, "apps/out", "0.0.0.0/0", "10.1.3.4");
  EXPECT_EQ(reply_to(lab, "tcp://93.184.216.34:443").verdict, Verdict::kAllow);
  // Behind its translation the appliance's own subnet routes the answer.
  route(lab, "fw/back", "10.1.1.0/24", "None");
  const Reply reply = reply_to(lab, "tcp://93.184.216.34:443");
  EXPECT_EQ(reply.verdict, Verdict::kDrop);
  EXPECT_THAT(reply.reason, HasSubstr("fw/back"));
}

TEST(ReplyPath, MasqueradeInAPeerNeedsForwardedTrafficBack) {
  lab::Lab lab = two_networks();
  lab.hosts["away-fw"].masquerade = ip("20.61.0.12");
  route(lab, "apps/out", "0.0.0.0/0", "10.2.3.4");
  const Reply reply = reply_to(lab, "tcp://93.184.216.34:443");
  EXPECT_EQ(reply.verdict, Verdict::kDrop);
  EXPECT_THAT(reply.reason, HasSubstr("home/away"));
  peering(lab, "home", "away").allow_forwarded_traffic = true;
  EXPECT_EQ(reply_to(lab, "tcp://93.184.216.34:443").verdict, Verdict::kAllow);
}

TEST(ReplyPath, AnApplianceTranslatesAnAnswerToASourceThatItHasNotSeen) {
  lab::Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  vnet:
    addressPrefixes: [51.10.0.0/16]
    subnets:
      apps: {addressPrefix: 51.10.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: apps}
      first: {addressPrefix: 51.10.2.0/24, routeTable: first}
      second: {addressPrefix: 51.10.3.0/24}
routeTables: {apps: {}, first: {}}
serverFarms: {plan: {}}
sites:
  app: {serverFarm: plan, virtualNetworkSubnet: vnet/apps, outboundVnetRouting: {applicationTraffic: true}}
hosts:
  first: {subnet: vnet/first, ipAddress: 51.10.2.4, enableIPForwarding: true, masquerade: 20.61.0.10}
  second: {subnet: vnet/second, ipAddress: 51.10.3.4, enableIPForwarding: true, masquerade: 20.61.0.11}
  web: {internet: true, ipAddress: 93.184.216.34, listen: [udp/53, tcp/443]}
)");
  route(lab, "apps/out", "0.0.0.0/0", "51.10.2.4");
  route(lab, "first/out", "0.0.0.0/0", "51.10.3.4");
  EXPECT_EQ(reply_to(lab, "udp://93.184.216.34:53").verdict, Verdict::kAllow);
  // The second one has seen the flow under the address of the first, and not the app's.
  route(lab, "first/back", "51.10.1.0/24", "51.10.3.4");
  const Reply reply = reply_to(lab, "udp://93.184.216.34:53");
  EXPECT_EQ(reply.verdict, Verdict::kDrop);
  EXPECT_THAT(reply.reason, HasSubstr("second puts its own address"));
  EXPECT_EQ(reply_to(lab, "tcp://93.184.216.34:443").verdict, Verdict::kAllow);
}

TEST(ReplyPath, TranslationOfAPublicVnetPrefixIsTakenBack) {
  lab::Lab lab = two_networks();
  lab = with(lab, R"(
virtualNetworks:
  home: {virtualNetworkPeerings: {public: {}}}
  public:
    addressPrefixes: [20.7.0.0/16]
    subnets: {data: {addressPrefix: 20.7.1.0/24}}
    virtualNetworkPeerings: {home: {}}
hosts: {exposed: {subnet: public/data, ipAddress: 20.7.1.4, listen: [tcp/443]}}
)");
  lab.hosts["fw"].masquerade = ip("20.61.0.10");
  route(lab, "apps/public", "20.7.0.0/16", "10.1.3.4");
  const Explanation got = explain(lab, "app", "tcp://20.7.1.4:443");
  EXPECT_EQ(got.source, ip("10.1.3.4"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow) << got.reply->reason;
}

// A hub that the flow did not pass takes the answer for something new.
class AsymmetricReply : public testing::Test {
 protected:
  AsymmetricReply() {
    route(lab_, "away/back", "10.1.0.0/16", "10.3.1.4");
    // From the hub back the way it came, then home by an appliance there.
    route(lab_, "hub/back", "10.1.0.0/16", "10.2.3.4");
  }
  lab::Lab lab_ = with(two_networks(), R"(
virtualNetworks:
  away: {virtualNetworkPeerings: {hub: {allowForwardedTraffic: true}}}
  hub:
    addressPrefixes: [10.3.0.0/16]
    subnets: {fw: {addressPrefix: 10.3.1.0/24, routeTable: hub}}
    virtualNetworkPeerings: {away: {allowForwardedTraffic: true}}
routeTables: {hub: {}}
hosts: {hub-fw: {subnet: hub/fw, ipAddress: 10.3.1.4, enableIPForwarding: true}}
)");
};

TEST_F(AsymmetricReply, PassesAnUnknownNetworkByItsLists) {
  EXPECT_EQ(reply_to(lab_, "tcp://10.2.1.4:443").verdict, Verdict::kAllow)
      << reply_to(lab_, "tcp://10.2.1.4:443").reason;
  subnet(lab_, "hub/fw").network_security_group = "nsg";
  deny(lab_, "nsg/no-answers", 200, Direction::kInbound, {.source_ports = "443"});
  const Reply inbound = reply_to(lab_, "tcp://10.2.1.4:443");
  EXPECT_EQ(inbound.verdict, Verdict::kDeny);
  EXPECT_THAT(inbound.reason, HasSubstr("nsg/no-answers"));
  allow(lab_, "nsg/in", 100, Direction::kInbound, {.source_ports = "443"});
  deny(lab_, "nsg/out", 100, Direction::kOutbound, {.destination_ports = "50000"});
  const Reply outbound = reply_to(lab_, "tcp://10.2.1.4:443");
  EXPECT_EQ(outbound.verdict, Verdict::kDeny);
  EXPECT_THAT(outbound.reason, HasSubstr("nsg/out"));
  lab_.network_security_groups["nsg"].security_rules["out"].access = lab::Access::kAllow;
  EXPECT_EQ(reply_to(lab_, "tcp://10.2.1.4:443").verdict, Verdict::kAllow);
}

// As any answer: a reset needs a flow to be let past a list.
TEST_F(AsymmetricReply, AResetPassesAnUnknownNetworkByItsListsToo) {
  EXPECT_EQ(reply_to(lab_, "tcp://10.2.1.4:444").verdict, Verdict::kAllow);
  subnet(lab_, "hub/fw").network_security_group = "nsg";
  deny(lab_, "nsg/no-answers", 200, Direction::kInbound, {.source_ports = "444"});
  const Reply reply = reply_to(lab_, "tcp://10.2.1.4:444");
  EXPECT_EQ(reply.verdict, Verdict::kDeny);
  EXPECT_THAT(reply.reason, HasSubstr("nsg/no-answers"));
}

TEST_F(AsymmetricReply, RefusalOfUdpPassesAsIcmp) {
  subnet(lab_, "hub/fw").network_security_group = "nsg";
  deny(lab_, "nsg/no-udp", 100, Direction::kInbound, {.protocol = "Udp"});
  EXPECT_EQ(reply_to(lab_, "udp://10.2.1.4:53").verdict, Verdict::kDeny);
  EXPECT_EQ(reply_to(lab_, "udp://10.2.1.4:54").verdict, Verdict::kAllow);
  deny(lab_, "nsg/no-icmp", 110, Direction::kInbound, {.protocol = "Icmp"});
  EXPECT_EQ(reply_to(lab_, "udp://10.2.1.4:54").verdict, Verdict::kDeny);
}

TEST_F(AsymmetricReply, IsRefusedByAnUnknownNetworkThatKnowsTheIntegration) {
  peering(lab_, "hub", "home");
  peering(lab_, "home", "hub");
  const Reply reply = reply_to(lab_, "udp://10.2.1.4:53");
  EXPECT_EQ(reply.verdict, Verdict::kDrop);
  EXPECT_THAT(reply.reason, HasSubstr("home/apps"));
}

}  // namespace
}  // namespace egress::policy::test
