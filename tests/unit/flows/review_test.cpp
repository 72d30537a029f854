// SPDX-License-Identifier: MIT
#include "flows/review.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "compile/marks.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::flows {
namespace {

using namespace testing_support;

using state::TrackedFlow;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      firewall: {addressPrefix: 10.0.1.0/24, networkSecurityGroup: nsg-firewall}
    virtualNetworkPeerings: {spoke: {allowForwardedTraffic: true}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg-apps, routeTable: table}
      appliances: {addressPrefix: 10.1.3.0/24, networkSecurityGroup: nsg-appliances}
      data: {addressPrefix: 10.1.2.0/24, networkSecurityGroup: nsg-data}
    virtualNetworkPeerings: {hub: {allowForwardedTraffic: true}}
loadBalancers: {lb: {frontendIPConfigurations: {front: {subnet: spoke/data, privateIPAddress: 10.1.2.10}}}}
serverFarms: {plan: {sku: P1v3, capacity: 1}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps,
        outboundVnetRouting: {applicationTraffic: true}}
hosts:
  nva: {subnet: spoke/appliances, ipAddress: 10.1.3.4, enableIPForwarding: true}
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4}
  own: {subnet: spoke/data, ipAddress: 10.1.2.5, networkSecurityGroup: nsg-own, publicIPAddress: 20.61.7.9}
  firewall: {subnet: hub/firewall, ipAddress: 10.0.1.4, enableIPForwarding: true,
             masquerade: 20.61.0.10}
  website: {internet: true, ipAddress: 93.184.216.34}
)";

std::string rule(const char* name, int priority, const char* direction, const char* access,
                 const char* port) {
  return fmt::format(
      "{}: {{priority: {}, direction: {}, access: {}, protocol: \"*\", sourceAddressPrefix: \"*\", "
      "sourcePortRange: \"*\", destinationAddressPrefix: \"*\", destinationPortRange: \"{}\"}}",
      name, priority, direction, access, port);
}

struct Variant {
  std::string group{};  // denies port 7000 and nothing else in this direction
  const char* direction = "Inbound";
  bool flush = true;
  const char* prefix = "";  // that the apps' route table sends to this appliance
  const char* by = "";
  bool gateway = false;  // of the apps' subnet
};

std::string lab_text(const Variant& variant) {
  std::string text = std::string(kLab) + "networkSecurityGroups:\n";
  for (const char* group : {"nsg-apps", "nsg-appliances", "nsg-data", "nsg-own", "nsg-firewall"}) {
    const std::string rules = rule("deny", 100, variant.direction, "Deny", "7000") + ", " +
                              rule("allow", 200, "Inbound", "Allow", "*");
    text += group == variant.group
                ? fmt::format("  {}: {{flushConnection: {}, securityRules: {{{}}}}}\n", group,
                              variant.flush, rules)
                : fmt::format("  {}: {{}}\n", group);
  }
  const std::string route =
      fmt::format("way: {{addressPrefix: {}, nextHopType: VirtualAppliance, nextHopIpAddress: {}}}",
                  variant.prefix, variant.by);
  if (variant.gateway) {
    constexpr const char* kOfApps = "networkSecurityGroup: nsg-apps";
    text.replace(text.find(kOfApps), std::strlen(kOfApps),
                 "networkSecurityGroup: nsg-apps, natGateway: nat");
    text += "natGateways: {nat: {publicIpPrefixes: [20.61.7.2/31]}}\n";
  }
  return text + fmt::format("routeTables: {{table: {{routes: {{{}}}}}}}\n",
                            *variant.by == '\0' ? "" : route);
}

class Lab {
 public:
  explicit Lab(const Variant& variant = {})
      : network_(network_of(lab_from(lab_text(variant)))),
        translations_(compile::translations(*network_).value()) {}

  Fate in_vnet(const char* vnet, const TrackedFlow& flow) const {
    policy::Index index = 0;
    while (network_->vnets[index].name != vnet) ++index;
    return fate_in_vnet(*network_, index, translations_, flow);
  }
  Fate in_worker(const TrackedFlow& flow) const {
    return fate_in_worker(translations_.workers.at({"plan", 0}), flow);
  }
  Fate at_gateway(const TrackedFlow& flow) const {
    return fate_at_nat_gateway(translations_.nat_gateways.at("nat"), flow);
  }
  Fate in_stamp(const TrackedFlow& flow) const { return fate_in_stamp(translations_, flow); }

