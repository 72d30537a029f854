// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"

#include "tests/unit/policy/policy_test.hpp"

// Flows of one app in one VNet: application routing, rule lists, routes, platform. NVAs and
// peerings are in appliance_test.cpp.

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Path;
using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;

// Two apps, of which one is in a VNet, routing off, no NSG and no routes.
lab::Lab simple_lab() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16, 100.80.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], routeTable: t}
      data: {addressPrefix: 10.1.2.0/24}
      carrier: {addressPrefix: 100.80.1.0/24}
routeTables: {t: {}}
serverFarms: {plan: {}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: v/apps}
  lone: {serverFarm: other}
hosts:
  sql: {subnet: v/data, ipAddress: 10.1.2.4, listen: [tcp/1433]}
  shared: {subnet: v/carrier, ipAddress: 100.80.1.4, listen: [tcp/80]}
  dns: {internet: true, ipAddress: 8.8.8.8, listen: [udp/53, tcp/53]}
)");
}

void route_all(lab::Site& site) {
  site.outbound_vnet_routing = {.application_traffic = true};
}

TEST(Explain, ContractExampleDeniesSql) {
  const Explanation got = explain(contract_lab(), "web", "tcp://10.1.2.4:1433");
  EXPECT_EQ(decision(got), "Deny by networkSecurityGroup nsg-integration/deny-sql");
  EXPECT_EQ(got.path, Path::kVirtualNetwork);
  EXPECT_EQ(got.source, std::nullopt);
  EXPECT_EQ(got.next_hop, std::nullopt);
  EXPECT_EQ(got.reply, std::nullopt);
}

TEST(Explain, ContractExampleReachesThePrivateHost) {
  const Explanation got = explain(contract_lab(), "web", "tcp://10.1.2.4:443");
  EXPECT_EQ(decision(got), "Allow by networkSecurityGroup nsg-integration/AllowVnetOutBound");
  EXPECT_EQ(got.path, Path::kVirtualNetwork);
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.next_hop->type, "VnetLocal");
  EXPECT_EQ(got.host, "sql");
  EXPECT_FALSE(got.refused);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(Explain, ContractExampleLeavesByTheFirewall) {
  const Explanation got = explain(contract_lab(), "web", "tcp://www.example.com:443");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.path, Path::kVirtualNetwork);
  EXPECT_EQ(got.source, ip("20.61.0.10"));
  EXPECT_EQ(got.next_hop->type, "VirtualAppliance");
  EXPECT_EQ(got.next_hop->ip_address, ip("10.0.1.4"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow) << got.reply->reason;
  EXPECT_THAT(
      stages(got),
      ElementsAre("nameResolution web/0 93.184.216.34", "applicationRouting web/0 virtualNetwork",
                  "nat plan/0 10.1.1.4", "networkSecurityGroup spoke/integration Allow",
                  "route spoke/integration VirtualAppliance 10.0.1.4", "peering hub Allow",
                  "networkSecurityGroup hub/firewall Allow", "nat hub/firewall 10.0.1.4",
                  "networkSecurityGroup hub/firewall Allow", "route hub/firewall Internet",
                  "nat hub/firewall 20.61.0.10", "destination internet delivered"));
  for (const Step& step : got.steps) EXPECT_THAT(step.reason, HasSubstr(".")) << step.where;
}

