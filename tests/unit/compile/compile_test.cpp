// SPDX-License-Identifier: MIT
#include "compile/compile.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "compile/inside_addresses.hpp"
#include "compile/names.hpp"
#include "compile/translations.hpp"
#include "state/ops.hpp"
#include "state/routing_tables.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"

namespace egress::compile {
namespace {

using testing_support::ip;
using testing_support::prefix;

using testing::HasSubstr;
using testing::Not;

// Two apps of one plan in two networks of the same address space, a machine in the first.
struct TwoIntegrations {
  lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  left: &network
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms]}
      data: {addressPrefix: 10.1.2.0/24}
  right: *network
networkSecurityGroups:
  nsg:
    securityRules:
      deny-sql: {priority: 100, direction: Outbound, access: Deny, protocol: Tcp,
                 sourceAddressPrefix: "*", sourcePortRange: "*",
                 destinationAddressPrefix: 10.1.2.0/24, destinationPortRange: "1433"}
serverFarms: {plan: {}}
sites:
  app-left: {serverFarm: plan, virtualNetworkSubnet: left/apps}
  app-right: {serverFarm: plan, virtualNetworkSubnet: right/apps}
hosts: {sql: {subnet: left/data, ipAddress: 10.1.2.4}}
)");
  lab::IntegrationAddresses addresses = testing_support::leases_of(lab);
  lab::Named<int> restarts{};

  Result<state::KernelState> try_compile(const Options& options = {}) const {
    return egress::compile::compile(
        *policy::analyse({.lab = lab, .leases = addresses, .restarts = restarts}), options);
  }
  state::KernelState compile(const Options& options = {}) const {
    return try_compile(options).value();
  }
};

bool says_nothing_of_what_it_drops(const state::NetnsState& netns) {
  if (!netns.firewall) return false;
  const auto& chains = netns.firewall->table->chains;
  return std::any_of(chains.begin(), chains.end(), [](const auto& chain) {
    const auto& [hook, rules] = chain.second;
    if (!hook || hook->hook != "output") return false;
    return hook->policy_drop ||
           rules.front().expression == "icmp type { redirect, time-exceeded } drop";
  });
}

size_t local_rules_at(const state::NetnsState& netns, uint32_t priority) {
  return static_cast<size_t>(std::count_if(
      netns.rules.begin(), netns.rules.end(),
      [&](const state::Rule& rule) { return rule.table == 255 && rule.priority == priority; }));
}

TEST(Compile, GivesEveryNamespaceItsContractName) {
  const state::KernelState state = TwoIntegrations().compile({.prefix = "lab1"});
  for (const char* name :
       {"lab1-app-app-left-0", "lab1-app-app-right-0", "lab1-worker-plan-0", "lab1-vnet-left",
        "lab1-vnet-right", "lab1-host-sql", "lab1-stamp", "lab1-internet"}) {
    EXPECT_TRUE(state.contains(name)) << name;
  }
  EXPECT_EQ(state.size(), 8U);
}

TEST(Compile, NoRouterIsSeenByWhoTracesARoute) {
  for (const auto& [name, netns] : TwoIntegrations().compile()) {
    const auto& links = netns->links;
    const bool routes = std::any_of(links.begin(), links.end(),
                                    [](const auto& link) { return link.second.forwarding; });
    if (routes) EXPECT_TRUE(says_nothing_of_what_it_drops(*netns)) << name;
  }
}

TEST(Compile, EveryVethEndNamesAnEndThatNamesItBack) {
  const state::KernelState state = TwoIntegrations().compile();
  for (const auto& [netns, content] : state) {
    for (const auto& [name, link] : content->links) {
      if (name == "lo") continue;
      EXPECT_LE(name.size(), 15U);
      const state::Link& peer = state.at(link.peer.netns)->links.at(link.peer.name);
      EXPECT_EQ(peer.peer, (state::LinkPeer{netns, name}));
    }
  }
}

