// SPDX-License-Identifier: MIT
#include "compile/flow_cache.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/applied_lab.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::compile {
namespace {

using state::FlowCache;

constexpr const char* kLiberal = "net.netfilter.nf_conntrack_tcp_be_liberal";
constexpr const char* kAnyReset = "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst";

// An app behind a NAT gateway, a machine that forwards and translates, one that does neither, and a
// plan on wires.
state::KernelState made(bool flow_cache) {
  return testing_support::compiled(testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
publicIPAddresses: {one: {ipAddress: 20.61.7.1}}
natGateways: {nat: {publicIpAddresses: [one]}}
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], natGateway: nat}
      others: {addressPrefix: 10.1.5.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24}
serverFarms: {plan: {}, wired: {interface: tun}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}
  job: {serverFarm: wired, virtualNetworkSubnet: spoke/others}
hosts:
  nva: {subnet: spoke/data, ipAddress: 10.1.2.5, enableIPForwarding: true, masquerade: 20.61.0.10}
  plain: {subnet: spoke/data, ipAddress: 10.1.2.6, enableIPForwarding: true}
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4}
)"),
                                   flow_cache);
}

bool is_port(const state::Link& link) {
  return link.kind == state::LinkKind::kVeth && link.forwarding;
}

TEST(FlowCache, HasEveryPairsEndThatForwardsAndNoOther) {
  size_t ports = 0;
  size_t others = 0;
  for (const auto& [name, netns] : made(true)) {
    for (const auto& [called, link] : netns->links) {
      EXPECT_EQ(link.flow_cache != FlowCache::kNone, is_port(link)) << name << " " << called;
      ++(is_port(link) ? ports : others);
    }
  }
  EXPECT_GT(ports, 10U);
  EXPECT_GT(others, 10U);
}

TEST(FlowCache, IsAtRoutersAndNotAtWhoSendsAndReceives) {
  const state::KernelState state = made(true);
  const auto cached = [&](const char* netns) {
    size_t count = 0;
    for (const auto& [name, link] : state.at(netns)->links) {
      count += link.flow_cache == FlowCache::kNone ? 0 : 1;
    }
    return count;
  };
  for (const char* router : {"eg-vnet-spoke", "eg-stamp", "eg-nat-nat", "eg-worker-plan-0"}) {
    EXPECT_GT(cached(router), 0U) << router;
  }
  for (const char* end : {"eg-app-web-0", "eg-host-sql"}) EXPECT_EQ(cached(end), 0U) << end;
}

TEST(FlowCache, KnowsWhatIsTrackedWhereThereIsTrackingAndElsewhereAll) {
  const state::KernelState state = made(true);
  const auto what = [&](const char* netns) {
    std::set<FlowCache> all;
    for (const auto& [name, link] : state.at(netns)->links) {
      if (is_port(link)) all.insert(link.flow_cache);
    }
    return all;
  };
  const std::set<FlowCache> tracked{FlowCache::kTracked};
  const std::set<FlowCache> all{FlowCache::kAll};
  for (const char* netns :
       {"eg-vnet-spoke", "eg-stamp", "eg-nat-nat", "eg-worker-plan-0", "eg-host-nva"}) {
    EXPECT_EQ(what(netns), tracked) << netns;
  }
  for (const char* netns : {"eg-internet", "eg-host-plain"}) EXPECT_EQ(what(netns), all) << netns;
}

TEST(FlowCache, IsNowhereUnlessItIsAskedFor) {
  for (const auto& [name, netns] : made(false)) {
    for (const auto& [called, link] : netns->links) {
      EXPECT_EQ(link.flow_cache, FlowCache::kNone) << name << " " << called;
    }
  }
}

// So that no connection's fate depends on who has the cache.
TEST(FlowCache, RoutersThatTrackDoItLiberallyWithItAndWithout) {
  for (const bool flow_cache : {false, true}) {
    size_t liberal = 0;
    for (const auto& [name, netns] : made(flow_cache)) {
      bool forwards = false;
      for (const auto& [called, link] : netns->links) forwards = forwards || is_port(link);
      const bool tracks = netns->firewall && forwards;
      EXPECT_EQ(netns->sysctls.contains(kLiberal), tracks) << name;
      EXPECT_EQ(netns->sysctls.contains(kAnyReset), tracks) << name;
      liberal += tracks ? 1 : 0;
    }
    EXPECT_GT(liberal, 2U);
  }
}

}  // namespace
}  // namespace egress::compile