// azure-facts 11.1
TEST(Explain, DirectPacketsMeetNoSecurityGroup) {
  lab::Lab lab = simple_lab();
  subnet(lab, "v/apps").network_security_group = "nsg";
  deny(lab, "nsg/no-internet", 100, Direction::kOutbound, {.destination = "Internet"});
  route(lab, "t/nowhere", "0.0.0.0/0", "None");
  const Explanation got = explain(lab, "web", "udp://8.8.8.8:53");
  EXPECT_EQ(decision(got), "Allow by applicationRouting applicationRouting");
  EXPECT_EQ(got.path, Path::kDirect);
  EXPECT_EQ(got.source, ip("20.50.1.4"));
  EXPECT_EQ(got.next_hop, std::nullopt);
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

TEST(Explain, DirectPacketToNobodyHasNoRoute) {
  const Explanation got = explain(simple_lab(), "web", "tcp://8.8.4.4:53");
  EXPECT_EQ(decision(got), "NoRoute by destination 8.8.4.4");
  EXPECT_EQ(got.path, Path::kDirect);
  EXPECT_EQ(got.source, std::nullopt);
}

TEST(Explain, AppWithoutIntegrationGoesDirectlyEverywhere) {
  lab::Lab lab = simple_lab();
  route_all(lab.sites["lone"]);
  EXPECT_EQ(explain(lab, "lone", "tcp://8.8.8.8:53").path, Path::kDirect);
  const Explanation got = explain(lab, "lone", "tcp://10.1.2.4:1433");
  EXPECT_EQ(decision(got), "Drop by applicationRouting applicationRouting");
  EXPECT_EQ(got.path, Path::kDirect);
}

// azure-facts 11.16
TEST(Explain, PropertyBeatsAppSetting) {
  lab::Lab lab = simple_lab();
  lab.sites["web"].app_settings["WEBSITE_VNET_ROUTE_ALL"] = "1";
  EXPECT_EQ(explain(lab, "web", "tcp://8.8.8.8:53").path, Path::kVirtualNetwork);
  lab.sites["web"].vnet_route_all_enabled = false;
  EXPECT_EQ(explain(lab, "web", "tcp://8.8.8.8:53").path, Path::kDirect);
}

// azure-facts 1.1.4 and 1.1.5
TEST(Explain, PrivateAndOwnAddressesEnterTheVnetWithRoutingOff) {
  const lab::Lab lab = simple_lab();
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.4:1433")),
            "Allow by route system/10.1.0.0/16");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://100.80.1.4:80")),
            "Allow by route system/100.80.0.0/16");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://192.168.7.7:80")),
            "Drop by route system/192.168.0.0/16");
}

// azure-facts 11.9
TEST(Explain, SharedSpaceLeavesDirectlyOrIsDropped) {
  lab::Lab lab = simple_lab();
  EXPECT_EQ(explain(lab, "web", "tcp://100.64.0.9:80").path, Path::kDirect);
  route_all(lab.sites["web"]);
  EXPECT_EQ(decision(explain(lab, "web", "tcp://100.64.0.9:80")),
            "Drop by route system/100.64.0.0/10");
}

// azure-facts 11.2
TEST(Explain, RoutingOnKeepsTheOutboundAddress) {
  lab::Lab lab = simple_lab();
  route_all(lab.sites["web"]);
  const Explanation got = explain(lab, "web", "tcp://8.8.8.8:53");
  EXPECT_EQ(decision(got), "Allow by route system/0.0.0.0/0");
  EXPECT_EQ(got.path, Path::kVirtualNetwork);
  EXPECT_EQ(got.source, ip("20.50.1.4"));
  EXPECT_EQ(got.next_hop->type, "Internet");
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
}

// azure-facts 11.8
TEST(Explain, DefaultRouteToNoneCutsTheInternetOnly) {
  lab::Lab lab = simple_lab();
  route_all(lab.sites["web"]);
  route(lab, "t/off", "0.0.0.0/0", "None");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://8.8.8.8:53")), "Drop by route t/off");
  EXPECT_EQ(explain(lab, "web", "tcp://10.1.2.4:1433").verdict, Verdict::kAllow);
}

// azure-facts 11.25
TEST(Explain, ServiceTagRouteMovesTheServiceBetweenTags) {
  lab::Lab lab = simple_lab();
  route_all(lab.sites["web"]);
  lab = with(lab, "hosts: {storage: {internet: true, ipAddress: 20.60.1.1, listen: [tcp/443]}}");
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}});
  subnet(lab, "v/apps").network_security_group = "nsg";
  lab.network_security_groups["nsg"];
  route(lab, "t/default", "0.0.0.0/0", "None");
  route(lab, "t/storage", "Storage", "Internet");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.1.1:443")),
            "Allow by networkSecurityGroup nsg/AllowVnetOutBound");
  allow(lab, "nsg/internet", 100, Direction::kOutbound, {.destination = "Internet"});
  deny(lab, "nsg/vnet", 110, Direction::kOutbound, {.destination = "VirtualNetwork"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://20.60.1.1:443")),
            "Deny by networkSecurityGroup nsg/vnet");
}