TEST(Compile, SteersAppsBeforeTheWorkersOwnAddressesAreLookedAt) {
  const state::KernelState state = TwoIntegrations().compile();
  const state::NetnsState& worker = *state.at("eg-worker-plan-0");
  EXPECT_EQ(local_rules_at(worker, 0), 0U);
  EXPECT_EQ(local_rules_at(worker, 2000), 1U);
  EXPECT_TRUE(worker.addresses.contains({"integ0", ip("10.1.1.4"), 32}));
  EXPECT_TRUE(worker.addresses.contains({"integ1", ip("10.1.1.4"), 32}));
}

TEST(Compile, KeepsEqualLeasesApartInConntrackZonesOnlyWhereThereAreTwoIntegrations) {
  TwoIntegrations two;
  EXPECT_THAT(state::to_text(*two.compile().at("eg-worker-plan-0")->firewall->table),
              HasSubstr("ct zone set"));
  two.lab.sites.erase("app-right");
  two.addresses = testing_support::leases_of(two.lab);
  two.addresses.erase({"plan", 0, {"right", "apps"}});
  EXPECT_THAT(state::to_text(*two.compile().at("eg-worker-plan-0")->firewall->table),
              Not(HasSubstr("ct zone set")));
}

TEST(Compile, AnAppWithoutIntegrationHasOneInterface) {
  TwoIntegrations two;
  two.lab.sites["app-left"].virtual_network_subnet.reset();
  two.addresses.erase({"plan", 0, {"left", "apps"}});
  const state::KernelState state = two.compile();
  EXPECT_EQ(state.at("eg-app-app-left-0")->links.size(), 2U);  // lo and eth0
}

TEST(Compile, RoutingOnCollapsesTheAppsTable) {
  TwoIntegrations two;
  const auto routes_of_left = [&] { return two.compile().at("eg-app-app-left-0")->routes.size(); };
  EXPECT_EQ(routes_of_left(), 5U);  // default, three private ranges, the VNet
  two.lab.sites["app-left"].outbound_vnet_routing = {.application_traffic = true};
  EXPECT_EQ(routes_of_left(), 1U);
}

TEST(Compile, PlansWhosePortsWouldBeCutToOneNameHaveAPortEach) {
  TwoIntegrations two;
  two.lab = testing_support::with(two.lab, R"(
serverFarms: {production-westeurope-8857: {}, production-westeurope-9136: {}}
sites:
  app-of-8857: {serverFarm: production-westeurope-8857, virtualNetworkSubnet: left/apps}
  app-of-9136: {serverFarm: production-westeurope-9136, virtualNetworkSubnet: left/apps}
)");
  two.addresses = testing_support::leases_of(two.lab);
  const state::KernelState state = two.compile();
  std::set<state::LinkPeer> ends;
  for (const auto& [name, link] : state.at("eg-vnet-left")->links) {
    if (name.rfind("w-", 0) == 0) ends.insert(link.peer);
  }
  EXPECT_EQ(ends.size(), 3U);
  EXPECT_TRUE(state::diff(state, {}).ok());
}

TEST(Compile, RefusesAnIntegrationWithoutALease) {
  TwoIntegrations two;
  two.addresses.erase({"plan", 0, {"right", "apps"}});
  const auto state = two.try_compile();
  ASSERT_FALSE(state.ok());
  EXPECT_EQ(state.error().message,
            "instance 0 of plan 'plan' has no address in subnet 'right/apps'");
}

TEST(Compile, RefusesALeaseThatIsNotInItsSubnet) {
  TwoIntegrations two;
  two.addresses[{"plan", 0, {"right", "apps"}}] = ip("10.9.9.9");
  const auto state = two.try_compile();
  ASSERT_FALSE(state.ok());
  EXPECT_EQ(state.error().message,
            "instance 0 of plan 'plan' has the address 10.9.9.9, which is not in subnet "
            "'right/apps'");
}

