// SPDX-License-Identifier: MIT
#include "compile/numbers.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "compile/compile.hpp"
#include "compile/inside_addresses.hpp"
#include "compile/marks.hpp"
#include "compile/snat_ports.hpp"
#include "compile/translations.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"

namespace egress::compile {
namespace {

using testing::Contains;
using testing::Key;
using testing_support::ip;

// Something of each kind that is numbered.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
natGateways: {nat: {publicIpPrefixes: [20.61.7.1/32]}}
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg, routeTable: r}
      machines: {addressPrefix: 10.1.2.0/24, natGateway: nat}
    virtualNetworkPeerings: {hub: {}}
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {appliances: {addressPrefix: 10.0.1.0/24}}
    virtualNetworkPeerings: {spoke: {allowForwardedTraffic: true}}
networkSecurityGroups: {nsg: {}}
routeTables:
  r: {routes: {default: {addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance,
                         nextHopIpAddress: 10.0.1.4}}}
serverFarms: {plan: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, vnetPrivatePortsCount: 2,
        inboundIpAddress: 20.50.2.4}
services: {db: {type: Microsoft.Sql/servers, ipAddress: 20.60.0.4}}
privateEndpoints:
  pe: {subnet: spoke/machines, privateLinkService: db}
hosts: {nva: {subnet: hub/appliances, ipAddress: 10.0.1.4, enableIPForwarding: true}}
)";

policy::Situation situation_of(const lab::Lab& lab, NumberBook held = {}) {
  return {.lab = lab,
          .leases = testing_support::leases_of(lab),
          .traffic = {{"web", {lab::TrafficClass::kKeyVault}}},
          .numbers = std::move(held)};
}

NumberBook numbers_of(const lab::Lab& lab, NumberBook held = {}) {
  return numbers(situation_of(lab, std::move(held))).value();
}

// As if others had been there first when these were given.
NumberBook displaced(NumberBook book) {
  for (auto& [kind, of_kind] : book) {
    for (auto& [holder, number] : of_kind) ++number;
  }
  return book;
}

lab::Lab with_newcomers(lab::Lab lab) {
  for (int i = 0; i < 248; ++i) {
    lab.sites[fmt::format("a{}", i)] = {.server_farm = "plan",
                                        .virtual_network_subnet = {{"spoke", "apps"}},
                                        .vnet_private_ports_count = 39};
  }
  lab.private_endpoints["a"] = lab.private_endpoints.at("pe");
  lab.virtual_networks["an-island"] = lab.virtual_networks.at("spoke");
  lab.sites["abroad"] = {.server_farm = "plan", .virtual_network_subnet = {{"an-island", "apps"}}};
  lab.server_farms["another"] = {.capacity = 100};
  lab.server_farms["any-other"] = {.capacity = 100};
  for (int i = 0; i < 200; ++i) lab.server_farms[fmt::format("a{}", i)] = {};
  return lab;
}

TEST(Numbers, AreThereForAllThatIsNumbered) {
  const NumberBook book = numbers_of(testing_support::lab_from(kLab));
  for (const char* kind :
       {"apps/plan", "integrations/plan", "private ports/plan", "private endpoints/spoke",
        "port blocks/20.50.1.4", "port blocks/198.51.100.3", "inside addresses",
        "routing tables/spoke", "routing tables/hub", "gates/spoke", "gates/hub", "ways"}) {
    EXPECT_THAT(book, Contains(Key(kind)));
  }
}

TEST(Numbers, AreGivenAgainAsTheyAreHeld) {
  const lab::Lab lab = testing_support::lab_from(kLab);
  const NumberBook first = numbers_of(lab);
  EXPECT_EQ(numbers_of(lab, first), first);
  const NumberBook others = displaced(first);
  ASSERT_NE(others, first);
  EXPECT_EQ(numbers_of(lab, others), others);
}