TEST(Explain, RoutesThatLeadNowhereDrop) {
  lab::Lab lab = simple_lab();
  route_all(lab.sites["web"]);
  route(lab, "t/gateway", "8.8.8.0/24", "VirtualNetworkGateway");
  route(lab, "t/local", "9.9.9.0/24", "VnetLocal");
  route(lab, "t/missing", "7.7.7.0/24", "10.1.2.99");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://8.8.8.8:53")), "Drop by route t/gateway");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://9.9.9.9:53")), "Drop by route t/local");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://7.7.7.7:53")), "Drop by route t/missing");
}

TEST(Explain, UnownedAddressOfTheVnetHasNoRoute) {
  lab::Lab lab = simple_lab();
  subnet(lab, "v/data").network_security_group = "nsg";
  deny(lab, "nsg/all", 100, Direction::kInbound, {});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.9:80")), "NoRoute by destination 10.1.2.9");
  route(lab, "t/local", "10.1.2.0/24", "VnetLocal");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.9:80")), "NoRoute by destination 10.1.2.9");
}

// Contract "Decided" 26.
TEST(Explain, NoPrivateAddressIsReachedByAnInternetRoute) {
  lab::Lab lab = simple_lab();
  route(lab, "t/out", "10.9.0.0/16", "Internet");
  route(lab, "t/shared", "100.64.0.0/10", "Internet");
  route_all(lab.sites["web"]);
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.9.9.9:80")), "Drop by route t/out");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://100.64.9.9:80")),
            "NoRoute by destination 100.64.9.9");
}

TEST(Explain, OutboundAddressIsNoDestination) {
  lab::Lab lab = simple_lab();
  EXPECT_EQ(explain(lab, "web", "tcp://20.50.1.4:80").verdict, Verdict::kNoRoute);
  route_all(lab.sites["web"]);
  EXPECT_EQ(explain(lab, "web", "tcp://20.50.1.4:80").verdict, Verdict::kNoRoute);
}

TEST(Explain, InboundListOfTheDestinationDecides) {
  lab::Lab lab = simple_lab();
  subnet(lab, "v/data").network_security_group = "nsg-data";
  lab.network_security_groups["nsg-data"];
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.4:1433")),
            "Allow by networkSecurityGroup nsg-data/AllowVnetInBound");
  deny(lab, "nsg-data/no-apps", 100, Direction::kInbound, {.source = "10.1.1.0/26"});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.4:1433")),
            "Deny by networkSecurityGroup nsg-data/no-apps");
}

TEST(Explain, OutboundListComesBeforeRoutesAndInboundLists) {
  lab::Lab lab = simple_lab();
  subnet(lab, "v/apps").network_security_group = "nsg";
  subnet(lab, "v/data").network_security_group = "nsg-data";
  deny(lab, "nsg/out", 100, Direction::kOutbound, {.destination = "10.0.0.0/8"});
  deny(lab, "nsg-data/in", 100, Direction::kInbound, {});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.9.9.9:80")),
            "Deny by networkSecurityGroup nsg/out");
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.2.4:1433")),
            "Deny by networkSecurityGroup nsg/out");
}

TEST(Explain, SourcePortCounts) {
  lab::Lab lab = simple_lab();
  subnet(lab, "v/apps").network_security_group = "nsg";
  deny(lab, "nsg/from", 100, Direction::kOutbound, {.protocol = "Tcp", .source_ports = "50000"});
  const auto network = network_of(lab);
  Flow flow{Protocol::kTcp, ip("10.1.2.4"), 1433};
  EXPECT_EQ(explain(*network, {"web", 0}, flow)->verdict, Verdict::kDeny);
  flow.source_port = 50001;
  EXPECT_EQ(explain(*network, {"web", 0}, flow)->verdict, Verdict::kAllow);
}