TEST(Compile, ARestartRenamesTheInterfacesOfThatAppAlone) {
  TwoIntegrations two;
  const state::KernelState before = two.compile();
  two.restarts = {{"app-left", 1}};
  const state::KernelState after = two.compile();
  EXPECT_NE(before.at("eg-app-app-left-0"), after.at("eg-app-app-left-0"));
  EXPECT_EQ(before.at("eg-app-app-right-0"), after.at("eg-app-app-right-0"));
}

TEST(Compile, AddingAHostLeavesOtherNamespacesAsTheyWere) {
  TwoIntegrations two;
  const state::KernelState before = two.compile();
  two.lab.hosts["another"] = {.subnet = {{"left", "data"}}, .ip_address = ip("10.1.2.5")};
  const state::KernelState after = two.compile();
  for (const auto& [netns, content] : before) {
    // Its network, and the names that the resolver in the stamp is told.
    if (netns == "eg-vnet-left" || netns == "eg-stamp") continue;
    EXPECT_EQ(content, after.at(netns)) << netns;
  }
}

TEST(Compile, ASecurityGroupReadsAsAChainPerRule) {
  TwoIntegrations two;
  two.lab.virtual_networks["left"].subnets["apps"].network_security_group = "nsg";
  const state::KernelState state = two.compile();
  const auto& chains = state.at("eg-vnet-left")->firewall->table->chains;
  EXPECT_THAT(chains.at("out/apps/deny/deny-sql").rules,
              testing::ElementsAre(
                  state::NftRule{state::log_and_drop("out/apps/deny/deny-sql"), "nsg/deny-sql"}));
  EXPECT_TRUE(chains.contains("out/apps/allow/AllowVnetOutBound"));
  EXPECT_TRUE(chains.contains("in/apps/deny/DenyAllInBound"));
  EXPECT_FALSE(state.at("eg-vnet-right")->firewall->table->chains.contains("out/apps"));
}

// Else a list of service tags would take its memory once for each subnet.
TEST(Compile, SubnetsWithTheSameListShareTheRowsOfItsMaps) {
  TwoIntegrations two;
  for (auto& [name, subnet] : two.lab.virtual_networks["left"].subnets) {
    subnet.network_security_group = "nsg";
  }
  const auto table = two.compile().at("eg-vnet-left")->firewall->table;
  std::map<std::string, std::vector<const state::NftMap*>> by_lookup;
  for (const auto& [name, map] : table->maps) {
    if (!map.marks.empty())
      by_lookup[name.substr(0, 3) + name.substr(name.rfind('/'), 6)].push_back(&map);
  }
  EXPECT_THAT(by_lookup, Not(testing::IsEmpty()));
  for (const auto& [lookup, maps] : by_lookup) {
    ASSERT_EQ(maps.size(), 2U) << lookup;
    EXPECT_EQ(&maps[0]->rows.list(), &maps[1]->rows.list()) << lookup;
    EXPECT_NE(rows_of(*maps[0]), rows_of(*maps[1])) << lookup;
  }
}

TEST(Compile, TakesOverWhatAChangedRuleDoesNotTouch) {
  TwoIntegrations two;
  two.lab.virtual_networks["left"].subnets["apps"].network_security_group = "nsg";
  const auto analyse = [&](const policy::Network* previous) {
    return policy::analyse({.lab = two.lab, .leases = two.addresses}, previous);
  };
  const auto network = analyse(nullptr);
  const state::KernelState state = egress::compile::compile(*network).value();
  two.lab.network_security_groups["nsg"].security_rules["deny-sql"].destination_ports =
      PortSet({{1434, 1434}});
  const state::KernelState after =
      egress::compile::compile(*analyse(network.get()), {}, Compiled{*network, state}).value();
  EXPECT_EQ(to_text(after), to_text(two.compile()));
  for (const auto& [netns, content] : after) {
    EXPECT_EQ(content.shares_with(state.at(netns)), netns != "eg-vnet-left") << netns;
  }
}

