// SPDX-License-Identifier: MIT
#include "inspect/network_watcher.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "inspect/senders.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using lab::Access;
using lab::Direction;

IpFlowVerdict verdict_on(const IpFlow& flow, const lab::Lab& lab) {
  return ip_flow_verify(*network_of(lab), {"web", 0}, flow).value();
}

TEST(IpFlowVerify, NamesTheRuleAsNetworkWatcherDoes) {
  struct Case {
    IpFlow flow{};
    Access access{};
    std::string rule{};
  };
  const std::vector<Case> cases{{{Direction::kOutbound, Protocol::kTcp, ip("10.1.2.4"), 1433},
                                 Access::kDeny,
                                 "securityRules/deny-sql"},
                                {{Direction::kOutbound, Protocol::kUdp, ip("10.1.2.4"), 1433},
                                 Access::kAllow,
                                 "defaultSecurityRules/AllowVnetOutBound"},
                                {{Direction::kInbound, Protocol::kTcp, ip("10.1.2.4"), 1433},
                                 Access::kAllow,
                                 "defaultSecurityRules/AllowVnetInBound"},
                                {{Direction::kInbound, Protocol::kTcp, ip("8.8.8.8"), 443},
                                 Access::kDeny,
                                 "defaultSecurityRules/DenyAllInBound"}};
  // With a default route of its own everything would be VirtualNetwork.
  lab::Lab lab = contract_lab();
  lab.virtual_networks["spoke"].subnets["integration"].route_table.reset();
  for (const Case& each : cases) {
    const IpFlowVerdict verdict = verdict_on(each.flow, lab);
    EXPECT_EQ(verdict.access, each.access) << each.rule;
    EXPECT_EQ(verdict.rule_name, each.rule);
  }
}

TEST(IpFlowVerify, HoldsLocalAndRemoteSideWhereTheDirectionSays) {
  const lab::Lab lab = with(contract_lab(), R"(
networkSecurityGroups: {nsg-integration: {securityRules: {one: {
  priority: 200, direction: Inbound, access: Deny, protocol: Tcp,
  sourceAddressPrefix: 10.1.2.4, sourcePortRange: 1433,
  destinationAddressPrefix: 10.1.1.4, destinationPortRange: 8080}}}}
)");
  IpFlow flow{Direction::kInbound, Protocol::kTcp, ip("10.1.2.4"), 1433, 8080};
  EXPECT_EQ(verdict_on(flow, lab).rule_name, "securityRules/one");
  flow.local_port = 8081;
  EXPECT_EQ(verdict_on(flow, lab).rule_name, "defaultSecurityRules/AllowVnetInBound");
}

TEST(IpFlowVerify, AsksBothListsOfAMachine) {
  const lab::Lab lab = with(contract_lab(), R"(
virtualNetworks: {spoke: {subnets: {data: {networkSecurityGroup: of-subnet}}}}
networkSecurityGroups:
  of-subnet: {}
  own: {securityRules: {no-443: {priority: 100, direction: Inbound, access: Deny, protocol: Tcp,
    sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
    destinationPortRange: 443}}}
hosts: {sql: {networkSecurityGroup: own}}
)");
  const auto network = testing_support::network_of(lab);
  const IpFlow flow{Direction::kInbound, Protocol::kTcp, ip("10.1.1.4"), 50000, 443};
  const auto own = ip_flow_verify(*network, {.host = "sql"}, flow);
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->access, Access::kDeny);
  EXPECT_EQ(own->rule_name, "securityRules/no-443");
  const IpFlow outside{Direction::kInbound, Protocol::kTcp, ip("8.8.8.8"), 50000, 80};
  EXPECT_EQ(ip_flow_verify(*network, {.host = "sql"}, outside)->rule_name,
            "defaultSecurityRules/DenyAllInBound");
}

