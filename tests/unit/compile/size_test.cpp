// SPDX-License-Identifier: MIT
#include "compile/size.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "compile/compile.hpp"
#include "state/nft_steps.hpp"
#include "tests/support/applied_lab.hpp"
#include "tests/support/files.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::compile {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Made {
  uint64_t links = 0;
  uint64_t routes = 0;
  uint64_t rows = 0;
};

Made count(const state::KernelState& state) {
  Made made;
  for (const auto& [name, netns] : state) {
    for (const auto& [link_name, link] : netns->links) {
      if (link.kind == state::LinkKind::kTun) made.links += 2;
      if (link.kind == state::LinkKind::kVeth) made.links += 1;
    }
    made.routes += netns->routes.size();
    if (!netns->firewall || !netns->firewall->table) continue;
    for (const auto& [name_there, map] : netns->firewall->table->maps) {
      if (state::switch_of(map) != state::NftSwitch::kWithRules) made.rows += map.rows.size();
    }
  }
  made.links /= 2;
  return made;
}

// A list of `rules` rules of `prefixes` prefixes each, with a tag of `tag` in the last, on a subnet
// with machines.
lab::Lab listed(size_t rules, size_t prefixes, size_t tag) {
  lab::Lab lab;
  lab.outbound_ip_addresses = {{0x14320104}};
  lab.virtual_networks["v"] = {.address_prefixes = {{{0x0a000000}, 8}}};
  lab.virtual_networks["v"].subnets["s"] = {.address_prefixes = {{{0x0a010000}, 16}},
                                            .network_security_group = "n"};
  lab.hosts["h"] = {.subnet = {{"v", "s"}}, .ip_address = {0x0a010004}};
  std::vector<Ipv4Prefix> tagged;
  for (size_t i = 0; i < tag; ++i) {
    tagged.push_back(Ipv4Prefix::host({static_cast<uint32_t>(0x28000000 + 2 * i)}));
  }
  lab.service_tags = std::make_shared<const lab::ServiceTags>(
      lab::ServiceTags{{"Tag", {.addresses = address_set(tagged)}}});
  for (size_t i = 0; i < rules; ++i) {
    lab::SecurityRule rule{.priority = static_cast<int>(100 + i),
                           .access = i % 2 == 0 ? lab::Access::kDeny : lab::Access::kAllow,
                           .source = {.any = true},
                           .source_ports = PortSet::all(),
                           .destination_ports = PortSet({{uint16_t(i + 1), uint16_t(i + 1)}})};
    for (size_t k = 0; k < prefixes; ++k) {
      const auto at = static_cast<uint32_t>(0x0a020000 + 512 * (i * prefixes + k));
      rule.destination.prefixes.push_back({{at}, 24});
    }
    if (i + 1 == rules) rule.destination = {.service_tag = "Tag"};
    lab.network_security_groups["n"].security_rules["r" + std::to_string(i)] = rule;
  }
  return lab;
}

class SizeOfExample : public testing::TestWithParam<std::string> {};

TEST_P(SizeOfExample, IsWhatCompilingItMakes) {
  const lab::Lab lab = testing_support::lab_in(GetParam());
  const state::KernelState state = testing_support::compiled(lab);
  const Size size = size_of(lab, {});
  const Made made = count(state);
  EXPECT_EQ(size.namespaces.total, state.size());
  EXPECT_EQ(size.links.total, made.links);
  EXPECT_GE(size.routes.total, made.routes);
  EXPECT_LE(size.routes.total, 100 + 3 * made.routes);
  EXPECT_GE(2 * size.firewall_elements.total, made.rows);
  EXPECT_LE(size.firewall_elements.total, 200 + 10 * made.rows);
  EXPECT_THAT(check_size(lab, {}, "lab.yaml"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Examples, SizeOfExample,
                         testing::ValuesIn(testing_support::yaml_files(LAB_EXAMPLES)),
                         testing_support::test_name);

TEST(Size, CountsTheFrontEndsOfAppsThatAreCalled) {
  const lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: 10.0.1.0/24}}}}