  Ipv4Address lease() const { return network_->find({"web", 0})->lease.value(); }
  // Of the app's integration, and of its worker's direct path.
  Ipv4Address inside() const { return translations_.integrations.begin()->second; }
  Ipv4Address direct() const {
    for (const Ipv4Address each : translations_.workers.at({"plan", 0}).at(0)) {
      if (each != lease()) return each;
    }
    return {};
  }

  // As it is tracked where nothing is translated.
  TrackedFlow flow(Ipv4Address source, const char* destination, uint16_t port = 7000) const {
    return {.protocol = kTcp,
            .source = source,
            .destination = ip(destination),
            .source_port = 4000,
            .destination_port = port,
            .reply_destination = source,
            .reply_source = ip(destination),
            .reply_source_port = port};
  }
  TrackedFlow flow(const char* destination, uint16_t port = 7000) const {
    return flow(lease(), destination, port);
  }

 private:
  std::shared_ptr<const policy::Network> network_;
  compile::Translations translations_;
};

TEST(FateOfFlows, DeniesWhatTheSendersOrTheReceiversFlushingListDenies) {
  struct Case {
    const char* group;
    const char* direction;
    Fate to_sql;
  };
  for (const auto& [group, direction, to_sql] :
       {Case{"nsg-apps", "Outbound", Fate::kDenied}, Case{"nsg-apps", "Inbound", Fate::kKept},
        Case{"nsg-data", "Inbound", Fate::kDenied}, Case{"nsg-data", "Outbound", Fate::kKept},
        Case{"nsg-appliances", "Inbound", Fate::kKept}}) {
    const Lab lab({group, direction});
    EXPECT_EQ(lab.in_vnet("spoke", lab.flow("10.1.2.4")), to_sql) << group << direction;
    EXPECT_EQ(lab.in_vnet("spoke", lab.flow("10.1.2.4", 7001)), Fate::kKept) << group;
    const Lab without({group, direction, false});
    EXPECT_EQ(without.in_vnet("spoke", without.flow("10.1.2.4")), Fate::kKept) << group;
  }
}

// A private port, or the platform's probes.
TEST(FateOfFlows, DeniesWhatTheListOfAnIntegrationsSubnetDenies) {
  const Lab lab({.group = "nsg-apps"});
  const std::string lease = lab.lease().to_string();
  EXPECT_EQ(lab.in_vnet("spoke", lab.flow(ip("10.1.2.4"), lease.c_str())), Fate::kDenied);
  EXPECT_EQ(lab.in_vnet("spoke", lab.flow(ip("10.1.2.4"), lease.c_str(), 7001)), Fate::kKept);
}

TEST(FateOfFlows, AsksTheListsOfTheAppliancesOnTheWay) {
  for (const char* direction : {"Inbound", "Outbound"}) {
    const Lab lab({"nsg-appliances", direction, true, "10.1.2.0/24", "10.1.3.4"});
    EXPECT_EQ(lab.in_vnet("spoke", lab.flow("10.1.2.4")), Fate::kDenied) << direction;
  }
  const Lab to_itself({"nsg-appliances", "Outbound", true, "10.1.3.0/24", "10.1.3.4"});
  EXPECT_EQ(to_itself.in_vnet("spoke", to_itself.flow("10.1.3.4")), Fate::kKept);
}

// What crosses a peering is tracked, and judged, in either network.
TEST(FateOfFlows, LeavesTheListsOfAnotherNetworkToThat) {
  const Lab lab({"nsg-firewall", "Inbound", true, "0.0.0.0/0", "10.0.1.4"});
  EXPECT_EQ(lab.in_vnet("spoke", lab.flow("93.184.216.34")), Fate::kKept);
  EXPECT_EQ(lab.in_vnet("hub", lab.flow("93.184.216.34")), Fate::kDenied);
}

TEST(FateOfFlows, TakesWhatAnApplianceSendsAsItselfForAFlowOfItsOwn) {
  const Lab lab({"nsg-firewall", "Outbound", true, "0.0.0.0/0", "10.0.1.4"});
  EXPECT_EQ(lab.in_vnet("hub", lab.flow("93.184.216.34")), Fate::kKept);
  TrackedFlow masqueraded = lab.flow(ip("10.0.1.4"), "93.184.216.34");
  masqueraded.reply_destination = ip("20.61.0.10");
  EXPECT_EQ(lab.in_vnet("hub", masqueraded), Fate::kDenied);
}

