// SPDX-License-Identifier: MIT
#include "policy/network.hpp"

#include <algorithm>
#include <set>

#include "tests/unit/policy/network_parts.hpp"
#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Direction;
using testing::ElementsAre;

// A network of two subnets, which sees a peer, not what is behind it, nor another one with its own
// addresses.
lab::Lab four_networks() {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  a:
    addressPrefixes: [10.0.0.0/16]
    subnets: {s: {addressPrefix: 10.0.0.0/24}, t: {addressPrefix: 10.0.1.0/24}}
    virtualNetworkPeerings: {b: {}}
  b:
    addressPrefixes: [10.1.0.0/16]
    subnets: {s: {addressPrefix: 10.1.0.0/24}}
    virtualNetworkPeerings: {a: {}, c: {}}
  c:
    addressPrefixes: [10.2.0.0/16]
    subnets: {s: {addressPrefix: 10.2.0.0/24}}
    virtualNetworkPeerings: {b: {}}
  d: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: 10.0.0.0/24}}}
serverFarms: {plan: {}}
hosts:
  near: {subnet: a/s, ipAddress: 10.0.0.4}
  next: {subnet: b/s, ipAddress: 10.1.0.4}
  far: {subnet: c/s, ipAddress: 10.2.0.4}
  twin: {subnet: d/s, ipAddress: 10.0.0.4}
  public: {internet: true, ipAddress: 20.0.0.1}
)");
}

// Where the one route of `table` leads from subnet a/s.
std::string target(lab::Lab lab, const std::string& address) {
  route(lab, "table/r", "93.184.216.0/24", address);
  subnet(lab, "a/s").route_table = "table";
  const auto network = network_of(lab);
  const Routing& routing = *at(*network, "a/s").routing;
  const Index to = routing.targets[routing.lookup.find(ip("93.184.216.34"))];
  return to == kNowhere ? "nowhere" : network->interfaces[to].name;
}

TEST(Network, KnowsWhoOwnsAnAddressInWhichVirtualNetwork) {
  const auto network = network_of(four_networks());
  EXPECT_EQ(owner(*network, "a", "10.0.0.4")->name, "near");
  EXPECT_EQ(owner(*network, "d", "10.0.0.4")->name, "twin");
  EXPECT_EQ(owner(*network, "b", "10.0.0.4"), nullptr);
  EXPECT_EQ(owner(*network, "the Internet", "20.0.0.1")->name, "public");
  EXPECT_EQ(owner(*network, "a", "20.0.0.1"), nullptr);
}

TEST(Network, AnIntegrationOwnsItsLeaseButIsNoHost) {
  const auto network = network_of(contract_lab());
  const Interface* found = owner(*network, "spoke", "10.1.1.4");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->kind, InterfaceKind::kIntegration);
  EXPECT_EQ(found->name, "plan/0");
  EXPECT_EQ(network->machine_at(found->vnet, found->address), kNowhere);
}

TEST(Network, AnIntegrationIsNearItsNetworkAndConnectedPeersOnly) {
  const lab::Lab lab = with(four_networks(), R"(
virtualNetworks: {a: {subnets: {t: {delegations: [Microsoft.Web/serverFarms]}}}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: a/t}}
)");
  const auto network = network_of(lab);
  std::vector<bool> near;
  for (Index vnet = 0; vnet < 3; ++vnet) {
    near.push_back(network->integration_near(vnet, ip("10.0.1.4")) != nullptr);
  }
  EXPECT_THAT(near, ElementsAre(true, true, false));
}

TEST(Network, LeadsToAppliancesHereAndInConnectedPeersOnly) {
  const lab::Lab lab = four_networks();
  EXPECT_EQ(target(lab, "10.0.0.4"), "near");
  EXPECT_EQ(target(lab, "10.1.0.4"), "next");
  EXPECT_EQ(target(lab, "10.0.0.5"), "nowhere");
  EXPECT_EQ(target(lab, "20.0.0.1"), "nowhere");
}

