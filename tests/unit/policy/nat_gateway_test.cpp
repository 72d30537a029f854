// SPDX-License-Identifier: MIT
#include "policy/nat_gateway.hpp"

#include <algorithm>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Access;
using lab::Path;
using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An app whose subnet has a gateway, with a route table that routes nothing yet; an appliance to
// which no route leads, and a machine.
lab::Lab nat_lab() {
  lab::Lab lab = lab_from(R"(
location: westeurope
outboundIpAddresses: [20.50.1.4]
subscriptions: {own: {quotaId: PayAsYouGo_2014-09-01}}
subscription: own
publicIPAddresses: {one: {ipAddress: 20.61.7.1}, two: {ipAddress: 20.61.7.2}}
natGateways: {nat: {publicIpAddresses: [one]}}
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], natGateway: nat,
             routeTable: t}
      machines: {addressPrefix: 10.1.2.0/24}
      appliances: {addressPrefix: 10.1.3.0/24}
    virtualNetworkPeerings: {peer: {}}
  peer:
    addressPrefixes: [10.2.0.0/16]
    subnets: {machines: {addressPrefix: 10.2.2.0/24}}
    virtualNetworkPeerings: {v: {}}
routeTables: {t: {}}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps,
              outboundVnetRouting: {applicationTraffic: true}}}
hosts:
  nva: {subnet: v/appliances, ipAddress: 10.1.3.4, enableIPForwarding: true, masquerade: 20.61.0.10}
  sql: {subnet: v/machines, ipAddress: 10.1.2.4, listen: [tcp/443]}
  far: {subnet: peer/machines, ipAddress: 10.2.2.4, listen: [tcp/443]}
  api: {internet: true, ipAddress: 203.0.113.9, listen: [tcp/443, udp/443, tcp/25]}
services:
  files: {type: Microsoft.Storage/storageAccounts, location: northeurope, ipAddress: 20.60.40.4}
privateEndpoints: {pe: {subnet: v/machines, ipAddress: 10.1.2.9, privateLinkService: files, groupIds: [blob]}}
)");
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}});
  return lab;
}

// As of the appliance, or a machine.
Explanation explain_from(const lab::Lab& lab, const std::string& machine, const Flow& flow) {
  const auto network = network_of(lab);
  Index sender = 0;
  while (network->interfaces[sender].name != machine) ++sender;
  return walk(*network, origin_of(*network, sender), flow).explanation;
}
const Flow kToApi{.destination = ip("203.0.113.9"), .destination_port = 443};

TEST(NatGateway, ShowsItsAddressOfWhatTheNetworkSendsToTheInternet) {
  const Explanation got = explain(nat_lab(), "web", "tcp://203.0.113.9:443");
  EXPECT_EQ(decision(got), "Allow by route system/0.0.0.0/0");
  EXPECT_EQ(got.path, Path::kVirtualNetwork);
  EXPECT_EQ(got.next_hop->type, "Internet");
  EXPECT_THAT(stages(got), testing::Contains("natGateway v/apps 20.61.7.1"));
  EXPECT_THAT(got.sources, ElementsAre(ip("20.61.7.1")));
  EXPECT_EQ(got.source, ip("20.61.7.1"));
  EXPECT_EQ(got.reply->verdict, Verdict::kAllow);
  EXPECT_EQ(got.reply->steps.front().stage, Stage::kNatGateway);
}

