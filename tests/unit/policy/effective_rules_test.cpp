// SPDX-License-Identifier: MIT
#include "policy/effective_rules.hpp"

#include "policy/security_lists.hpp"
#include "policy/tags.hpp"
#include "tests/unit/policy/plain_reading.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using testing::ElementsAre;

lab::Lab plain_lab() {
  return lab_from(R"(
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      s: {addressPrefix: 10.0.1.0/24, networkSecurityGroup: nsg, routeTable: t}
      other: {addressPrefix: 10.0.2.0/24}
  p: {addressPrefixes: [10.5.0.0/16, 20.7.0.0/16]}
networkSecurityGroups: {nsg: {}}
routeTables: {t: {}}
)");
}
const lab::SubnetRef kSubnet{"v", "s"};

std::vector<std::string> names(const std::vector<EffectiveRule>& rules) {
  std::vector<std::string> result;
  for (const EffectiveRule& rule : rules) result.push_back(rule.name);
  return result;
}

std::vector<EffectiveRule> effective_rules(const lab::Lab& lab, const lab::SubnetRef& subnet,
                                           Direction direction) {
  SecurityLists lists(lab);
  const auto list = lists.list_of(subnet, direction);
  return list ? lists.expand(*list) : std::vector<EffectiveRule>{};
}

AddressSet tag(const lab::Lab& lab, const std::string& name,
               const lab::SubnetRef& subnet = kSubnet) {
  const AddressSet network = virtual_network_tag(lab, subnet.vnet, lab.find(subnet)->route_table);
  if (name == kVirtualNetworkTag) return network;
  return name == kInternetTag ? internet_tag(network) : *service_tag(lab, name);
}
bool holds(const AddressSet& set, const std::string& address) {
  return set.contains(ip(address).bits);
}

TEST(EffectiveRules, AreEmptyWithoutSecurityGroup) {
  lab::Lab lab = plain_lab();
  lab.virtual_networks["v"].subnets["s"].network_security_group.reset();
  EXPECT_THAT(effective_rules(lab, kSubnet, Direction::kOutbound), testing::IsEmpty());
}

TEST(EffectiveRules, ComeInPriorityOrderBeforeTheDefaults) {
  lab::Lab lab = plain_lab();
  allow(lab, "nsg/a-last", 4096, Direction::kOutbound, {});
  deny(lab, "nsg/z-first", 100, Direction::kOutbound, {});
  deny(lab, "nsg/other-way", 200, Direction::kInbound, {});
  EXPECT_THAT(names(effective_rules(lab, kSubnet, Direction::kOutbound)),
              ElementsAre("nsg/z-first", "nsg/a-last", "nsg/AllowVnetOutBound",
                          "nsg/AllowInternetOutBound", "nsg/DenyAllOutBound"));
  EXPECT_THAT(names(effective_rules(lab, kSubnet, Direction::kInbound)),
              ElementsAre("nsg/other-way", "nsg/AllowVnetInBound",
                          "nsg/AllowAzureLoadBalancerInBound", "nsg/DenyAllInBound"));
}

TEST(EffectiveRules, DefaultsDecideAsAzureDocumentsThem) {
  const lab::Lab lab = plain_lab();
  const auto out = effective_rules(lab, kSubnet, Direction::kOutbound);
  const auto in = effective_rules(lab, kSubnet, Direction::kInbound);
  const Ipv4Address own = ip("10.0.1.4");
  const auto decided = [](const std::vector<EffectiveRule>& rules, Ipv4Address source,
                          Ipv4Address destination) {
    return first_match(rules, {.source = source, .destination = destination})->name;
  };
  EXPECT_EQ(decided(out, own, ip("10.0.2.4")), "nsg/AllowVnetOutBound");
  EXPECT_EQ(decided(out, own, ip("93.184.216.34")), "nsg/AllowInternetOutBound");
  EXPECT_EQ(decided(out, own, ip("10.9.9.9")), "nsg/DenyAllOutBound");
  EXPECT_EQ(decided(in, ip("10.0.2.4"), own), "nsg/AllowVnetInBound");
  EXPECT_EQ(decided(in, kAzurePlatform, ip("20.0.0.1")), "nsg/AllowAzureLoadBalancerInBound");
  EXPECT_EQ(decided(in, ip("93.184.216.34"), own), "nsg/DenyAllInBound");
  EXPECT_EQ(out.back().rule.priority, 65500);
}