TEST(Network, WorkersHaveTheirIntegrationsInTheOrderOfSubnets) {
  const auto network = network_of(with(four_networks(), R"(
virtualNetworks:
  a:
    subnets:
      s: {delegations: [Microsoft.Web/serverFarms]}
      t: {delegations: [Microsoft.Web/serverFarms]}
serverFarms: {plan: {capacity: 2}}
sites:
  late: {serverFarm: plan, virtualNetworkSubnet: a/t}
  early: {serverFarm: plan, virtualNetworkSubnet: a/s}
hosts: {near: null}
)"));
  std::vector<std::string> subnets;
  for (const Index each : network->workers.at({"plan", 1}).integrations) {
    subnets.push_back(network->subnets[network->interfaces[each].subnet].name);
  }
  EXPECT_THAT(subnets, ElementsAre("a/s", "a/t"));
  EXPECT_EQ(network->find({"early", 1})->lease, ip("10.0.0.5"));
  EXPECT_FALSE(network->find({"early", 2}));
}

TEST(Network, FindsSitesAndTheirRestartsInAnyCase) {
  const lab::Lab lab = with(four_networks(), "sites: {Web: {serverFarm: plan}}");
  const auto network = analyse({.lab = lab, .restarts = {{"WEB", 3}}});
  EXPECT_EQ(network->find({"web", 0})->name, (Sender{"Web", 0}));
  EXPECT_EQ(network->sites.at("wEb").restarts, 3);
}

TEST(Network, SubnetsThatSeeOneListAlikeShareItsGate) {
  lab::Lab lab = four_networks();
  allow(lab, "nsg/r", 100, Direction::kOutbound, {});
  for (const char* vnet : {"a", "b"}) {
    for (auto& [name, each] : lab.virtual_networks[vnet].subnets) {
      each.network_security_group = "nsg";
    }
  }
  const auto network = network_of(lab);
  EXPECT_EQ(at(*network, "a/s").outbound, at(*network, "a/t").outbound);
  EXPECT_EQ(at(*network, "a/s").inbound, at(*network, "a/t").inbound);
  EXPECT_NE(at(*network, "a/s").outbound, at(*network, "a/s").inbound);
  EXPECT_NE(at(*network, "a/s").outbound, at(*network, "b/s").outbound);  // another VirtualNetwork
  EXPECT_EQ(at(*network, "c/s").outbound, nullptr);
  EXPECT_EQ(network->gates.size(), 4U);
}

TEST(Network, ARouteTableThatWidensVirtualNetworkMakesAnotherGate) {
  lab::Lab lab = four_networks();
  allow(lab, "nsg/r", 100, Direction::kOutbound, {});
  for (auto& [name, each] : lab.virtual_networks["a"].subnets) each.network_security_group = "nsg";
  subnet(lab, "a/s").route_table = "table";
  route(lab, "table/inside", "10.0.7.0/24", "None");
  auto network = network_of(lab);
  EXPECT_EQ(at(*network, "a/s").outbound, at(*network, "a/t").outbound);
  route(lab, "table/outside", "93.184.216.0/24", "None");
  network = network_of(lab);
  EXPECT_NE(at(*network, "a/s").outbound, at(*network, "a/t").outbound);
}

TEST(Network, ATagIsExpandedOnceForAllRulesThatNameIt) {
  lab::Lab lab = four_networks();
  lab.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}});
  allow(lab, "one/a", 100, Direction::kOutbound, {.destination = "Storage"});
  allow(lab, "one/b", 110, Direction::kOutbound, {.destination = "Storage"});
  allow(lab, "other/a", 100, Direction::kInbound, {.source = "Storage"});
  subnet(lab, "a/s").network_security_group = "one";
  subnet(lab, "b/s").network_security_group = "other";
  const auto network = network_of(lab);
  const auto& one = at(*network, "a/s").outbound->rules;
  const auto& other = at(*network, "b/s").inbound->rules;
  const AddressSet* shared = &lab.service_tags->at("Storage").addresses;
  EXPECT_THAT((std::set{&*one[0].destinations, &*one[1].destinations, &*other[0].sources}),
              ElementsAre(shared));
}

TEST(Network, ARouteTableIsTurnedIntoRowsOnceForAVirtualNetwork) {
  lab::Lab lab = four_networks();
  route(lab, "table/r", "93.184.216.0/24", "10.1.0.4");
  for (const char* vnet : {"a", "b"}) {
    for (auto& [name, each] : lab.virtual_networks[vnet].subnets) each.route_table = "table";
  }
  const auto network = network_of(lab);
  EXPECT_EQ(at(*network, "a/s").routing, at(*network, "a/t").routing);
  EXPECT_NE(at(*network, "a/s").routing, at(*network, "b/s").routing);
}

// Two lists, of which each test changes what one means.
lab::Lab two_lists() {
  lab::Lab lab = four_networks();
  lab.application_security_groups = {"group"};
  allow(lab, "one/a", 100, Direction::kOutbound, {.destination = "10.1.0.0/24"});
  deny(lab, "other/a", 100, Direction::kOutbound, {.destination = "10.1.0.0/24"});
  subnet(lab, "a/s").network_security_group = "one";
  subnet(lab, "a/t").network_security_group = "other";
  return lab;
}

TEST(Network, TakesOverTheGatesOfListsThatStayAsTheyWere) {
  lab::Lab lab = two_lists();
  const auto before = network_of(lab);
  allow(lab, "one/b", 110, Direction::kOutbound, {.destination = "10.1.1.0/24"});
  const auto after = network_of(lab, before.get());
  EXPECT_EQ(at(*after, "a/t").outbound, at(*before, "a/t").outbound);
  EXPECT_NE(at(*after, "a/s").outbound, at(*before, "a/s").outbound);
  EXPECT_EQ(at(*after, "a/s").outbound->rules.size(), 5U);
}

TEST(Network, TakesOverNoGateWhoseTagsOrGroupsMeanSomethingElse) {
  const lab::Lab lab = two_lists();
  const auto before = network_of(lab);
  const auto kept_by = [&](auto&& change) {
    lab::Lab changed = lab;
    change(changed);
    const auto after = network_of(changed, before.get());
    return at(*after, "a/t").outbound == at(*before, "a/t").outbound;
  };
  EXPECT_TRUE(kept_by([](lab::Lab& changed) { changed.hosts.erase("near"); }));
  EXPECT_FALSE(kept_by([](lab::Lab& changed) {
    changed.service_tags = service_tags({{"Storage", {"20.60.0.0/16"}}});
  }));
  EXPECT_FALSE(kept_by(
      [](lab::Lab& changed) { changed.hosts["next"].application_security_groups = {"group"}; }));
  EXPECT_FALSE(kept_by([](lab::Lab& changed) {
    changed.virtual_networks["b"].address_prefixes.push_back(prefix("10.9.0.0/16"));
  }));
}

}  // namespace
}  // namespace egress::policy::test
