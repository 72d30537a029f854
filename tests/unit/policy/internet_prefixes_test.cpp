// SPDX-License-Identifier: MIT
#include "policy/internet_prefixes.hpp"

#include "lab/public_addresses.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Verdict;

const lab::Lab& prefix_lab() {
  static const lab::Lab lab = [] {
    lab::Lab made = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps:
        addressPrefix: 10.1.1.0/26
        delegations: [Microsoft.Web/serverFarms]
        serviceEndpoints: [Microsoft.KeyVault]
        routeTable: some
      machines: {addressPrefix: 10.1.3.0/24}
publicIPAddresses: {unused: {ipAddress: 20.61.7.1}}
natGateways: {nat: {publicIpPrefixes: [20.61.8.0/30]}}
routeTables:
  some: {routes: {away: {addressPrefix: 40.0.9.0/24, nextHopType: None}}}
services: {vault: {type: Microsoft.KeyVault/vaults, ipAddress: 40.0.0.4}}
serverFarms: {plan: {}}
sites:
  bare: {serverFarm: plan}
  app: {serverFarm: plan, virtualNetworkSubnet: v/apps, inboundIpAddress: 20.50.2.4}
hosts:
  world: {internet: true, addressPrefixes: [0.0.0.0/0], listen: [tcp/443]}
  block: {internet: true, addressPrefixes: [40.0.0.0/23, 9.0.0.0/8], listen: [tcp/443]}
  site: {internet: true, ipAddress: 9.0.0.9, listen: [tcp/443]}
)");
    made.service_tags = service_tags({{"AzureKeyVault", {"40.0.0.0/16"}}});
    return made;
  }();
  return lab;
}

struct Case {
  const char* from;
  const char* to;
  const char* receiver;  // or "": nobody
};

TEST(InternetPrefixes, AreAnsweredWhereNobodyElseIs) {
  for (const auto& [from, to, receiver] : {
           Case{"bare", "tcp://1.0.0.0:443", "world"},
           Case{"bare", "tcp://223.255.255.255:443", "world"},
           Case{"bare", "tcp://9.0.0.8:443", "block"},
           Case{"bare", "tcp://9.0.0.9:443", "site"},
           Case{"bare", "tcp://40.0.1.255:443", "block"},
           Case{"bare", "tcp://40.0.2.0:443", "world"},
           Case{"bare", "tcp://40.0.0.4:443", "vault"},
           Case{"bare", "tcp://20.50.2.4:443", "app"},
           Case{"bare", "tcp://20.50.1.4:443", ""},
           Case{"bare", "tcp://20.61.7.1:443", ""},
           Case{"bare", "tcp://20.61.8.3:443", ""},
           Case{"bare", "tcp://20.61.8.4:443", "world"},
           Case{"bare", "tcp://100.64.0.1:443", ""},
           Case{"app", "tcp://40.0.1.1:443", "block"},
           Case{"app", "tcp://40.0.3.1:443", "world"},
       }) {
    SCOPED_TRACE(to);
    const Explanation explained = explain(prefix_lab(), from, to);
    EXPECT_EQ(explained.host, receiver);
    EXPECT_EQ(explained.verdict, *receiver == '\0' ? Verdict::kNoRoute : Verdict::kAllow);
  }
}

TEST(InternetPrefixes, AreNotAnsweredWhereAddressesArePrivate) {
  const Explanation explained = explain(prefix_lab(), "bare", "tcp://10.200.0.1:443");
  EXPECT_EQ(explained.verdict, Verdict::kDrop);
  EXPECT_EQ(explained.host, "");
}

TEST(InternetPrefixes, AreReachedByServiceEndpointsUnderThePrivateAddress) {
  const Explanation explained = explain(prefix_lab(), "app", "tcp://40.0.3.1:443");
  EXPECT_EQ(explained.source, ip("10.1.1.4"));
  ASSERT_TRUE(explained.next_hop);
  EXPECT_EQ(explained.next_hop->type, "VirtualNetworkServiceEndpoint");
  EXPECT_EQ(explain(prefix_lab(), "bare", "tcp://40.0.3.1:22").refused, true);
}

TEST(InternetPrefixes, BehindServiceEndpointsLeaveOtherRoutesAlone) {
  const auto network = network_of(prefix_lab());
  const auto place = std::find_if(network->subnets.begin(), network->subnets.end(),
                                  [](const auto& each) { return each.ref.subnet == "apps"; });
  std::map<Ipv4Prefix, std::string> behind;
  for (const PrefixBehind& each : prefixes_behind(*place->routing, network->internet_prefixes)) {
    behind[each.prefix] = each.holder == kNowhere ? "" : network->interfaces[each.holder].name;
  }
  const std::map<Ipv4Prefix, std::string> wanted = {{prefix("40.0.0.0/16"), "world"},
                                                    {prefix("40.0.0.0/23"), "block"},
                                                    {prefix("40.0.0.4/32"), ""}};
  EXPECT_EQ(behind, wanted);
}

TEST(InternetPrefixes, GiveTheirHostTheFirstAddressThatItAnswersOn) {
  const auto network = network_of(prefix_lab());
  const lab::HostPrefixes prefixes = lab::host_prefixes(prefix_lab());
  EXPECT_TRUE(lab::answered_by("world", prefixes).contains(ip("8.8.8.8").bits));
  EXPECT_FALSE(lab::answered_by("world", prefixes).contains(ip("9.8.8.8").bits));
  const Index block = network->owner(kNowhere, ip("9.1.2.3"));
  ASSERT_NE(block, kNowhere);
  EXPECT_EQ(network->interfaces[block].address, ip("9.0.0.0"));
  EXPECT_EQ(network->interfaces[network->owner(kNowhere, ip("8.8.8.8"))].address, ip("1.0.0.0"));
  EXPECT_EQ(network->owner(0, ip("8.8.8.8")), kNowhere) << "it is in no virtual network";
}

}  // namespace
}  // namespace egress::policy::test