TEST(EffectiveRules, SecurityGroupOfApplicationsMeansItsMembers) {
  lab::Lab lab = plain_lab();
  lab = with(lab, R"(
applicationSecurityGroups: {web: {}, other: {}}
hosts:
  one: {subnet: v/s, ipAddress: 10.0.1.5, applicationSecurityGroups: [web, other]}
  two: {subnet: v/s, ipAddress: 10.0.1.6, applicationSecurityGroups: [web]}
  three: {subnet: v/s, ipAddress: 10.0.1.9}
)");
  deny(lab, "nsg/r", 100, Direction::kOutbound, {.destination = "asg:web"});
  const auto rules = effective_rules(lab, kSubnet, Direction::kOutbound);
  EXPECT_EQ(rules.front().destinations,
            address_set({prefix("10.0.1.5/32"), prefix("10.0.1.6/32")}));
}

TEST(Tags, VirtualNetworkIsTheVnetItsPeersAndThePlatform) {
  lab::Lab lab = plain_lab();
  peering(lab, "v", "p");
  peering(lab, "p", "v");
  EXPECT_EQ(tag(lab, "VirtualNetwork"),
            address_set({prefix("10.0.0.0/16"), prefix("10.5.0.0/16"), prefix("20.7.0.0/16"),
                         prefix("168.63.129.16/32")}));
}

TEST(Tags, PeeringOfOneSideWidensNothing) {
  lab::Lab lab = plain_lab();
  peering(lab, "v", "p");
  EXPECT_FALSE(holds(tag(lab, "VirtualNetwork"), "10.5.0.1"));
}

TEST(Tags, PeerWithoutAccessIsInNeitherTagUnlessPublic) {
  lab::Lab lab = plain_lab();
  peering(lab, "v", "p");
  peering(lab, "p", "v");
  EXPECT_FALSE(holds(tag(lab, "Internet"), "20.7.0.1"));
  peering(lab, "v", "p").allow_virtual_network_access = false;
  EXPECT_FALSE(holds(tag(lab, "VirtualNetwork"), "10.5.0.1"));
  EXPECT_FALSE(holds(tag(lab, "Internet"), "10.5.0.1"));
  EXPECT_FALSE(holds(tag(lab, "VirtualNetwork"), "20.7.0.1"));
  EXPECT_TRUE(holds(tag(lab, "Internet"), "20.7.0.1"));
}

TEST(Tags, InternetIsPublicSpace) {
  const AddressSet internet = tag(plain_lab(), "Internet");
  for (const char* outside :
       {"0.1.2.3", "10.1.1.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.1.1",
        "172.31.255.255", "192.0.2.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "224.0.0.1",
        "255.255.255.255", "168.63.129.16"}) {
    EXPECT_FALSE(holds(internet, outside)) << outside;
  }
  for (const char* inside :
       {"1.0.0.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.3.1", "198.17.255.255",
        "198.20.0.0", "198.51.100.1", "203.0.113.1", "223.255.255.255"}) {
    EXPECT_TRUE(holds(internet, inside)) << inside;
  }
}

TEST(Tags, UserRoutesMovePrefixesIntoVirtualNetwork) {
  lab::Lab lab = plain_lab();
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}});
  route(lab, "t/cidr", "93.184.216.0/24", "None");
  route(lab, "t/tag", "Storage", "Internet");
  for (const char* moved : {"93.184.216.34", "20.60.1.1"}) {
    EXPECT_TRUE(holds(tag(lab, "VirtualNetwork"), moved)) << moved;
    EXPECT_FALSE(holds(tag(lab, "Internet"), moved)) << moved;
    EXPECT_TRUE(holds(tag(lab, "Internet", {"v", "other"}), moved)) << moved;
  }
  route(lab, "t/default", "0.0.0.0/0", "10.0.2.4");
  EXPECT_TRUE(tag(lab, "VirtualNetwork").is_all());
  EXPECT_TRUE(tag(lab, "Internet").empty());
}

TEST(Tags, PlatformOnesAreSingleAddresses) {
  const lab::Lab lab = plain_lab();
  EXPECT_EQ(tag(lab, "AzureLoadBalancer"), address_set({prefix("168.63.129.16/32")}));
  EXPECT_EQ(tag(lab, "AzurePlatformDNS"), address_set({prefix("168.63.129.16/32")}));
  EXPECT_EQ(tag(lab, "AzurePlatformIMDS"), address_set({prefix("169.254.169.254/32")}));
  EXPECT_TRUE(holds(tag(lab, "AzurePlatformLKM"), "23.102.135.246"));
}

TEST(Tags, HoldTheLabsOwnServicesOfTheirKindAndRegion) {
  lab::Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, inboundIpAddress: 9.9.9.11}}