// azure-facts 7.1.2 to 7.1.5; contract "Decided" 27.
TEST(NatGateway, ComesBehindEveryOtherWay) {
  struct Case {
    const char* change;
    const char* to;
    const char* source;  // empty: nothing arrives
  };
  for (const Case& each : {
           Case{"{}", "203.0.113.9", "20.61.7.1"},
           {"{sites: {web: {outboundVnetRouting: null}}}", "203.0.113.9", "20.50.1.4"},
           {"{}", "10.1.2.4", "10.1.1.4"},
           {"{}", "10.2.2.4", "10.1.1.4"},
           {"{}", "10.1.2.9", "10.1.1.4"},
           {"{}", "20.60.40.4", "20.61.7.1"},
           {"{virtualNetworks: {v: {subnets: {apps: {serviceEndpoints: [Microsoft.Storage]}}}}}",
            "20.60.40.4", "10.1.1.4"},
           {"{routeTables: {t: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: "
            "VirtualAppliance, nextHopIpAddress: 10.1.3.4}}}}}",
            "203.0.113.9", "20.61.0.10"},
           {"{routeTables: {t: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: "
            "Internet}}}}}",
            "203.0.113.9", "20.61.7.1"},
           {"{routeTables: {t: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: None}}}}}",
            "203.0.113.9", ""},
       }) {
    SCOPED_TRACE(std::string(each.change) + " to " + each.to);
    const lab::Lab lab = with(nat_lab(), each.change);
    const Explanation got = explain(lab, "web", "tcp://" + std::string(each.to) + ":443");
    const bool arrives = *each.source != '\0';
    EXPECT_EQ(got.verdict, arrives ? Verdict::kAllow : Verdict::kDrop);
    EXPECT_EQ(got.source, arrives ? std::optional(ip(each.source)) : std::nullopt);
  }
}

// azure-facts 7.1.9
TEST(NatGateway, CarriesTcpAndUdpOnly) {
  const Explanation ping = explain(nat_lab(), "web", "icmp://203.0.113.9");
  EXPECT_EQ(decision(ping), "Drop by natGateway natGateways/nat");
  EXPECT_THAT(ping.steps.back().reason, HasSubstr("TCP and UDP only"));
  EXPECT_EQ(explain(nat_lab(), "web", "udp://203.0.113.9:443").source, ip("20.61.7.1"));
}

// contract "Decided" 27
TEST(NatGateway, TakesASendersOwnAddressAlone) {
  lab::Lab lab = with(nat_lab(), R"({
    natGateways: {nat: {publicIpAddresses: [one]}},
    virtualNetworks: {v: {subnets: {apps: {natGateway: null}, appliances: {natGateway: nat}}}},
    routeTables: {t: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance,
                                     nextHopIpAddress: 10.1.3.4}}}}})");
  // In place of the appliance's own.
  EXPECT_EQ(explain(lab, "web", "tcp://203.0.113.9:443").source, ip("20.61.7.1"));
  EXPECT_EQ(explain_from(lab, "nva", kToApi).source, ip("20.61.7.1"));
  lab.hosts["nva"].masquerade.reset();
  const Explanation forwarded = explain(lab, "web", "tcp://203.0.113.9:443");
  EXPECT_EQ(decision(forwarded), "Drop by natGateway natGateways/nat");
  EXPECT_THAT(forwarded.steps.back().reason, HasSubstr("10.1.1.4 is not the address of nva"));
  EXPECT_EQ(explain_from(lab, "nva", kToApi).source, ip("20.61.7.1"));
  // A machine needs no public address of its own, but one of the two.
  EXPECT_EQ(explain_from(lab, "sql", kToApi).verdict, Verdict::kDrop);
  subnet(lab, "v/machines").nat_gateway = "nat";
  EXPECT_EQ(explain_from(lab, "sql", kToApi).source, ip("20.61.7.1"));
}

// contract "Decided" 18
TEST(NatGateway, LeavesMailOfAppsToTheSubscriptionOfTheirNetwork) {
  lab::Lab lab = nat_lab();
  EXPECT_EQ(decision(explain(lab, "web", "tcp://203.0.113.9:25")),
            "Drop by platform subscriptions/own");
  subnet(lab, "v/machines").nat_gateway = "nat";
  const Flow mail{.destination = ip("203.0.113.9"), .destination_port = 25};
  EXPECT_EQ(explain_from(lab, "sql", mail).verdict, Verdict::kAllow);
  lab.subscriptions["own"].quota_id = "MCA-E_2022-01-01";
  EXPECT_EQ(explain(lab, "web", "tcp://203.0.113.9:25").source, ip("20.61.7.1"));
}