// The list of its subnet sees the machine that a frontend gave the flow to.
TEST(FateOfFlows, AsksTheListInFrontOfTheMachineBehindAFrontend) {
  const Lab lab({.group = "nsg-data"});
  TrackedFlow flow = lab.flow("10.1.2.10", 80);
  flow.reply_source = ip("10.1.2.4");
  flow.reply_source_port = 7000;
  EXPECT_EQ(lab.in_vnet("spoke", flow), Fate::kDenied);
  flow.reply_source_port = 7001;
  EXPECT_EQ(lab.in_vnet("spoke", flow), Fate::kKept);
}

TEST(FateOfFlows, ForgetsWhatWasDeniedAndIsNoMore) {
  const Lab denying({"nsg-apps", "Outbound"});
  TrackedFlow flow = denying.flow("10.1.2.4");
  flow.mark = compile::kDeniedFlow;
  EXPECT_EQ(denying.in_vnet("spoke", flow), Fate::kKept) << "it is denied already";
  EXPECT_EQ(Lab().in_vnet("spoke", flow), Fate::kForgotten);
}

TEST(FateOfFlows, DeniesNothingToThePlatformThatNoRuleForItNames) {
  const Lab lab({"nsg-apps", "Outbound"});
  EXPECT_EQ(lab.in_vnet("spoke", lab.flow("168.63.129.16")), Fate::kKept);
}

TEST(FateOfFlows, ForgetsWhatLeavesByAnotherExit) {
  const Lab by_stamp;
  const Lab by_appliance({.prefix = "0.0.0.0/0", .by = "10.1.3.4"});
  const TrackedFlow as_it_is = by_stamp.flow("93.184.216.34");
  TrackedFlow translated = as_it_is;
  translated.reply_destination = by_stamp.inside();
  EXPECT_EQ(by_stamp.in_vnet("spoke", translated), Fate::kKept);
  EXPECT_EQ(by_stamp.in_vnet("spoke", as_it_is), Fate::kForgotten);
  EXPECT_EQ(by_appliance.in_vnet("spoke", translated), Fate::kForgotten);
  EXPECT_EQ(by_appliance.in_vnet("spoke", as_it_is), Fate::kKept);
}

TEST(FateOfFlows, ForgetsWhatLeavesByANatGatewayOrDoesSoNoMore) {
  const Lab by_stamp;
  const Lab by_gateway({.gateway = true});
  const TrackedFlow as_it_is = by_stamp.flow("93.184.216.34");
  TrackedFlow translated = as_it_is;
  translated.reply_destination = by_stamp.inside();
  EXPECT_EQ(by_gateway.in_vnet("spoke", translated), Fate::kForgotten);
  EXPECT_EQ(by_gateway.in_vnet("spoke", as_it_is), Fate::kKept);
  EXPECT_EQ(by_stamp.in_vnet("spoke", as_it_is), Fate::kForgotten);
}

TEST(FateOfFlows, ForgetsAtANatGatewayWhatHasAnAddressThatIsNotItsOwn) {
  const Lab lab({.gateway = true});
  TrackedFlow flow = lab.flow("93.184.216.34");
  const auto fate = [&](Ipv4Address as) {
    flow.reply_destination = as;
    return lab.at_gateway(flow);
  };
  EXPECT_EQ(fate(ip("20.61.7.2")), Fate::kKept);
  EXPECT_EQ(fate(ip("20.61.7.3")), Fate::kKept);
  EXPECT_EQ(fate(ip("20.61.7.4")), Fate::kForgotten);
}

TEST(FateOfFlows, ForgetsAMachinesFlowsUnderAPublicAddressThatIsNoMoreIts) {
  const Lab lab;
  TrackedFlow flow = lab.flow(ip("10.0.1.4"), "93.184.216.34");
  flow.reply_destination = ip("20.61.0.10");
  EXPECT_EQ(lab.in_vnet("hub", flow), Fate::kKept);
  flow.reply_destination = ip("20.61.0.11");
  EXPECT_EQ(lab.in_vnet("hub", flow), Fate::kForgotten);
}