serverFarms: {plan: {capacity: 3}, other: {}}
privateEndpoints:
  first: {subnet: v/s, privateLinkService: private}
  second: {subnet: v/s, privateLinkService: private}
sites:
  private: {serverFarm: plan}
  public: {serverFarm: plan, inboundIpAddress: 20.50.2.4}
  neither: {serverFarm: other}
)");
  const Size size = size_of(lab, {});
  const state::KernelState state = testing_support::compiled(lab);
  EXPECT_EQ(size.namespaces.total, state.size());
  EXPECT_EQ(size.links.total, count(state).links);
  EXPECT_GE(size.routes.total, count(state).routes);
}

TEST(Size, CountsBothDevicesOfAWire) {
  const auto lab_of = [](const std::string& interface) {
    return testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    subnets: {apps: {addressPrefix: 10.0.1.0/24, delegations: [Microsoft.Web/serverFarms]}}
serverFarms: {plan: {capacity: 3, interface: )" +
                                     interface + R"(}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/apps}}
)");
  };
  const lab::Lab wired = lab_of("tun");
  EXPECT_EQ(size_of(wired, {}).links.total, count(testing_support::compiled(wired)).links);
  EXPECT_EQ(size_of(wired, {}).links.total, size_of(lab_of("veth"), {}).links.total + 3);
}

TEST(Size, OfALabIsNoMoreWiresThanAProcessCarries) {
  std::string plans = "serverFarms:\n";
  std::string sites = "sites:\n";
  for (int i = 0; i < 35; ++i) {
    plans += fmt::format("  p{}: {{capacity: 30, interface: tun}}\n", i);
    sites += fmt::format("  s{}: {{serverFarm: p{}, virtualNetworkSubnet: v/apps}}\n", i, i);
  }
  lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/8]
    subnets: {apps: {addressPrefix: 10.1.0.0/16, delegations: [Microsoft.Web/serverFarms]}}
)" + plans + sites);
  const auto wires_in = [](const std::vector<lab::Finding>& findings) {
    return std::count_if(findings.begin(), findings.end(), [](const lab::Finding& finding) {
      return finding.message.find("1050 TUN wires") != std::string::npos;
    });
  };
  EXPECT_EQ(wires_in(check_size(lab, {}, "lab.yaml")), 1);
  lab.server_farms["p0"].interface = lab::IntegrationInterface::kVeth;
  EXPECT_EQ(wires_in(check_size(lab, {}, "lab.yaml")), 0);
  EXPECT_EQ(size_of(lab, {}).wires.total, 1020U);
}

TEST(Size, CountsTheLanesOfClassesInUse) {
  const lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    subnets: {apps: {addressPrefix: 10.0.1.0/24, delegations: [Microsoft.Web/serverFarms]}}
serverFarms: {plan: {capacity: 3}}
sites:
  joined: {serverFarm: plan, virtualNetworkSubnet: v/apps}
  plain: {serverFarm: plan, linuxFxVersion: "DOCKER|images.example.com/web:1"}
)");
  const policy::TrafficInUse run_in{
      {"joined",
       {lab::TrafficClass::kBackupRestore, lab::TrafficClass::kKeyVault,
        lab::TrafficClass::kManagedIdentity}},
      {"plain", {lab::TrafficClass::kKeyVault}}};
  const Size size = size_of(lab, {}, run_in);
  const state::KernelState state =
      compile(*policy::analyse(
                  {.lab = lab, .leases = testing_support::leases_of(lab), .traffic = run_in}))
          .value();
  EXPECT_EQ(size.namespaces.total, state.size());
  EXPECT_EQ(size.links.total, count(state).links);
  EXPECT_GE(size.routes.total, count(state).routes);
  const auto findings = check_size(lab, {.namespaces = 20}, "lab.yaml", run_in);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].path, "sites.joined");
  EXPECT_THAT(check_size(lab, {.namespaces = 20}, "lab.yaml"), IsEmpty());
}

