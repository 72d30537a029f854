// SPDX-License-Identifier: MIT
#include "flows/usage.hpp"

#include <gmock/gmock.h>

#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::flows {
namespace {

using namespace testing_support;

using policy::WorkerKey;
using state::TrackedFlow;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const WorkerKey kFirst{"plan", 0};
const WorkerKey kSecond{"plan", 1};
// Two ways of the first instance to the source NAT, directly and from a network.
const std::map<Ipv4Address, WorkerKey> kInside{
    {ip("240.0.0.1"), kFirst}, {ip("240.0.0.2"), kFirst}, {ip("240.0.0.3"), kSecond}};

TrackedFlow flow(const char* from, const char* to, uint16_t port, uint8_t protocol = kTcp) {
  return {.protocol = protocol,
          .source = ip(from),
          .destination = ip(to),
          .destination_port = port,
          .reply_destination = ip("20.50.1.4")};
}

SnatUse use(const WorkerKey& instance, const char* to, Port port, size_t used) {
  return {instance, ip("20.50.1.4"), ip(to), port, used};
}

TEST(SnatUse, CountsByInstanceDestinationPortAndProtocol) {
  const std::vector<TrackedFlow> flows{
      flow("240.0.0.1", "93.184.216.34", 443),       flow("240.0.0.2", "93.184.216.34", 443),
      flow("240.0.0.1", "93.184.216.34", 443, kUdp), flow("240.0.0.1", "93.184.216.34", 80),
      flow("240.0.0.1", "93.184.216.35", 443),       flow("240.0.0.3", "93.184.216.34", 443)};
  EXPECT_THAT(snat_use(kInside, flows, 10),
              ElementsAre(use(kFirst, "93.184.216.34", {Protocol::kTcp, 443}, 2),
                          use(kFirst, "93.184.216.34", {Protocol::kTcp, 80}, 1),
                          use(kFirst, "93.184.216.34", {Protocol::kUdp, 443}, 1),
                          use(kFirst, "93.184.216.35", {Protocol::kTcp, 443}, 1),
                          use(kSecond, "93.184.216.34", {Protocol::kTcp, 443}, 1)));
}

TEST(SnatUse, ListsTheLargestOfEachInstance) {
  std::vector<TrackedFlow> flows;
  for (uint16_t port = 1; port <= 5; ++port) {
    for (uint16_t i = 0; i < port; ++i) flows.push_back(flow("240.0.0.1", "93.184.216.34", port));
    flows.push_back(flow("240.0.0.3", "93.184.216.34", port));
  }
  const auto uses = snat_use(kInside, flows, 2);
  ASSERT_THAT(uses, SizeIs(4));
  EXPECT_EQ(uses[0], use(kFirst, "93.184.216.34", {Protocol::kTcp, 5}, 5));
  EXPECT_EQ(uses[1], use(kFirst, "93.184.216.34", {Protocol::kTcp, 4}, 4));
  EXPECT_EQ(uses[2].instance, kSecond);
  EXPECT_EQ(uses[3].instance, kSecond);
}

// Those of the platform, what keeps its address on the way to storage of the apps' own region, and
// pings hold no port of an instance.
TEST(SnatUse, CountsOnlyWhatIsTranslatedByPort) {
  TrackedFlow as_it_is = flow("240.0.0.1", "93.184.216.34", 443);
  as_it_is.reply_destination = as_it_is.source;
  EXPECT_THAT(snat_use(kInside,
                       {flow("10.1.2.4", "93.184.216.34", 443), as_it_is,
                        flow("240.0.0.1", "93.184.216.34", 0x800, kIcmp)},
                       10),
              IsEmpty());
}

TEST(NatUse, CountsByAddressProtocolAndSender) {
  const auto network = network_of(lab_from(R"(
publicIPAddresses: {one: {ipAddress: 20.61.7.1}, two: {ipAddress: 20.61.7.2}}
natGateways: {nat: {publicIpAddresses: [two, one]}}
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms], natGateway: nat}
      machines: {addressPrefix: 10.1.2.0/24, natGateway: nat}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps}}
hosts: {fw: {subnet: v/machines, ipAddress: 10.1.2.4}}
)"));
  const auto tracked = [](const char* from, const char* as, uint8_t protocol) {
    return TrackedFlow{.protocol = protocol, .source = ip(from), .reply_destination = ip(as)};
  };
  const std::vector<TrackedFlow> flows = {
      tracked("10.1.1.4", "20.61.7.1", kTcp), tracked("10.1.1.4", "20.61.7.1", kTcp),
      tracked("10.1.2.4", "20.61.7.1", kTcp), tracked("10.1.1.4", "20.61.7.2", kUdp),
      tracked("10.1.9.9", "20.61.7.2", kUdp),   // of somebody who is there no more
      tracked("10.1.1.4", "240.0.0.9", kTcp)};  // to whom addresses are hidden
  EXPECT_THAT(nat_use(*network, network->nat_gateways.at(0), flows),
              ElementsAre(NatUse{ip("20.61.7.2"), Protocol::kTcp, 0, {}},
                          NatUse{ip("20.61.7.2"), Protocol::kUdp, 2, {{"plan/0", 1}}},
                          NatUse{ip("20.61.7.1"), Protocol::kTcp, 3, {{"fw", 1}, {"plan/0", 2}}},
                          NatUse{ip("20.61.7.1"), Protocol::kUdp, 0, {}}));
}

}  // namespace
}  // namespace egress::flows