TEST(FateOfFlows, AreThoseOfTheListsOfInterfacesToo) {
  const Lab inbound({.group = "nsg-own"});
  EXPECT_EQ(inbound.in_vnet("spoke", inbound.flow("10.1.2.5")), Fate::kDenied);
  EXPECT_EQ(inbound.in_vnet("spoke", inbound.flow("10.1.2.5", 7001)), Fate::kKept);
  EXPECT_EQ(inbound.in_vnet("spoke", inbound.flow("10.1.2.4")), Fate::kKept);
  const Lab outbound({.group = "nsg-own", .direction = "Outbound"});
  EXPECT_EQ(outbound.in_vnet("spoke", outbound.flow(ip("10.1.2.5"), "10.1.2.4")), Fate::kDenied);
  EXPECT_EQ(outbound.in_vnet("spoke", outbound.flow("10.1.2.5")), Fate::kKept);
  const Lab sparing({.group = "nsg-own", .flush = false});
  EXPECT_EQ(sparing.in_vnet("spoke", sparing.flow("10.1.2.5")), Fate::kKept);
}

TEST(FateOfFlows, OfAPublicAddressEndWithWhoHasIt) {
  const auto by_public = [](const Lab& lab, const char* address, const char* machine) {
    TrackedFlow flow = lab.flow(ip("93.184.216.34"), address);
    flow.reply_source = ip(machine);
    return lab.in_vnet("spoke", flow);
  };
  const Lab lab;
  EXPECT_EQ(by_public(lab, "20.61.7.9", "10.1.2.5"), Fate::kKept);
  EXPECT_EQ(by_public(lab, "20.61.7.9", "10.1.2.4"), Fate::kForgotten);
  EXPECT_EQ(by_public(lab, "20.61.7.8", "10.1.2.5"), Fate::kForgotten);
  const Lab flushing({.group = "nsg-own"});
  EXPECT_EQ(by_public(flushing, "20.61.7.9", "10.1.2.5"), Fate::kDenied);
}

TEST(FateOfFlows, ForgetsInAWorkerWhatHasAnAddressThatItsZoneLacks) {
  const Lab lab;
  TrackedFlow flow = lab.flow(ip("169.254.254.9"), "10.1.2.4");
  const auto fate = [&](Ipv4Address as, uint16_t zone = 0) {
    flow.reply_destination = as;
    flow.zone = zone;
    return lab.in_worker(flow);
  };
  EXPECT_EQ(fate(lab.lease()), Fate::kKept);
  EXPECT_EQ(fate(lab.direct()), Fate::kKept);
  EXPECT_EQ(fate(ip("10.1.1.60")), Fate::kForgotten);
  EXPECT_EQ(fate(lab.lease(), 1), Fate::kForgotten);
  EXPECT_EQ(fate(flow.source), Fate::kKept) << "nothing translates it";
  flow.source = ip("240.0.0.9");
  EXPECT_EQ(fate(ip("169.254.129.1")), Fate::kKept) << "a front end's request";
}

TEST(FateOfFlows, ForgetsAConnectionThatWasReset) {
  const Lab lab;
  TrackedFlow flow = lab.flow("10.1.2.4");
  const auto fate = [&](uint8_t protocol, uint32_t seconds_left, bool closed) {
    flow.protocol = protocol;
    flow.timeout_seconds = seconds_left;
    flow.closed = closed;
    return lab.in_vnet("spoke", flow);
  };
  constexpr uint8_t kUdp = 17;
  EXPECT_EQ(fate(kTcp, 10, false), Fate::kForgotten);
  EXPECT_EQ(fate(kTcp, 10, true), Fate::kKept) << "tracking knows";
  EXPECT_EQ(fate(kTcp, 400'000, false), Fate::kKept);
  EXPECT_EQ(fate(kUdp, 10, false), Fate::kKept);
}

TEST(FateOfFlows, ForgetsInTheStampWhatIsNotUnderTheInstancesOutboundAddress) {
  const Lab lab;
  TrackedFlow flow = lab.flow(lab.direct(), "93.184.216.34");
  const auto fate = [&](Ipv4Address as) {
    flow.reply_destination = as;
    return lab.in_stamp(flow);
  };
  EXPECT_EQ(fate(ip("20.50.1.4")), Fate::kKept);
  EXPECT_EQ(fate(ip("20.50.1.5")), Fate::kForgotten);
  EXPECT_EQ(fate(flow.source), Fate::kKept) << "storage of the apps' own region";
  flow.source = lab.inside();
  EXPECT_EQ(fate(ip("20.50.1.5")), Fate::kForgotten);
  flow.closed = true;
  EXPECT_EQ(fate(ip("20.50.1.5")), Fate::kKept) << "its port is held";
  flow.closed = false;
  flow.source = ip("240.9.9.9");
  EXPECT_EQ(fate(ip("20.50.1.5")), Fate::kKept) << "nobody's";
}

}  // namespace
}  // namespace egress::flows
