// SPDX-License-Identifier: MIT
#include "compile/private_ports.hpp"

#include <gmock/gmock.h>

#include "compile/compile.hpp"
#include "compile/marks.hpp"
#include "state/routing_tables.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::compile {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// Subnets of one name in two networks, each with the same two plans; two networks without apps, one
// of which is a peer.
lab::Lab lab_with(int private_ports) {
  lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  left:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      machines: {addressPrefix: 10.1.2.0/24}
    virtualNetworkPeerings: {peer: {}}
  right:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
  peer:
    addressPrefixes: [10.2.0.0/16]
    subnets: {machines: {addressPrefix: 10.2.2.0/24}}
    virtualNetworkPeerings: {left: {}}
  other:
    addressPrefixes: [10.3.0.0/16]
    subnets: {machines: {addressPrefix: 10.3.2.0/24}}
serverFarms: {one: {capacity: 2}, two: {capacity: 2}}
sites:
  one-left: {serverFarm: one, virtualNetworkSubnet: left/apps}
  two-left: {serverFarm: two, virtualNetworkSubnet: left/apps}
  one-right: {serverFarm: one, virtualNetworkSubnet: right/apps}
hosts:
  near: {subnet: left/machines, ipAddress: 10.1.2.4}
  peer: {subnet: peer/machines, ipAddress: 10.2.2.4}
  other: {subnet: other/machines, ipAddress: 10.3.2.4}
)");
  for (auto& [name, site] : lab.sites) site.vnet_private_ports_count = private_ports;
  return lab;
}

const state::NftTable& table_of(const state::KernelState& state, const char* netns) {
  return *state.at(netns)->firewall->table;
}

TEST(PrivatePorts, HaveARowForEachInstanceAndPortAndAGroupForEachPlan) {
  const state::KernelState state = testing_support::compiled(lab_with(3));
  const state::NftTable& left = table_of(state, "eg-vnet-left");
  EXPECT_THAT(left.maps.at("private_ports").rows.list(), SizeIs(4 * 3));
  std::set<uint32_t> groups;
  for (const state::NftRow& row : left.maps.at("groups").rows.list()) groups.insert(row.value);
  EXPECT_THAT(groups, SizeIs(2));
  EXPECT_GT(*groups.begin(), state::kLastSubnetTable) << "else a table's mark would do";
  EXPECT_THAT(table_of(state, "eg-vnet-right").maps.at("private_ports").rows.list(), SizeIs(2 * 3));
  EXPECT_THAT(table_of(state, "eg-worker-one-0").maps.at("private_ports").rows.list(),
              SizeIs(2 * 3));
  EXPECT_THAT(table_of(state, "eg-worker-two-1").maps.at("private_ports").rows.list(), SizeIs(3));
}

TEST(PrivatePorts, OfNobodyLeaveNothingButTheRefusalAndTheProbes) {
  const state::KernelState state = testing_support::compiled(lab_with(0));
  const state::NftTable& left = table_of(state, "eg-vnet-left");
  EXPECT_FALSE(left.maps.contains("groups"));
  EXPECT_THAT(
      left.chains.at("to_integration/machines").rules,
      testing::ElementsAre(state::NftRule{"udp dport 30000 goto onward/machines", "health probe"},
                           state::NftRule{"goto refuse", "integrations"}));
  EXPECT_THAT(state::to_text(table_of(state, "eg-worker-one-0")), Not(HasSubstr("dnat")));
}

TEST(PrivatePorts, AreNoMatterWhereNoIntegrationIsNear) {
  const state::KernelState state = testing_support::compiled(lab_with(1));
  EXPECT_FALSE(table_of(state, "eg-vnet-other").chains.contains("to_integration/machines"));
  EXPECT_TRUE(table_of(state, "eg-vnet-peer").chains.contains("to_integration/machines"));
  EXPECT_FALSE(table_of(state, "eg-vnet-peer").maps.contains("private_ports"));
}

}  // namespace
}  // namespace egress::compile