TEST(Compile, TakesOverWhatAChangedRuleOfAnInterfaceDoesNotTouch) {
  lab::Lab lab = testing_support::lab_from(R"(
virtualNetworks:
  left: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: 10.0.1.0/24}}}
  right: {addressPrefixes: [10.1.0.0/16], subnets: {s: {addressPrefix: 10.1.1.0/24}}}
networkSecurityGroups: {own: {securityRules: {one: {priority: 100, direction: Inbound, access: Deny,
  protocol: Tcp, sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
  destinationPortRange: 22}}}}
hosts:
  a: {subnet: left/s, ipAddress: 10.0.1.4, networkSecurityGroup: own}
  b: {subnet: right/s, ipAddress: 10.1.1.4}
)");
  const auto network = policy::analyse({.lab = lab});
  const state::KernelState state = egress::compile::compile(*network).value();
  lab.network_security_groups["own"].security_rules["one"].destination_ports = PortSet({{23, 23}});
  const auto next = policy::analyse({.lab = lab}, network.get());
  const state::KernelState after =
      egress::compile::compile(*next, {}, Compiled{*network, state}).value();
  EXPECT_EQ(to_text(after), to_text(egress::compile::compile(*next).value()));
  for (const auto& [netns, content] : after) {
    EXPECT_EQ(content.shares_with(state.at(netns)), netns != "eg-vnet-left") << netns;
  }
}

// One for the direct path, and one for each network that the instance is in.
Ipv4Address usable_in(const lab::Lab& lab, const char* vnet, const char* subnet) {
  const auto& prefixes = lab.virtual_networks.at(vnet).subnets.at(subnet).address_prefixes;
  return {prefixes.front().first().bits + 9};
}

TEST(Compile, ANetworkWithAFlushingListLooksForDeniedFlowsFirst) {
  TwoIntegrations two;
  two.lab.virtual_networks.at("left").subnets.at("data").network_security_group = "nsg";
  const auto first_rule = [&] {
    return two.compile()
        .at("eg-vnet-left")
        ->firewall->table->chains.at("outbound")
        .rules.front()
        .expression;
  };
  EXPECT_EQ(first_rule(), "iifname vmap @from");
  two.lab.network_security_groups.at("nsg").flush_connection = true;
  EXPECT_EQ(first_rule(), "ct mark 0xffffffff goto denied_flow");
  two.lab.virtual_networks.at("left").subnets.at("data").network_security_group.reset();
  EXPECT_EQ(first_rule(), "iifname vmap @from");
  two.lab.hosts["vm"] = {.subnet = lab::SubnetRef{"left", "data"},
                         .ip_address = usable_in(two.lab, "left", "data"),
                         .network_security_group = "nsg"};
  EXPECT_EQ(first_rule(), "ct mark 0xffffffff goto denied_flow");
}

TEST(Compile, ANetworkRemembersIdleFlowsForItsTimeOutOrTheKernels) {
  TwoIntegrations two;
  two.lab.virtual_networks.at("left").flow_timeout_in_minutes = 4;
  const state::KernelState state = two.compile();
  const auto seconds = [&](const char* netns, const std::string& of) {
    return state.at(netns)->sysctls.at("net.netfilter.nf_conntrack_" + of).value;
  };
  EXPECT_EQ(seconds("eg-vnet-left", "tcp_timeout_established"), "240");
  EXPECT_EQ(seconds("eg-vnet-left", "udp_timeout"), "240");
  EXPECT_EQ(seconds("eg-vnet-left", "udp_timeout_stream"), "240");
  EXPECT_EQ(seconds("eg-vnet-right", "tcp_timeout_established"), "432000");
  EXPECT_EQ(seconds("eg-vnet-right", "udp_timeout"), "30");
  EXPECT_EQ(seconds("eg-vnet-right", "udp_timeout_stream"), "120");
}