TEST(Explain, ClosedPortIsAllowedAndRefused) {
  const Explanation got = explain(simple_lab(), "web", "tcp://10.1.2.4:22");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_TRUE(got.refused);
  EXPECT_EQ(got.steps.back().stage, Stage::kDestination);
  EXPECT_EQ(got.steps.back().result, "refused");
  EXPECT_TRUE(explain(simple_lab(), "web", "udp://10.1.2.4:1433").refused);
}

TEST(Explain, EveryHostAnswersEcho) {
  const Explanation got = explain(simple_lab(), "web", "icmp://10.1.2.4");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_FALSE(got.refused);
  EXPECT_EQ(got.steps.back().result, "delivered");
}

TEST(Explain, EchoIsMatchedWithoutPorts) {
  lab::Lab lab = simple_lab();
  subnet(lab, "v/apps").network_security_group = "nsg";
  deny(lab, "nsg/port", 100, Direction::kOutbound, {.source_ports = "0", .destination_ports = "0"});
  EXPECT_EQ(explain(lab, "web", "icmp://10.1.2.4").verdict, Verdict::kAllow);
  deny(lab, "nsg/echo", 110, Direction::kOutbound, {.protocol = "Icmp"});
  EXPECT_EQ(decision(explain(lab, "web", "icmp://10.1.2.4")),
            "Deny by networkSecurityGroup nsg/echo");
}

TEST(Explain, PlatformRangesNeverLeaveTheWorker) {
  const lab::Lab lab = simple_lab();
  for (const char* site : {"web", "lone"}) {
    EXPECT_EQ(decision(explain(lab, site, "tcp://169.254.1.1:80")),
              "Drop by platform 169.254.0.0/16");
    EXPECT_EQ(decision(explain(lab, site, "tcp://240.0.0.1:80")), "Drop by platform 240.0.0.0/4");
    EXPECT_EQ(decision(explain(lab, site, "tcp://0.1.2.3:80")), "Drop by platform 0.0.0.0/8");
  }
}

TEST(Explain, IntegrationAddressesRefuseAtOnce) {
  lab::Lab lab = simple_lab();
  subnet(lab, "v/apps").network_security_group = "nsg";
  deny(lab, "nsg/all", 100, Direction::kOutbound, {});
  route(lab, "t/off", "10.1.0.0/16", "None");
  lab = with(lab, "sites: {other: {serverFarm: other, virtualNetworkSubnet: v/apps}}");
  for (const char* lease : {"10.1.1.4", "10.1.1.5"}) {
    const Explanation got = explain(lab, "web", std::string("tcp://") + lease + ":80");
    EXPECT_EQ(decision(got), "Drop by platform v/apps");
    EXPECT_TRUE(got.refused);
    EXPECT_THAT(got.steps.back().reason, HasSubstr("refused"));
    EXPECT_EQ(got.source, std::nullopt);
  }
}

TEST(Explain, SameSubnetTrafficMeetsBothLists) {
  lab::Lab lab = simple_lab();
  lab.hosts["neighbour"] = {
      .subnet = {{"v", "apps"}}, .ip_address = ip("10.1.1.20"), .listen = {{Protocol::kTcp, 80}}};
  subnet(lab, "v/apps").network_security_group = "nsg";
  lab.network_security_groups["nsg"];
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.1.20:80")),
            "Allow by networkSecurityGroup nsg/AllowVnetOutBound");
  deny(lab, "nsg/in", 100, Direction::kInbound, {});
  EXPECT_EQ(decision(explain(lab, "web", "tcp://10.1.1.20:80")),
            "Deny by networkSecurityGroup nsg/in");
}

}  // namespace
}  // namespace egress::policy::test
