// SPDX-License-Identifier: MIT
#include "compile/lanes.hpp"

#include <gmock/gmock.h>

#include <set>

#include "compile/translations.hpp"
#include "state/ops.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::compile {
namespace {

using lab::TrafficClass;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Two apps on a plan, of which one has joined a network and pulls images through it.
lab::Lab two_apps() {
  return testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    dnsServers: [10.1.2.9]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
serverFarms: {plan: {}}
sites:
  plain: {serverFarm: plan}
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, vnetImagePullEnabled: true}
)");
}

std::shared_ptr<const policy::Network> network_of(const lab::Lab& lab,
                                                  const policy::TrafficInUse& traffic) {
  return policy::analyse(
      {.lab = lab, .leases = testing_support::leases_of(lab), .traffic = traffic});
}

state::KernelState compiled(const policy::TrafficInUse& traffic, const lab::Lab& lab = two_apps()) {
  return compile(*network_of(lab, traffic)).value();
}

template <typename Objects>
std::vector<std::string> texts_of(const Objects& objects) {
  std::vector<std::string> texts;
  for (const auto& each : objects) texts.push_back(to_text(each));
  return texts;
}

std::vector<std::string> routes_of(const state::NetnsState& netns) {
  std::vector<std::string> texts;
  for (const auto& [key, route] : netns.routes) texts.push_back(to_text(route));
  return texts;
}

std::set<std::string> names_of(const state::KernelState& state) {
  std::set<std::string> names;
  for (const auto& [name, netns] : state) names.insert(name);
  return names;
}

std::string firewall_of(const state::NetnsState& netns) {
  return to_text(*netns.firewall->table);
}

TEST(Lanes, HaveANamespaceEachOfTheClassesInUseAndNoOther) {
  const std::set<std::string> without = names_of(compiled({}));
  std::set<std::string> added;
  for (const std::string& name :
       names_of(compiled({{"web", {TrafficClass::kImagePull, TrafficClass::kKeyVault}},
                          {"plain", {TrafficClass::kManagedIdentity, TrafficClass::kKeyVault}}}))) {
    if (without.count(name) == 0) added.insert(name);
  }
  EXPECT_THAT(added, ElementsAre("eg-app-plain-0-key-vault", "eg-app-plain-0-managed-identity",
                                 "eg-app-web-0-image-pull", "eg-app-web-0-key-vault",
                                 "eg-app-web-0-key-vault-public"));
}

// Of one that enters the network and of one that does not.
TEST(Lanes, GoOneWayWhateverTheirDestination) {
  struct Case {
    TrafficClass traffic;
    std::string net;
    std::string gateway;
    uint32_t table;
    char port;
  };
  for (const Case& each :
       {Case{TrafficClass::kImagePull, "169.254.241.", "169.254.254.1", 101, 'v'},
        Case{TrafficClass::kContentShare, "169.254.132.", "169.254.129.1", 103, 'e'}}) {
    SCOPED_TRACE(lab::name_of(each.traffic));
    const state::KernelState state = compiled({{"web", {each.traffic}}});
    const state::NetnsState& lane = *state.at(lane_netns("eg", {"web", 0, each.traffic}, false));
    ASSERT_EQ(lane.addresses.size(), 1U);
    const state::Address& address = *lane.addresses.begin();
    EXPECT_EQ(address.prefix_length, 32);
    EXPECT_THAT(address.address.to_string(), testing::StartsWith(each.net));
    EXPECT_THAT(routes_of(lane), ElementsAre(HasSubstr("default via " + each.gateway)));
    const std::string port = lane.links.at("eth0").peer.name;
    EXPECT_EQ(port.front(), each.port);
    const state::Rule steering{
        .priority = kSteeringPriority, .table = each.table, .iif = port, .source = address.address};
    EXPECT_THAT(texts_of(state.at("eg-worker-plan-0")->rules), Contains(to_text(steering)));
  }
}

