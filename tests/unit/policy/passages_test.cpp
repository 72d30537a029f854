// SPDX-License-Identifier: MIT
// Which networks a packet comes out of, whatever becomes of it behind them: that is what their
// connection tracking remembers of a flow.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/flow_url.hpp"
#include "policy/walk.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

// A subnet whose routes lead everywhere that routes can, one with a NAT gateway, and a peer. The
// subscription sends no mail.
lab::Lab crossroads() {
  lab::Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
subscriptions: {s: {quotaId: PayAsYouGo_2014-09-01}}
subscription: s
publicIPAddresses: {shown: {ipAddress: 20.61.7.1}}
natGateways: {gateway: {publicIpAddresses: [shown]}}
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: out, routeTable: r, serviceEndpoints: [Microsoft.Storage]}
      more: {addressPrefix: 10.1.2.0/26, delegations: [Microsoft.Web/serverFarms], natGateway: gateway}
      machines: {addressPrefix: 10.1.3.0/24, networkSecurityGroup: in}
    virtualNetworkPeerings: {peer: {}}
  peer:
    addressPrefixes: [10.2.0.0/16]
    subnets: {machines: {addressPrefix: 10.2.3.0/24}}
    virtualNetworkPeerings: {v: {}}
networkSecurityGroups:
  out: {securityRules: {sql: {priority: 100, direction: Outbound, access: Deny, protocol: Tcp,
        sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "1433"}}}
  in: {securityRules: {web: {priority: 100, direction: Inbound, access: Deny, protocol: Tcp,
       sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "81"},
       rest: {priority: 200, direction: Inbound, access: Allow, protocol: "*",
       sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "*"}}}
routeTables:
  r:
    routes:
      none: {addressPrefix: 20.1.0.0/24, nextHopType: None}
      gateway: {addressPrefix: 20.2.0.0/24, nextHopType: VirtualNetworkGateway}
      absent: {addressPrefix: 20.3.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.99}
      deaf: {addressPrefix: 20.4.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.5}
      far-deaf: {addressPrefix: 20.5.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.2.3.5}
      nva: {addressPrefix: 20.6.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.4}
      far-nva: {addressPrefix: 20.7.0.0/24, nextHopType: VirtualAppliance, nextHopIpAddress: 10.2.3.4}
      itself: {addressPrefix: 10.1.3.6/32, nextHopType: VirtualAppliance, nextHopIpAddress: 10.1.3.6}
      private: {addressPrefix: 10.9.0.0/16, nextHopType: Internet}
serverFarms: {plan: {}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: v/apps, outboundVnetRouting: {allTraffic: true}}
  behind: {serverFarm: other, virtualNetworkSubnet: v/more, outboundVnetRouting: {allTraffic: true}}
hosts:
  nva: {subnet: v/machines, ipAddress: 10.1.3.4, enableIPForwarding: true, masquerade: 20.61.0.10}
  deaf: {subnet: v/machines, ipAddress: 10.1.3.5}
  other-nva: {subnet: v/machines, ipAddress: 10.1.3.6, enableIPForwarding: true}
  far-nva: {subnet: peer/machines, ipAddress: 10.2.3.4, enableIPForwarding: true}
  far-deaf: {subnet: peer/machines, ipAddress: 10.2.3.5}
  site: {internet: true, ipAddress: 20.6.0.4}
  mail: {internet: true, ipAddress: 203.0.113.25}
services:
  files: {type: Microsoft.Storage/storageAccounts, location: westeurope, ipAddress: 20.60.40.4}
  sql: {type: Microsoft.Sql/servers, ipAddress: 52.236.184.200}
privateEndpoints:
  approved: {subnet: v/machines, ipAddress: 10.1.3.20, privateLinkService: sql}
  pending: {subnet: v/machines, ipAddress: 10.1.3.21, privateLinkService: sql, status: Pending}
  far: {subnet: peer/machines, ipAddress: 10.2.3.20, privateLinkService: sql}
)");
  lab.service_tags =
      service_tags({{"Storage", {"20.60.0.0/16"}}, {"Storage.WestEurope", {"20.60.40.0/23"}}});
  return lab;
}