TEST(Size, CountsNatGatewaysThatSubnetsHave) {
  const lab::Lab lab = testing_support::lab_from(R"(
natGateways:
  used: {publicIpPrefixes: [20.61.7.0/28]}
  other: {publicIpPrefixes: [20.61.8.0/28]}
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    subnets:
      a: {addressPrefix: 10.0.1.0/24, natGateway: used}
      b: {addressPrefix: 10.0.2.0/24, natGateway: used}
serverFarms: {plan: {}}
hosts: {a: {subnet: v/a, ipAddress: 10.0.1.4}, b: {subnet: v/b, ipAddress: 10.0.2.4}}
)");
  const Size size = size_of(lab, {});
  const state::KernelState state = testing_support::compiled(lab);
  EXPECT_EQ(size.namespaces.total, state.size());
  EXPECT_EQ(size.links.total, count(state).links);
  EXPECT_GE(size.routes.total, count(state).routes);
}

TEST(Size, CountsPrivatePortsInTheNetworkAndTheWorkers) {
  lab::Lab lab = testing_support::lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: 10.0.1.0/26, delegations: [Microsoft.Web/serverFarms]}}}
serverFarms: {plan: {capacity: 3}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: v/s}, alone: {serverFarm: plan, vnetPrivatePortsCount: 9}}
)");
  const uint64_t without = size_of(lab, {}).firewall_elements.total;
  lab.sites["web"].vnet_private_ports_count = 4;
  EXPECT_EQ(size_of(lab, {}).firewall_elements.total, without + 2 * 3 * 4);
}

TEST(Size, CountsTheListsOfInterfacesAndTheTableOfPublicAnswers) {
  lab::Lab lab = testing_support::lab_from(R"(
natGateways: {nat: {publicIpPrefixes: [20.61.7.0/31]}}
virtualNetworks:
  v: {addressPrefixes: [10.0.0.0/16], subnets: {a: {addressPrefix: 10.0.1.0/24, natGateway: nat}}}
networkSecurityGroups: {nsg: {}}
hosts: {a: {subnet: v/a, ipAddress: 10.0.1.4}, b: {subnet: v/a, ipAddress: 10.0.1.5}}
)");
  const auto expect_enough = [&] {
    const Made made = count(testing_support::compiled(lab));
    EXPECT_GE(2 * size_of(lab, {}).firewall_elements.total, made.rows);
    EXPECT_GE(size_of(lab, {}).routes.total, made.routes);
  };
  const uint64_t before = size_of(lab, {}).firewall_elements.total;
  lab.hosts["a"].network_security_group = "nsg";
  const uint64_t one = size_of(lab, {}).firewall_elements.total - before;
  EXPECT_GT(one, 0U);
  expect_enough();
  lab.hosts["b"].network_security_group = "nsg";
  EXPECT_EQ(size_of(lab, {}).firewall_elements.total, before + 2 * one);
  const uint64_t routes = size_of(lab, {}).routes.total;
  lab.hosts["a"].public_ip_address = "20.61.7.9";
  EXPECT_GT(size_of(lab, {}).routes.total, routes);
  expect_enough();
}

