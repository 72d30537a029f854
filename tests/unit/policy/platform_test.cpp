// SPDX-License-Identifier: MIT
#include "policy/platform.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using lab::Path;
using lab::Verdict;

// An integrated app whose every packet enters its network, and one that has none.
lab::Lab two_apps() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      integration: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
                    networkSecurityGroup: nsg, routeTable: table}
      data: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups: {nsg: {}}
routeTables: {table: {routes: {nowhere: {addressPrefix: 0.0.0.0/0, nextHopType: None}}}}
serverFarms: {plan: {}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration,
        outboundVnetRouting: {applicationTraffic: true}}
  lone: {serverFarm: other}
)");
}

TEST(Platform, AnswersPastRulesAndRoutesThatDoNotNameIt) {
  lab::Lab lab = two_apps();
  deny(lab, "nsg/deny-all", 100, Direction::kOutbound, {});
  for (const char* url :
       {"udp://168.63.129.16:53", "tcp://168.63.129.16:53", "tcp://169.254.169.254:80"}) {
    const Explanation got = explain(lab, "web", url);
    EXPECT_EQ(got.verdict, Verdict::kAllow) << url;
    EXPECT_EQ(got.decided_by.stage, Stage::kPlatform) << url;
    EXPECT_EQ(got.source, ip("10.1.1.4")) << url;
    EXPECT_EQ(got.reply->verdict, Verdict::kAllow) << url;
  }
  EXPECT_EQ(decision(explain(lab, "web", "udp://168.63.129.16:53")),
            "Allow by platform 168.63.129.16");
}

TEST(Platform, AnswersAppsWithoutIntegrationUnderNoAddressOfTheirs) {
  const Explanation got = explain(two_apps(), "lone", "udp://168.63.129.16:53");
  EXPECT_EQ(got.verdict, Verdict::kAllow);
  EXPECT_EQ(got.source, std::nullopt);
}

TEST(Platform, HasNoPathToAzureDns) {
  EXPECT_EQ(explain(two_apps(), "web", "udp://168.63.129.16:53").path, std::nullopt);
  EXPECT_EQ(explain(two_apps(), "lone", "tcp://168.63.129.16:80").path, std::nullopt);
  EXPECT_EQ(explain(two_apps(), "web", "tcp://169.254.169.254:80").path, Path::kVirtualNetwork);
}

TEST(Platform, AnswersOnItsOwnPortsAlone) {
  for (const char* url :
       {"tcp://168.63.129.16:80", "tcp://168.63.129.16:32526", "udp://168.63.129.16:54",
        "icmp://168.63.129.16", "udp://169.254.169.254:80", "tcp://169.254.169.254:443"}) {
    const Explanation got = explain(two_apps(), "web", url);
    EXPECT_EQ(got.verdict, Verdict::kDrop) << url;
    EXPECT_EQ(got.decided_by.stage, Stage::kPlatform) << url;
  }
}

TEST(Platform, RulesThatNameItsTagsDecide) {
  struct Case {
    const char* tag;
    const char* ports;
    const char* url;
    const char* decision;
  };
  for (const Case& each : {
           Case{"AzurePlatformDNS", "*", "udp://168.63.129.16:53",
                "Deny by networkSecurityGroup nsg/tag"},
           Case{"AzurePlatformDNS", "53", "tcp://168.63.129.16:53",
                "Deny by networkSecurityGroup nsg/tag"},
           Case{"AzurePlatformDNS", "80", "udp://168.63.129.16:53",
                "Allow by platform 168.63.129.16"},
           Case{"AzurePlatformDNS", "*", "tcp://169.254.169.254:80",
                "Allow by platform 169.254.169.254"},
           Case{"AzurePlatformIMDS", "*", "tcp://169.254.169.254:80",
                "Deny by networkSecurityGroup nsg/tag"},
           Case{"AzurePlatformIMDS", "*", "udp://168.63.129.16:53",
                "Allow by platform 168.63.129.16"},
           // The address by itself, or a tag that holds it, names nothing of the platform.
           Case{"168.63.129.16/32", "*", "udp://168.63.129.16:53",
                "Allow by platform 168.63.129.16"},
           Case{"AzureLoadBalancer", "*", "udp://168.63.129.16:53",
                "Allow by platform 168.63.129.16"},
       }) {
    lab::Lab lab = two_apps();
    deny(lab, "nsg/tag", 200, Direction::kOutbound,
         {.destination = each.tag, .destination_ports = each.ports});
    EXPECT_EQ(decision(explain(lab, "web", each.url)), each.decision)
        << each.tag << " " << each.url;
  }
}

TEST(Platform, TheFirstRuleThatNamesATagDecides) {
  lab::Lab lab = two_apps();
  allow(lab, "nsg/all", 100, Direction::kOutbound, {});
  deny(lab, "nsg/no-dns", 300, Direction::kOutbound, {.destination = "AzurePlatformDNS"});
  EXPECT_EQ(decision(explain(lab, "web", "udp://168.63.129.16:53")),
            "Deny by networkSecurityGroup nsg/no-dns");
  allow(lab, "nsg/dns", 200, Direction::kOutbound, {.destination = "AzurePlatformDNS"});
  EXPECT_EQ(decision(explain(lab, "web", "udp://168.63.129.16:53")),
            "Allow by networkSecurityGroup nsg/dns");
}

TEST(Platform, InboundRulesDoNotCount) {
  lab::Lab lab = two_apps();
  deny(lab, "nsg/tag", 100, Direction::kInbound, {.destination = "AzurePlatformDNS"});
  EXPECT_EQ(decision(explain(lab, "web", "udp://168.63.129.16:53")),
            "Allow by platform 168.63.129.16");
}

TEST(Platform, MetadataAreOfTheNetworkAndNotOfTheWorker) {
  lab::Lab lab = two_apps();
  lab.sites["web"].outbound_vnet_routing.reset();
  for (const char* site : {"web", "lone"}) {
    EXPECT_EQ(explain(lab, site, "tcp://169.254.169.254:80").verdict, Verdict::kDrop) << site;
  }
}

TEST(Platform, AnswersMachinesInNetworksAlone) {
  const auto network = network_of(with(two_apps(), R"(
hosts:
  inside: {subnet: spoke/data, ipAddress: 10.1.2.4}
  outside: {internet: true, ipAddress: 203.0.113.1}
)"));
  for (Index i = 0; i < network->interfaces.size(); ++i) {
    if (network->interfaces[i].kind != InterfaceKind::kHost) continue;
    const PlatformVerdict got = platform_verdict(*network, origin_of(*network, i),
                                                 {.protocol = number_of(Protocol::kUdp),
                                                  .destination = kAzurePlatform,
                                                  .destination_port = kDomainPort});
    const bool inside = network->interfaces[i].name == "inside";
    EXPECT_EQ(got.verdict, inside ? Verdict::kAllow : Verdict::kDrop);
  }
}

}  // namespace
}  // namespace egress::policy::test