TEST(Compile, ANatGatewayKeepsTheTimesOfAzure) {
  const state::KernelState state = testing_support::compiled(testing_support::lab_from(R"(
natGateways: {nat: {publicIpPrefixes: [20.61.7.0/31], idleTimeoutInMinutes: 10}}
virtualNetworks:
  v: {addressPrefixes: [10.0.0.0/16], subnets: {a: {addressPrefix: 10.0.1.0/24, natGateway: nat}}}
serverFarms: {plan: {}}
hosts: {a: {subnet: v/a, ipAddress: 10.0.1.4}}
)"));
  const auto& sysctls = state.at("eg-nat-nat")->sysctls;
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"tcp_timeout_established", "600"},
                                          {"tcp_timeout_syn_sent", "30"},
                                          {"tcp_timeout_syn_recv", "30"},
                                          {"tcp_timeout_fin_wait", "65"},
                                          {"tcp_timeout_close_wait", "65"},
                                          {"tcp_timeout_last_ack", "65"},
                                          {"tcp_timeout_time_wait", "65"},
                                          {"tcp_timeout_close", "16"},
                                          {"udp_timeout", "240"},
                                          {"udp_timeout_stream", "240"},
                                          {"tcp_loose", "0"},
                                          {"tcp_be_liberal", "1"}}) {
    EXPECT_EQ(sysctls.at("net.netfilter.nf_conntrack_" + name).value, value) << name;
  }
}

TEST(Compile, ANatGatewayTakesMailOfAppsWhereTheSubscriptionSendsIt) {
  const auto mail_rules = [](const char* offer) {
    const state::KernelState state = testing_support::compiled(
        testing_support::lab_from("subscriptions: {own: {quotaId: " + std::string(offer) + R"(}}
subscription: own
natGateways: {nat: {publicIpPrefixes: [20.61.7.0/31]}}
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      apps: {addressPrefix: 10.0.1.0/24, delegations: [Microsoft.Web/serverFarms], natGateway: nat}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps}}
)"));
    const auto& rules = state.at("eg-vnet-v")->firewall->table->chains.at("to_nat/nat").rules;
    return std::count_if(rules.begin(), rules.end(), [](const state::NftRule& rule) {
      return rule.expression.starts_with("ip saddr @leases tcp dport 25 counter log ");
    });
  };
  EXPECT_EQ(mail_rules("PayAsYouGo_2014-09-01"), 1);
  EXPECT_EQ(mail_rules("EnterpriseAgreement_2014-09-01"), 0);
}

TEST(Translations, OfIntegrationsAreInZonesWhereThereAreTwo) {
  TwoIntegrations two;
  const auto zones = [&] {
    const auto network = policy::analyse({.lab = two.lab, .leases = two.addresses});
    return translations(*network).value().workers.at({"plan", 0});
  };
  const Ipv4Address left = two.addresses.at({"plan", 0, {"left", "apps"}});
  const Ipv4Address right = two.addresses.at({"plan", 0, {"right", "apps"}});
  EXPECT_EQ(zones().at(0).count(left), 1U);
  EXPECT_EQ(zones().at(1), std::set{right});
  two.lab.sites.erase("app-right");
  two.addresses = testing_support::leases_of(two.lab);
  EXPECT_EQ(zones().at(0).count(left), 1U);
  EXPECT_EQ(zones().size(), 1U);
}

TEST(InsideAddresses, AreThoseThatTheStampHasRoutesTo) {
  const TwoIntegrations lab;
  const auto network = policy::analyse({.lab = lab.lab, .leases = lab.addresses});
  const InsideAddresses inside = inside_addresses(*network).value();
  EXPECT_EQ(inside.size(), 3U);
  const state::KernelState state = lab.compile();
  const auto& routes = state.at("eg-stamp")->routes;
  for (const auto& [address, instance] : inside) {
    EXPECT_EQ(instance, (policy::WorkerKey{"plan", 0}));
    EXPECT_TRUE(routes.contains({state::kMainTable, Ipv4Prefix::host(address)}))
        << address.to_string();
  }
}

}  // namespace
}  // namespace egress::compile