TEST(Numbers, StayWhoeverComesAndGoes) {
  const lab::Lab lab = testing_support::lab_from(kLab);
  const NumberBook before = numbers_of(lab);
  const lab::Lab more = with_newcomers(lab);
  const NumberBook unheld = numbers_of(more);
  for (const auto& [kind, holder] :
       {std::pair{"apps/plan", "web"}, std::pair{"private ports/plan", "web/0"},
        std::pair{"integrations/plan", "spoke/apps"}, std::pair{"private endpoints/spoke", "pe"},
        std::pair{"port blocks/20.50.1.4", "plan/0"}}) {
    EXPECT_NE(unheld.at(kind).at(holder), before.at(kind).at(holder)) << "they do not meet";
  }
  const NumberBook together = numbers_of(more, before);
  for (const auto& [kind, of_kind] : before) {
    for (const auto& [holder, number] : of_kind) {
      EXPECT_EQ(together.at(kind).at(holder), number) << kind << ": " << holder;
    }
  }
  EXPECT_EQ(numbers_of(lab, together), before);
}

TEST(Numbers, AreTheOnesThatTheDataPathHas) {
  const lab::Lab lab = testing_support::lab_from(kLab);
  const NumberBook held = displaced(numbers_of(lab));
  const auto network = policy::analyse(situation_of(lab, held));
  const state::KernelState state = compile(*network).value();
  const uint32_t app = held.at("apps/plan").at("web");
  EXPECT_EQ(
      state.at("eg-app-web-0")->addresses.count({"eth0", {ip("169.254.129.0").bits + app}, 24}),
      1U);
  EXPECT_EQ(held.at("integrations/plan").at("spoke/apps"), 1U);
  EXPECT_EQ(state.at("eg-worker-plan-0")->links.count("integ1"), 1U);
  EXPECT_EQ(state.at("eg-worker-plan-0")->links.count("integ0"), 0U);
  EXPECT_EQ(translations(*network).value().workers.at({"plan", 0}).at(1).size(), 1U);
  const auto& ports = network->sites.at("web").private_ports;
  EXPECT_EQ(ports.at(1), held.at("private ports/plan").at("web/1"));
  EXPECT_EQ(network->endpoints.at("pe").bits, held.at("private endpoints/spoke").at("pe"));
  EXPECT_EQ(snat_ports(*network).value().at({"plan", 0}).first,
            1024 + 128 * held.at("port blocks/20.50.1.4").at("plan/0"));
  EXPECT_EQ(key_vault_ports(*network).value().at({"plan", 0}).first,
            1024 + 128 * held.at("port blocks/198.51.100.3").at("plan/0"));
  const Numbers& inside = held.at("inside addresses");
  EXPECT_THAT(inside_addresses(*network).value(),
              Contains(Key(Ipv4Address{inside.at("worker/plan/0")})));
  const auto has_table = [&](const char* netns, uint32_t table) {
    const auto& rules = state.at(netns)->rules;
    return std::any_of(rules.begin(), rules.end(),
                       [&](const state::Rule& rule) { return rule.table == table; });
  };
  EXPECT_TRUE(has_table("eg-vnet-spoke", held.at("routing tables/spoke").at("subnet/apps")));
  EXPECT_TRUE(has_table("eg-vnet-hub", held.at("routing tables/hub").at("transit/nva")));
  EXPECT_TRUE(has_table("eg-service-db", held.at("ways").at("p-pe")));
  const uint32_t gate = held.at("gates/spoke").at("apps");
  const auto& chains = state.at("eg-vnet-spoke")->firewall->table->chains;
  EXPECT_TRUE(std::any_of(chains.begin(), chains.end(), [&](const auto& chain) {
    return std::any_of(
        chain.second.rules.begin(), chain.second.rules.end(), [&](const state::NftRule& rule) {
          return rule.expression == was_admitted_by(lab::Direction::kOutbound, gate) + " accept";
        });
  }));
}

}  // namespace
}  // namespace egress::compile
