// SPDX-License-Identifier: MIT
#include "policy/near_misses.hpp"

#include <fmt/format.h>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using testing::ElementsAre;
using testing::IsEmpty;

// One app, at 10.1.1.4, that may talk to nobody.
lab::Lab silent_app() {
  lab::Lab lab = lab_from(R"(
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], networkSecurityGroup: nsg}
networkSecurityGroups: {nsg: {}}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps}}
)");
  deny(lab, "nsg/rest", 1000, Direction::kOutbound, {});
  return lab;
}

std::vector<std::string> nearest(const lab::Lab& lab, const std::string& url) {
  std::vector<std::string> texts;
  for (const NearMiss& near : explain(lab, "web", url).nearest) {
    texts.push_back(
        fmt::format("{} {}: {} not {}", near.rule, near.failed_on, near.wanted, near.got));
  }
  return texts;
}

TEST(NearMisses, SayWhichOneThingARuleWants) {
  const std::pair<RuleText, const char*> cases[] = {
      {{.destination_ports = "443-445"}, "destinationPort: 443-445 not 1433"},
      {{.protocol = "Udp"}, "protocol: Udp not tcp"},
      {{.destination = "10.9.0.0/16"}, "destinationAddress: 10.9.0.0/16 not 10.1.2.4"},
      {{.destination = "Storage"}, "destinationAddress: Storage not 10.1.2.4"},
      {{.source = "10.1.1.5"}, "sourceAddress: 10.1.1.5 not 10.1.1.4"},
      {{.source_ports = "1-1023"}, "sourcePort: 1-1023 not 50000"},
  };
  for (const auto& [text, wanted] : cases) {
    lab::Lab lab = silent_app();
    allow(lab, "nsg/a", 100, Direction::kOutbound, text);
    EXPECT_THAT(nearest(lab, "tcp://10.1.2.4:1433"), ElementsAre(fmt::format("nsg/a {}", wanted)));
  }
}

TEST(NearMisses, AreRulesThatOneChangeWouldMakeDecide) {
  lab::Lab lab = silent_app();
  allow(lab, "nsg/two-things", 100, Direction::kOutbound,
        {.protocol = "Udp", .destination_ports = "443"});
  deny(lab, "nsg/no-help", 101, Direction::kOutbound, {.destination_ports = "443"});
  allow(lab, "nsg/inbound", 102, Direction::kInbound, {.destination_ports = "443"});
  allow(lab, "nsg/too-late", 1001, Direction::kOutbound, {.destination_ports = "443"});
  EXPECT_THAT(nearest(lab, "tcp://10.1.2.4:1433"), IsEmpty());
  allow(lab, "nsg/second", 104, Direction::kOutbound, {.destination_ports = "444"});
  allow(lab, "nsg/first", 103, Direction::kOutbound, {.destination_ports = "443"});
  EXPECT_THAT(nearest(lab, "tcp://10.1.2.4:1433"),
              ElementsAre("nsg/first destinationPort: 443 not 1433",
                          "nsg/second destinationPort: 444 not 1433"));
  // What another rule denies is nearer to others.
  EXPECT_THAT(nearest(lab, "tcp://10.1.2.4:443"),
              ElementsAre("nsg/two-things protocol: Udp not tcp"));
}

// contract "Decided" 11
TEST(NearMisses, OfPingHaveNoPorts) {
  lab::Lab lab = silent_app();
  allow(lab, "nsg/web", 100, Direction::kOutbound, {.destination_ports = "443"});
  EXPECT_THAT(nearest(lab, "icmp://10.1.2.4"),
              ElementsAre("nsg/web destinationPort: 443 not none"));
}

TEST(NearMisses, AreFoundAmongRulesForThePlatformToo) {
  lab::Lab lab = silent_app();
  allow(lab, "nsg/dns", 100, Direction::kOutbound,
        {.protocol = "Tcp", .destination = "AzurePlatformDNS"});
  deny(lab, "nsg/no-dns", 101, Direction::kOutbound, {.destination = "AzurePlatformDNS"});
  EXPECT_THAT(nearest(lab, "udp://168.63.129.16:53"), ElementsAre("nsg/dns protocol: Tcp not udp"));
}

}  // namespace
}  // namespace egress::policy::test