TEST(Lanes, HaveTheNumbersOfTheirAppsAndChangeNothingElse) {
  const state::KernelState before = compiled({});
  const state::KernelState after =
      compiled({{"web", {TrafficClass::kContentShare, TrafficClass::kImagePull}}});
  for (const auto& [name, netns] : before) {
    if (name == "eg-worker-plan-0") continue;
    EXPECT_EQ(*netns, *after.at(name)) << name;
  }
  const auto host_of = [&](const std::string& netns) {
    return after.at(netns)->addresses.begin()->address.bits & 0xffU;
  };
  EXPECT_EQ(host_of("eg-app-web-0-content-share"), host_of("eg-app-web-0"));
  EXPECT_EQ(host_of("eg-app-web-0-image-pull"), host_of("eg-app-web-0"));
  for (const state::Rule& rule : before.at("eg-worker-plan-0")->rules) {
    EXPECT_EQ(after.at("eg-worker-plan-0")->rules.count(rule), 1U) << to_text(rule);
  }
}

TEST(Lanes, AskTheNameServersOfTheirs) {
  const state::KernelState state =
      compiled({{"web", {TrafficClass::kImagePull, TrafficClass::kKeyVault}}});
  const auto resolver_of = [&](const std::string& netns) {
    return *state.at(netns)->attachments.at("dns").settings;
  };
  EXPECT_EQ(resolver_of("eg-app-web-0-image-pull"), resolver_of("eg-app-web-0"));
  EXPECT_EQ(resolver_of("eg-app-web-0-key-vault"), resolver_of("eg-app-web-0"));
  EXPECT_THAT(resolver_of("eg-app-web-0-key-vault-public"), HasSubstr("168.63.129.16"));
}

TEST(Lanes, OfASecondIntegrationAreInItsZone) {
  const lab::Lab lab = testing_support::with(two_apps(), R"(
virtualNetworks:
  other:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
sites: {plain: {virtualNetworkSubnet: other/apps, vnetImagePullEnabled: true}}
)");
  const policy::TrafficInUse pulls{{"plain", {TrafficClass::kImagePull}},
                                   {"web", {TrafficClass::kImagePull}}};
  const auto zones = [&](const policy::TrafficInUse& traffic) {
    const state::KernelState state = compiled(traffic, lab);
    return state.at("eg-worker-plan-0")->firewall->table->maps.at("zones").rows.size();
  };
  EXPECT_EQ(zones(pulls), zones({}) + 2);
}

TEST(Lanes, AskKeyVaultInPublicAsThePlatformAndNotAsTheApp) {
  const state::KernelState without = compiled({});
  EXPECT_THAT(firewall_of(*without.at("eg-stamp")), Not(HasSubstr("198.51.100.3")));
  EXPECT_THAT(firewall_of(*without.at("eg-worker-plan-0")), Not(HasSubstr("169.254.135.0")));

  const policy::TrafficInUse asking{{"plain", {TrafficClass::kKeyVault}}};
  const state::KernelState state = compiled(asking);
  const auto network = network_of(two_apps(), asking);
  const Translations all = translations(*network).value();
  std::string inside;
  for (const auto& [address, outbound] : all.outbound) {
    if (outbound == kKeyVaultAddress) inside = address.to_string();
  }
  ASSERT_NE(inside, "");
  EXPECT_EQ(all.workers.at({"plan", 0}).at(0).count(Ipv4Address::parse(inside).value()), 1U);
  EXPECT_THAT(firewall_of(*state.at("eg-worker-plan-0")),
              HasSubstr("oifname \"direct0\" ip saddr 169.254.135.0/24 snat to " + inside));
  EXPECT_THAT(firewall_of(*state.at("eg-stamp")), HasSubstr("snat to 198.51.100.3:"));
  EXPECT_THAT(routes_of(*state.at("eg-stamp")), Contains(HasSubstr(inside + "/32")));
  EXPECT_THAT(routes_of(*state.at("eg-internet")), Contains(HasSubstr("198.51.100.3/32")));
}

}  // namespace
}  // namespace egress::compile