TEST(IpFlowVerify, AllowsEverythingWithoutAList) {
  lab::Lab lab = contract_lab();
  lab.virtual_networks["spoke"].subnets["integration"].network_security_group.reset();
  const IpFlowVerdict verdict =
      verdict_on({Direction::kInbound, Protocol::kTcp, ip("8.8.8.8"), 443}, lab);
  EXPECT_EQ(verdict.access, Access::kAllow);
  EXPECT_EQ(verdict.rule_name, "");
}

TEST(NextHop, NamesTheRouteTableOrTheSystemsRoute) {
  struct Case {
    std::string destination{};
    std::string type{};
    std::optional<Ipv4Address> address{};
    std::string table{};
  };
  const std::vector<Case> cases{{"8.8.8.8", "VirtualAppliance", ip("10.0.1.4"), "via-firewall"},
                                {"10.0.1.4", "VNetPeering", std::nullopt, "System Route"},
                                {"10.1.2.4", "VnetLocal", std::nullopt, "System Route"}};
  const auto network = network_of(contract_lab());
  for (const Case& each : cases) {
    const NextHopAnswer answer = next_hop(*network, {"web", 0}, ip(each.destination)).value();
    EXPECT_EQ(answer.next_hop.type, each.type) << each.destination;
    EXPECT_EQ(answer.next_hop.ip_address, each.address) << each.destination;
    EXPECT_EQ(answer.route_table_id, each.table) << each.destination;
  }
}

TEST(NetworkWatcher, RefusesWhatHasNoIntegration) {
  const auto network = network_of(with(contract_lab(), "sites: {plain: {serverFarm: plan}}"));
  const auto codes = [&](const lab::Sender& app) {
    return std::pair(ip_flow_verify(*network, app, {}).error().code,
                     next_hop(*network, app, ip("8.8.8.8")).error().code);
  };
  EXPECT_EQ(codes({"plain", 0}), std::pair(Errc::kConflict, Errc::kConflict));
  EXPECT_EQ(codes({"nobody", 0}), std::pair(Errc::kNotFound, Errc::kNotFound));
  EXPECT_EQ(codes({"web", 2}), std::pair(Errc::kNotFound, Errc::kNotFound));
}

TEST(NetworkWatcher, TakesHostsToo) {
  const lab::Lab lab = contract_lab();
  const auto network = network_of(lab);
  const auto [name, host] = *std::find_if(lab.hosts.begin(), lab.hosts.end(), [](const auto& each) {
    return each.second.subnet.has_value();
  });
  const lab::Sender sender{.host = name};
  const IpFlow flow{Direction::kOutbound, Protocol::kTcp, ip("10.9.9.9"), 443};
  EXPECT_TRUE(ip_flow_verify(*network, sender, flow).ok());
  EXPECT_TRUE(next_hop(*network, sender, ip("10.9.9.9")).ok());
  const auto unknown = next_hop(*network, {.host = "nobody"}, ip("10.9.9.9"));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Errc::kNotFound);
}

TEST(Subnet, IsThatOfAnAppAHostOrNamed) {
  const lab::Lab lab = contract_lab();
  const auto network = network_of(lab);
  EXPECT_EQ(subnet_of(*network, std::string("web")).value()->name, "spoke/integration");
  EXPECT_EQ(subnet_of(*network, std::string("SPOKE/integration")).value()->name,
            "spoke/integration");
  for (const auto& [name, host] : lab.hosts) {
    const auto subnet = subnet_of(*network, "host/" + name);
    ASSERT_EQ(subnet.ok(), host.subnet.has_value()) << name;
    if (!subnet.ok()) {
      EXPECT_EQ(subnet.error().code, Errc::kConflict);
    }
  }
  for (const char* wrong : {"nobody", "host/nobody", "spoke/nothing"}) {
    const auto subnet = subnet_of(*network, std::string(wrong));
    ASSERT_FALSE(subnet.ok()) << wrong;
    EXPECT_EQ(subnet.error().code, Errc::kNotFound) << wrong;
  }
}

}  // namespace
}  // namespace egress::inspect