// "Allow: v left, peer" of a packet of the plan's only instance.
std::string passages(const Network& network, const std::string& plan, const std::string& url) {
  const auto target = lab::parse_flow_target(url).value();
  const Flow flow{.protocol = target.protocol,
                  .destination = ip(target.host),
                  .destination_port = target.port,
                  .source_port = 50'000};
  const Index integration = network.workers.at({plan, 0}).integrations.front();
  const Report report = walk(network, origin_of_integration(network, integration), flow);
  std::vector<std::string> passed;
  for (const auto& passage : report.trail.passages) {
    passed.push_back(network.vnets[passage.vnet].name + (passage.left ? " left" : ""));
  }
  return fmt::format("{}: {}", name_of(report.explanation.verdict), fmt::join(passed, ", "));
}

TEST(Passages, EndInANetworkWhereItsListsAndRoutesDo) {
  const auto network = network_of(crossroads());
  for (const auto& [url, expected] : {
           std::pair{"tcp://10.1.3.4:1433", "Deny: v"},
           {"tcp://10.1.3.4:81", "Deny: v"},
           {"tcp://10.1.3.77:80", "NoRoute: v"},
           {"tcp://10.1.2.4:80", "Drop: v"},  // an integration's, refused
           {"tcp://20.1.0.1:80", "Drop: v"},
           {"tcp://20.2.0.1:80", "Drop: v"},
           {"tcp://20.3.0.1:80", "Drop: v"},
           {"tcp://10.1.3.21:1433", "Deny: v"},
           {"tcp://10.1.3.21:443", "Drop: v"},
           {"icmp://10.1.3.20", "Drop: v"},
           {"tcp://203.0.113.25:25", "Drop: v"},
           {"tcp://10.9.0.1:25", "Drop: v"},
           {"tcp://20.60.40.5:443", "NoRoute: v"},
       }) {
    EXPECT_EQ(passages(*network, "plan", url), expected) << url;
  }
}

TEST(Passages, LeaveANetworkForWhateverIsBehindIt) {
  const auto network = network_of(crossroads());
  for (const auto& [url, expected] : {
           std::pair{"tcp://10.1.3.4:80", "Allow: v left"},  // a closed port
           {"tcp://10.1.3.6:80", "Allow: v left"},
           {"tcp://10.1.3.20:443", "Allow: v left"},
           {"tcp://10.2.3.20:443", "Allow: v left, peer left"},
           {"tcp://10.2.3.4:80", "Allow: v left, peer left"},
           {"tcp://10.2.3.77:80", "NoRoute: v left, peer"},
           // Machines that forward nothing have the packet all the same.
           {"tcp://20.4.0.1:80", "Drop: v left"},
           {"tcp://20.4.0.1:81", "Drop: v"},
           {"tcp://20.5.0.1:80", "Drop: v left"},
           {"tcp://20.6.0.4:80", "Allow: v left, v left"},
           {"tcp://20.7.0.1:80", "Drop: v left, peer left"},
           {"tcp://203.0.113.25:80", "Allow: v left"},
           {"tcp://203.0.113.99:80", "NoRoute: v left"},
           {"tcp://10.9.0.1:80", "Drop: v left"},
           {"tcp://20.60.40.4:443", "Allow: v left"},
       }) {
    EXPECT_EQ(passages(*network, "plan", url), expected) << url;
  }
}

TEST(Passages, LeaveANetworkForItsNatGatewayWhichCarriesNotEverything) {
  const auto network = network_of(crossroads());
  EXPECT_EQ(passages(*network, "other", "tcp://203.0.113.25:80"), "Allow: v left");
  EXPECT_EQ(passages(*network, "other", "icmp://203.0.113.25"), "Drop: v left");
  EXPECT_EQ(passages(*network, "other", "tcp://203.0.113.25:25"), "Drop: v");
}

TEST(Passages, ThereAreNoneToThePlatformsAddresses) {
  const auto network = network_of(crossroads());
  EXPECT_EQ(passages(*network, "plan", "udp://168.63.129.16:53"), "Allow: ");
  EXPECT_EQ(passages(*network, "plan", "tcp://168.63.129.16:80"), "Drop: ");
}

}  // namespace
}  // namespace egress::policy::test