TEST(Size, OfAThousandRulesIsNearWhatCompilingThemMakes) {
  const lab::Lab lab = listed(1000, 10, 10'000);
  const Made made = count(compile(*policy::analyse({.lab = lab})).value());
  const uint64_t counted = size_of(lab, {}).firewall_elements.total;
  EXPECT_GE(2 * counted, made.rows);
  EXPECT_LE(counted, 4 * made.rows);
}

TEST(CheckSize, TakesAThousandWorkersWithTwoThousandAppsAndLongLists) {
  lab::Lab lab = listed(1000, 10, 10'000);
  lab.outbound_ip_addresses.push_back({0x14320105});
  for (int i = 0; i < 20; ++i) {
    auto& subnets = lab.virtual_networks["v"].subnets;
    subnets["more" + std::to_string(i)] = subnets["s"];
  }
  for (int plan = 0; plan < 10; ++plan) {
    const std::string name = "plan" + std::to_string(plan);
    lab.server_farms[name] = {.capacity = 100};
    for (const char* site : {"a", "b"}) {
      lab.sites[site + name] = {.server_farm = name, .virtual_network_subnet = {{"v", "s"}}};
    }
  }
  EXPECT_THAT(check_size(lab, {}, "lab.yaml"), IsEmpty());
  EXPECT_EQ(size_of(lab, {}).namespaces.total, 3'004U);
}

TEST(CheckSize, NamesTheCountItsLimitItsCauseAndWhatRaisesIt) {
  lab::Lab lab;
  for (const char* plan : {"small", "large"}) lab.server_farms[plan] = {.capacity = 2};
  lab.server_farms["large"].capacity = 100;
  for (int i = 0; i < 250; ++i) lab.sites["s" + std::to_string(i)] = {.server_farm = "large"};
  const auto findings = check_size(lab, {}, "lab.yaml");
  ASSERT_THAT(findings, SizeIs(2));
  const std::string text = findings[0].to_string();
  EXPECT_THAT(text, HasSubstr("lab.yaml: error: serverFarms.large"));
  EXPECT_THAT(text, HasSubstr("25104 namespaces"));
  EXPECT_THAT(text, HasSubstr("25100 of them here"));
  EXPECT_THAT(text, HasSubstr("limit is 5000"));
  EXPECT_THAT(text, HasSubstr("limits.namespaces in egressd.yaml"));
  EXPECT_THAT(findings[1].to_string(), HasSubstr("links"));
  EXPECT_THAT(check_size(lab, {.namespaces = 25'104, .links = 25'104}, "lab.yaml"), IsEmpty());
}

// Nothing of these may be expanded to be refused: they would be of ten million ranges and more.
TEST(CheckSize, RefusesTagsThatStandInManyRulesSubnetsAndRoutes) {
  lab::Lab rules = listed(1000, 0, 10'000);
  for (auto& [name, rule] : rules.network_security_groups["n"].security_rules) {
    rule.destination = {.service_tag = "Tag"};
  }
  EXPECT_THAT(check_size(rules, {}, "f"), SizeIs(1));

  lab::Lab subnets = listed(1, 0, 10'000);
  for (int i = 0; i < 1'000; ++i) {
    auto& all = subnets.virtual_networks["v"].subnets;
    all["s" + std::to_string(i)] = all["s"];
  }
  EXPECT_THAT(check_size(subnets, {}, "f"), SizeIs(1));

  lab::Lab routes = listed(1, 0, 10'000);
  routes.network_security_groups.clear();
  routes.route_tables["r"].routes["t"] = {.service_tag = "Tag"};
  for (int i = 0; i < 30; ++i) {
    routes.virtual_networks["v"].subnets["s" + std::to_string(i)] = {
        .address_prefixes = {{{0x0a010000}, 16}}, .route_table = "r"};
  }
  const auto findings = check_size(routes, {}, "f");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].path, "routeTables.r");
}

TEST(CheckSize, RefusesRulesWhoseTwoSidesMultiply) {
  lab::Lab lab = listed(1, 0, 1);
  auto& rules = lab.network_security_groups["n"].security_rules;
  rules.clear();
  // Each within the one before, so that an address meets as many rules as its prefix is long.
  for (int i = 0; i < 900; ++i) {
    lab::SecurityRule rule{
        .priority = 100 + i, .source_ports = PortSet::all(), .destination_ports = PortSet::all()};
    for (int k = 0; k < 20; ++k) {
      rule.source.prefixes.push_back({{uint32_t(0x0b000000 + 512 * (20 * i + k))}, 24});
    }
    for (int k = i; k < 900; ++k)
      rule.destination.prefixes.push_back({{uint32_t(0x0c000000 + 512 * k)}, 24});
    rules["r" + std::to_string(i)] = rule;
  }
  EXPECT_THAT(check_size(lab, {}, "f"), SizeIs(1));
}

}  // namespace
}  // namespace egress::compile
