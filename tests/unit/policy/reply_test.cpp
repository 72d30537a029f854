// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "tests/unit/policy/lab_builder.hpp"

// The answer's way back where it differs from the flow's way there.

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Verdict;
using testing::HasSubstr;

// The app's VNet with a firewall, peered with a VNet of data.
lab::Lab two_networks() {
  lab::Lab lab;
  lab.outbound_ip_addresses = {ip("20.50.1.4")};
  vnet(lab, "home", {"10.1.0.0/16"});
  vnet(lab, "away", {"10.2.0.0/16"});
  subnet(lab, "home/apps", "10.1.1.0/26").route_table = "apps";
  subnet(lab, "home/fw", "10.1.3.0/24").route_table = "fw";
  subnet(lab, "home/data", "10.1.2.0/24").route_table = "data";
  subnet(lab, "away/data", "10.2.1.0/24").route_table = "away";
  subnet(lab, "away/fw", "10.2.3.0/24");
  for (const char* table : {"apps", "fw", "data", "away"}) lab.route_tables[table];
  peer(lab, "home", "away");
  appliance(lab, "fw", "home/fw", "10.1.3.4");
  appliance(lab, "away-fw", "away/fw", "10.2.3.4");
  host(lab, "near", "home/data", "10.1.2.4", {"tcp/443", "udp/53"});
  host(lab, "far", "away/data", "10.2.1.4", {"tcp/443", "udp/53"});
  internet_host(lab, "web", "93.184.216.34", {"tcp/443"});
  route_all(app(lab, "app", "home/apps"));
  return lab;
}

lab::Subnet& subnet_of(lab::Lab& lab, const std::string& ref) {
  const lab::SubnetRef at = subnet_ref(ref);
  return lab.virtual_networks.at(at.vnet).subnets.at(at.subnet);
}

Reply reply_to(const lab::Lab& lab, const std::string& url) {
  const Explanation got = explain(lab, "app", url);
  EXPECT_EQ(got.verdict, Verdict::kAllow) << url;
  return got.reply.value_or(Reply{});
}

TEST(ReplyPath, IgnoresListsWhereTheFlowIsKnown) {
  lab::Lab lab = two_networks();
  subnet_of(lab, "home/data").network_security_group = "data";
  subnet_of(lab, "home/apps").network_security_group = "apps";
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
  subnet_of(lab, "home/fw").network_security_group = "fw";
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

TEST(ReplyPath, TranslationOfAPublicVnetPrefixIsTakenBack) {
  lab::Lab lab = two_networks();
  vnet(lab, "public", {"20.7.0.0/16"});
  subnet(lab, "public/data", "20.7.1.0/24");
  host(lab, "exposed", "public/data", "20.7.1.4", {"tcp/443"});
  peer(lab, "home", "public");
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
    lab_ = two_networks();
    vnet(lab_, "hub", {"10.3.0.0/16"});
    subnet(lab_, "hub/fw", "10.3.1.0/24").route_table = "hub";
    lab_.route_tables["hub"];
    appliance(lab_, "hub-fw", "hub/fw", "10.3.1.4");
    peer(lab_, "hub", "away");
    peering(lab_, "hub", "away").allow_forwarded_traffic = true;
    peering(lab_, "away", "hub").allow_forwarded_traffic = true;
    route(lab_, "away/back", "10.1.0.0/16", "10.3.1.4");
    // From the hub back the way it came, then home by an appliance there.
    route(lab_, "hub/back", "10.1.0.0/16", "10.2.3.4");
  }
  lab::Lab lab_{};
};

TEST_F(AsymmetricReply, PassesAnUnknownNetworkByItsLists) {
  EXPECT_EQ(reply_to(lab_, "tcp://10.2.1.4:443").verdict, Verdict::kAllow)
      << reply_to(lab_, "tcp://10.2.1.4:443").reason;
  subnet_of(lab_, "hub/fw").network_security_group = "nsg";
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
  subnet_of(lab_, "hub/fw").network_security_group = "nsg";
  deny(lab_, "nsg/no-answers", 200, Direction::kInbound, {.source_ports = "444"});
  const Reply reply = reply_to(lab_, "tcp://10.2.1.4:444");
  EXPECT_EQ(reply.verdict, Verdict::kDeny);
  EXPECT_THAT(reply.reason, HasSubstr("nsg/no-answers"));
}

TEST_F(AsymmetricReply, RefusalOfUdpPassesAsIcmp) {
  subnet_of(lab_, "hub/fw").network_security_group = "nsg";
  deny(lab_, "nsg/no-udp", 100, Direction::kInbound, {.protocol = "Udp"});
  EXPECT_EQ(reply_to(lab_, "udp://10.2.1.4:53").verdict, Verdict::kDeny);
  EXPECT_EQ(reply_to(lab_, "udp://10.2.1.4:54").verdict, Verdict::kAllow);
  deny(lab_, "nsg/no-icmp", 110, Direction::kInbound, {.protocol = "Icmp"});
  EXPECT_EQ(reply_to(lab_, "udp://10.2.1.4:54").verdict, Verdict::kDeny);
}

TEST_F(AsymmetricReply, IsRefusedByAnUnknownNetworkThatKnowsTheIntegration) {
  peer(lab_, "hub", "home");
  const Reply reply = reply_to(lab_, "udp://10.2.1.4:53");
  EXPECT_EQ(reply.verdict, Verdict::kDrop);
  EXPECT_THAT(reply.reason, HasSubstr("home/apps"));
}

}  // namespace
}  // namespace egress::policy::test