// azure-facts 1.3.8; contract "Decided" 25.
TEST(NatGateway, IsHiddenFromStorageOfItsRegion) {
  lab::Lab lab = with(nat_lab(), R"({services: {files: {location: westeurope,
    networkAcls: {defaultAction: Deny, ipRules: [20.61.7.1]}}}})");
  subnet(lab, "v/machines").nat_gateway = "nat";
  const Flow to_files{.destination = ip("20.60.40.4"), .destination_port = 443};
  for (const Explanation& got :
       {explain(lab, "web", "tcp://20.60.40.4:443"), explain_from(lab, "sql", to_files)}) {
    EXPECT_EQ(got.verdict, Verdict::kAllow);
    EXPECT_THAT(got.sources, IsEmpty());
    EXPECT_EQ(got.limits, std::nullopt);
    EXPECT_EQ(got.service->access, Access::kDeny);
  }
}

// contract "Decided" 15, 22
TEST(NatGateway, OfSeveralAddressesMayShowAny) {
  lab::Lab lab = with(nat_lab(), R"({natGateways: {nat: {publicIpAddresses: [two, one],
                                                         publicIpPrefixes: [20.61.9.0/31]}}})");
  const std::vector<Ipv4Address> all = {ip("20.61.7.2"), ip("20.61.7.1"), ip("20.61.9.0"),
                                        ip("20.61.9.1")};
  const Explanation got = explain(lab, "web", "tcp://203.0.113.9:443");
  EXPECT_EQ(got.sources, all);
  EXPECT_EQ(got.source, std::nullopt);
  EXPECT_THAT(got.steps.back().reason, HasSubstr("one of the addresses of NAT gateway nat"));

  // A service that lets in some of them, none, all.
  const auto asked = [&](std::vector<Ipv4Prefix> rules) {
    lab.services["files"].network_acls =
        lab::NetworkAcls{.default_action = Access::kDeny, .ip_rules = std::move(rules)};
    return *explain(lab, "web", "tcp://20.60.40.4:443").service;
  };
  const ServiceAnswer some = asked({prefix("20.61.7.0/24"), prefix("20.61.9.0/32")});
  EXPECT_EQ(some.access, Access::kDeny);
  EXPECT_THAT(some.reason, HasSubstr("No IP rule holds 20.61.9.1"));
  EXPECT_THAT(some.reason, HasSubstr("IP rule 20.61.9.0/32 allows 20.61.9.0."));
  EXPECT_THAT(some.reason, HasSubstr("Each connection shows one of them."));
  EXPECT_EQ(std::count_if(some.others.begin(), some.others.end(),
                          [](const auto& other) { return other.access == Access::kAllow; }),
            3);
  EXPECT_EQ(asked({}).access, Access::kDeny);
  EXPECT_EQ(asked({prefix("20.61.0.0/16")}).access, Access::kAllow);
}

TEST(PathLimits, AreThoseOfWhateverTranslates) {
  struct Case {
    const char* change;
    const char* to;
    std::optional<PathLimits> limits;
  };
  using std::chrono::seconds;
  const char* const direct = "{sites: {web: {outboundVnetRouting: null}}}";
  for (const Case& each :
       {Case{"{}", "tcp://203.0.113.9:443", PathLimits{64512, seconds(240), true}},
        {"{natGateways: {nat: {idleTimeoutInMinutes: 120}}}", "tcp://203.0.113.9:443",
         PathLimits{64512, seconds(7200), true}},
        {"{natGateways: {nat: {idleTimeoutInMinutes: 120}}}", "udp://203.0.113.9:443",
         PathLimits{64512, seconds(240), false}},
        {direct, "tcp://203.0.113.9:443", PathLimits{128, seconds(240), false}},
        {"{virtualNetworks: {v: {subnets: {apps: {natGateway: null}}}}, "
         "snatPorts: {bestEffort: 72}}",
         "udp://203.0.113.9:443", PathLimits{200, seconds(240), false}},
        {direct, "icmp://203.0.113.9", std::nullopt},
        {"{}", "tcp://10.1.2.4:443", std::nullopt},
        {"{}", "tcp://10.1.2.9:443", std::nullopt},
        {"{routeTables: {t: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: "
         "VirtualAppliance, nextHopIpAddress: 10.1.3.4}}}}}",
         "tcp://203.0.113.9:443", std::nullopt}}) {
    SCOPED_TRACE(std::string(each.change) + " " + each.to);
    EXPECT_EQ(explain(with(nat_lab(), each.change), "web", each.to).limits, each.limits);
  }
}

}  // namespace
}  // namespace egress::policy::test