services:
  db: {type: Microsoft.Sql/servers, ipAddress: 9.9.9.9}
  said:
    {ipAddress: 9.9.9.10, names: [db.example.com], listen: [tcp/1433], serviceTag: Sql.WestEurope}
)");
  lab.service_tags = service_tags({{"Sql", {"52.236.0.0/16"}},
                                   {"Sql.WestEurope", {"52.236.184.128/25"}},
                                   {"Sql.EastUS", {"52.168.0.0/24"}},
                                   {"AppService", {"13.69.68.0/23"}}});
  const auto holds = [&](const std::string& tag, const std::string& address) {
    return service_tag(lab, tag)->contains(ip(address).bits);
  };
  for (const char* address : {"9.9.9.9", "9.9.9.10"}) {
    EXPECT_TRUE(holds("Sql", address)) << address;
    EXPECT_TRUE(holds("Sql.WestEurope", address)) << address;
    EXPECT_FALSE(holds("Sql.EastUS", address)) << address;
  }
  EXPECT_TRUE(holds("Sql.WestEurope", "52.236.184.200"));
  EXPECT_TRUE(holds("AppService", "9.9.9.11"));
  EXPECT_FALSE(holds("Sql", "9.9.9.11"));
}

TEST(Tags, ShareTheSetOfTheFileWhereNoServiceIsInThem) {
  lab::Lab lab = lab_from("services: {db: {type: Microsoft.Sql/servers, ipAddress: 9.9.9.9}}");
  lab.service_tags = service_tags({{"Sql", {"52.236.0.0/16"}}, {"Storage", {"20.60.0.0/16"}}});
  EXPECT_EQ(&*service_tag(lab, "Storage"), &lab.service_tags->at("Storage").addresses);
  EXPECT_NE(&*service_tag(lab, "Sql"), &lab.service_tags->at("Sql").addresses);
}

TEST(Tags, OfARegionAreFoundByTheirNames) {
  lab::Lab lab;
  lab.service_tags = service_tags({{"Sql", {"52.236.0.0/16"}},
                                   {"Sql.FranceCentral", {"52.143.0.0/24"}},
                                   {"SqlManagement.WestEurope", {"52.144.0.0/24"}}});
  EXPECT_EQ(regional_tag(lab, "Sql", "francecentral"), "Sql.FranceCentral");
  EXPECT_EQ(regional_tag(lab, "Sql", "westeurope"), "Sql");
}

TEST(Matches, IcmpMatchesItsOwnRulesAndAnyProtocolWithoutPorts) {
  lab::Lab lab = plain_lab();
  allow(lab, "nsg/icmp", 100, Direction::kOutbound, {.protocol = "Icmp"});
  allow(lab, "nsg/any-443", 110, Direction::kOutbound, {.destination_ports = "443"});
  allow(lab, "nsg/any-from-443", 120, Direction::kOutbound, {.source_ports = "443"});
  allow(lab, "nsg/any", 130, Direction::kOutbound, {});
  allow(lab, "nsg/tcp", 140, Direction::kOutbound, {.protocol = "Tcp"});
  const auto rules = effective_rules(lab, kSubnet, Direction::kOutbound);
  const Packet ping{.protocol = kIcmp};
  EXPECT_TRUE(matches(rules[0], ping));
  EXPECT_FALSE(matches(rules[1], ping));
  EXPECT_FALSE(matches(rules[2], ping));
  EXPECT_TRUE(matches(rules[3], ping));
  EXPECT_FALSE(matches(rules[4], ping));
  EXPECT_FALSE(matches(rules[0], {.protocol = kTcp}));
}

TEST(Matches, PortsOfBothEndsMustFit) {
  lab::Lab lab = plain_lab();
  allow(lab, "nsg/r", 100, Direction::kOutbound,
        {.protocol = "Udp", .source_ports = "1000-1999", .destination_ports = "53"});
  const EffectiveRule rule = effective_rules(lab, kSubnet, Direction::kOutbound).front();
  EXPECT_TRUE(matches(rule, {.protocol = kUdp, .source_port = 1999, .destination_port = 53}));
  EXPECT_FALSE(matches(rule, {.protocol = kUdp, .source_port = 2000, .destination_port = 53}));
  EXPECT_FALSE(matches(rule, {.protocol = kUdp, .source_port = 1999, .destination_port = 54}));
  EXPECT_FALSE(matches(rule, {.protocol = kTcp, .source_port = 1999, .destination_port = 53}));
}

TEST(FirstMatch, IsNullWithoutRules) {
  EXPECT_EQ(first_match({}, {}), nullptr);
}

}  // namespace
}  // namespace egress::policy::test
