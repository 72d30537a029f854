// SPDX-License-Identifier: MIT
#include "lab/load.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "lab/limits.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing_support::ip;
using testing_support::prefix;

using testing::ElementsAre;
using testing::Pair;

Lab lab_from(const std::string& text) {
  const Loaded loaded = load_text(text);
  EXPECT_EQ(errors_of(loaded), "");
  return loaded.lab.value_or(Lab{});
}

std::string first_finding(const std::string& text) {
  const Loaded loaded = load_text(text);
  return loaded.findings.empty() ? std::string{} : loaded.findings.front().to_string();
}

TEST(Load, UnderstandsTheContractsExample) {
  const Loaded loaded = load_file(LAB_CONFIG "/examples/contract.yaml");
  ASSERT_TRUE(loaded.lab.has_value()) << errors_of(loaded);
  const Lab& lab = *loaded.lab;
  EXPECT_EQ(lab.location, "westeurope");
  EXPECT_THAT(lab.outbound_ip_addresses, ElementsAre(ip("20.50.1.4"), ip("20.50.1.5")));
  const Subnet& integration = *lab.find({"spoke", "integration"});
  EXPECT_THAT(integration.address_prefixes, ElementsAre(prefix("10.1.1.0/26")));
  EXPECT_THAT(integration.delegations, ElementsAre("Microsoft.Web/serverFarms"));
  EXPECT_EQ(integration.network_security_group, "nsg-integration");
  EXPECT_EQ(integration.route_table, "via-firewall");
  EXPECT_THAT(integration.service_endpoints,
              ElementsAre(ServiceEndpoint{.service = "Microsoft.Storage"}));
  const VirtualNetworkPeering peering{.allow_forwarded_traffic = true};
  EXPECT_THAT(lab.virtual_networks.at("hub").virtual_network_peerings,
              ElementsAre(Pair("spoke", peering)));
  const SecurityRule sql{.priority = 100,
                         .direction = Direction::kOutbound,
                         .access = Access::kDeny,
                         .protocol = SecurityRuleProtocol::kTcp,
                         .source = {.any = true},
                         .destination = {.prefixes = {prefix("10.1.2.0/24")}},
                         .source_ports = PortSet::all(),
                         .destination_ports = PortSet({{1433, 1433}})};
  EXPECT_THAT(lab.network_security_groups.at("nsg-integration").security_rules,
              ElementsAre(Pair("deny-sql", sql)));
  const Route route{.address_prefix = prefix("0.0.0.0/0"),
                    .next_hop_type = NextHopType::kVirtualAppliance,
                    .next_hop_ip_address = ip("10.0.1.4")};
  EXPECT_THAT(lab.route_tables.at("via-firewall").routes, ElementsAre(Pair("default", route)));
  EXPECT_EQ(lab.server_farms.at("plan"), (ServerFarm{"P1v3", 2}));
}

TEST(Load, UnderstandsTheContractsAppsHostsAndExpectations) {
  const Loaded loaded = load_file(LAB_CONFIG "/examples/contract.yaml");
  ASSERT_TRUE(loaded.lab.has_value()) << errors_of(loaded);
  const Lab& lab = *loaded.lab;
  const Site web{.server_farm = "plan",
                 .virtual_network_subnet = SubnetRef{"spoke", "integration"},
                 .outbound_vnet_routing = OutboundVnetRouting{.application_traffic = true},
                 .app_settings = {{"GREETING", "hello"}}};
  EXPECT_EQ(lab.sites.at("web"), web);
  const Host firewall{.subnet = SubnetRef{"hub", "firewall"},
                      .ip_address = ip("10.0.1.4"),
                      .enable_ip_forwarding = true,
                      .masquerade = ip("20.61.0.10")};
  EXPECT_EQ(lab.hosts.at("firewall"), firewall);
  const Host website{
      .ip_address = ip("93.184.216.34"),
      .names = {"www.example.com"},
      .listen = {{Protocol::kTcp, 80}, {Protocol::kTcp, 443}, {Protocol::kUdp, 9999}}};
  EXPECT_EQ(lab.hosts.at("website"), website);
  ASSERT_EQ(lab.expectations.size(), 3U);
  EXPECT_EQ(lab.expectations[0].by, "nsg-integration/deny-sql");
  EXPECT_EQ(lab.expectations[0].expect, Outcome::kDeny);
  EXPECT_EQ(lab.expectations[1].via, Path::kVirtualNetwork);
  EXPECT_THAT(lab.expectations[2].source, ElementsAre(prefix("20.61.0.10/32")));
  EXPECT_EQ(lab.expectations[2].line, lab.expectations[1].line + 1);
}

TEST(Load, WarnsOfWhatIsAcceptedAndNotEmulated) {
  EXPECT_THAT(load_file(LAB_CONFIG "/examples/contract.yaml").findings, testing::IsEmpty());
  const Loaded loaded = load_text(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    subnets: {s: {addressPrefix: 10.0.0.0/24, serviceEndpointPolicies: [policy]}}
)");
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_EQ(loaded.findings[0].severity, Severity::kWarning);
  EXPECT_EQ(loaded.findings[0].code, "not-emulated");
  EXPECT_EQ(loaded.findings[0].path, "virtualNetworks.v.subnets.s.serviceEndpointPolicies");
}

TEST(Load, TakesJsonAsTheYamlItIs) {
  const Lab lab = lab_from(R"({"serverFarms": {"plan": {"sku": "S1", "capacity": 3}}})");
  EXPECT_EQ(lab.server_farms.at("plan"), (ServerFarm{"S1", 3}));
}

TEST(Load, TakesEnumsAndTagsInAnyCaseAndGivesTheCanonicalOne) {
  const Lab lab = lab_from(R"(
location: West Europe
addressAllocation: HIGHEST
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    subnets: {s: {addressPrefix: 10.0.0.0/24, delegations: [microsoft.web/SERVERFARMS]}}
networkSecurityGroups:
  n:
    securityRules:
      r: {priority: 100, direction: outbound, access: ALLOW, protocol: tCP, sourcePortRange: "*",
          sourceAddressPrefix: virtualnetwork, destinationAddressPrefix: INTERNET,
          destinationPortRange: "*"}
serverFarms: {p: {sku: p1V3}}
)");
  EXPECT_EQ(lab.location, "westeurope");
  EXPECT_EQ(lab.address_allocation, AddressAllocation::kHighest);
  EXPECT_THAT(lab.find({"v", "s"})->delegations, ElementsAre("Microsoft.Web/serverFarms"));
  const SecurityRule& rule = lab.network_security_groups.at("n").security_rules.at("r");
  EXPECT_EQ(rule.direction, Direction::kOutbound);
  EXPECT_EQ(rule.access, Access::kAllow);
  EXPECT_EQ(rule.protocol, SecurityRuleProtocol::kTcp);
  EXPECT_EQ(rule.source.service_tag, "VirtualNetwork");
  EXPECT_EQ(rule.destination.service_tag, "Internet");
  EXPECT_EQ(lab.server_farms.at("p").sku, "P1v3");
}

TEST(Load, TakesAppSettingsAsTheTextTheyAreWrittenIn) {
  const Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {p: }
sites: {a: {serverFarm: p, appSettings: {NUMBER: 010, FLAG: yes, EMPTY: "", TEXT: "a b", ON: true}}}
)");
  EXPECT_THAT(lab.sites.at("a").app_settings,
              ElementsAre(Pair("EMPTY", ""), Pair("FLAG", "yes"), Pair("NUMBER", "010"),
                          Pair("ON", "true"), Pair("TEXT", "a b")));
}

TEST(Load, TakesPortsWithAndWithoutQuotes) {
  const Lab lab = lab_from(R"(
networkSecurityGroups:
  n:
    securityRules:
      r: {priority: 100, direction: Inbound, access: Deny, protocol: Udp, sourceAddressPrefix: "*",
          sourcePortRanges: [53, "1000-2000"], destinationAddressPrefixes: [10.0.0.1, 10.2.0.0/16],
          destinationPortRange: 0}
)");
  const SecurityRule& rule = lab.network_security_groups.at("n").security_rules.at("r");
  EXPECT_EQ(rule.source_ports, PortSet({{53, 53}, {1000, 2000}}));
  EXPECT_EQ(rule.destination_ports, PortSet({{0, 0}}));
  EXPECT_THAT(rule.destination.prefixes, ElementsAre(prefix("10.0.0.1/32"), prefix("10.2.0.0/16")));
}

TEST(Load, TakesNullAsTheAbsenceOfWhatItStandsFor) {
  const Lab lab = lab_from(R"(
hosts:
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/16]
    virtualNetworkPeerings: ~
    subnets: {s: {addressPrefixes: [10.0.0.0/24, 10.0.9.0/24], networkSecurityGroup: null}}
networkSecurityGroups: {empty: }
)");
  EXPECT_TRUE(lab.hosts.empty());
  EXPECT_FALSE(lab.find({"v", "s"})->network_security_group.has_value());
  EXPECT_EQ(lab.find({"v", "s"})->address_prefixes.size(), 2U);
  EXPECT_TRUE(lab.network_security_groups.at("empty").security_rules.empty());
}

TEST(Load, FollowsAliases) {
  const Lab lab = lab_from(R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {p: {}}
sites:
  a: &site {serverFarm: p, appSettings: {K: v}}
  b: *site
)");
  EXPECT_EQ(lab.sites.at("a"), lab.sites.at("b"));
}

TEST(Load, PutsAFindingOfAnAliasedValueWhereTheAnchorIs) {
  EXPECT_EQ(first_finding("serverFarms:\n  a: &plan {sku: P9v9}\n  b: *plan\n"),
            "lab.yaml:2:18: error: serverFarms.a.sku: unknown SKU 'P9v9'; write one like B1, S1, "
            "P1v3, P1v4 or EP1");
}

TEST(Load, GivesAllFindingsOfAFileInTheOrderOfTheFile) {
  const Loaded loaded = load_text(
      "sites:\n  web: {serverFarm: nowhere}\nlocation: 5$\nhosts: [x]\nserverFarms: {p: {sku: "
      "X}}\n");
  std::vector<std::pair<int, int>> places;
  for (const Finding& finding : loaded.findings) places.emplace_back(finding.line, finding.column);
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  EXPECT_GE(places.size(), 4U);
}

TEST(Load, LeavesOutWhatOnlyFollowsFromAValueItCouldNotRead) {
  const Loaded loaded = load_text(R"(
virtualNetworks:
  v:
    addressPrefixes: [10.0.0.0/99]
    subnets: {s: {addressPrefix: 10.0.0.0/24}}
hosts: {h: {subnet: v/s, ipAddress: 10.0.0.300}}
)");
  EXPECT_EQ(loaded.findings.size(), 2U) << errors_of(loaded);
}

TEST(Load, TakesUnreadableReferencesForNothingMore) {
  const Loaded loaded = load_text(R"(
outboundIpAddresses: [20.50.1.4]
serverFarm: {plan: {sku: P1v3}}
sites: {web: {serverFarm: plan}}
)");
  ASSERT_EQ(loaded.findings.size(), 1U) << errors_of(loaded);
  EXPECT_EQ(loaded.findings[0].hint, "did you mean 'serverFarms'?");
}

TEST(Load, StopsListingFindingsNobodyReads) {
  std::string text = "sites:\n";
  for (size_t i = 0; i < kMaxFindings + 7; ++i) text += "  s" + std::to_string(i) + ": {oops: 1}\n";
  const Loaded loaded = load_text(text);
  ASSERT_EQ(loaded.findings.size(), kMaxFindings + 1);
  EXPECT_EQ(loaded.findings.back().code, "too-many-findings");
  EXPECT_FALSE(loaded.lab.has_value());
}

TEST(Load, SaysWhichFileItCannotRead) {
  const Loaded loaded = load_file(LAB_CONFIG "/no-such.yaml");
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_EQ(loaded.findings[0].to_string(),
            LAB_CONFIG "/no-such.yaml: error: cannot read it: No such file or directory");
  EXPECT_EQ(load_file(LAB_CONFIG).findings.at(0).to_string(),
            LAB_CONFIG ": error: cannot read it: it is a folder");
}

TEST(Load, WaitsForNoFileThatTheLabNames) {
  const std::filesystem::path folder = testing::TempDir() + "load_test.fifo";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(std::filesystem::create_directory(folder));
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("fifo", folder / "link");
  const ReadFile read_file = reader_beside(folder / "lab.yaml");
  for (const std::string path : {"fifo", "link", "/dev/zero", "/dev/tty"}) {
    const Loaded loaded = load("serviceTags: " + path, "lab.yaml", read_file);
    EXPECT_EQ(errors_of(loaded), "lab.yaml:1:14: error: serviceTags: cannot read '" + path +
                                     "': it is a pipe, a device or a socket\n");
  }
  EXPECT_EQ(load_file(folder / "fifo").findings.at(0).message,
            "cannot read it: it is a pipe, a device or a socket");
  EXPECT_EQ(read_file(".").error().to_string(), "it is a folder");
  std::filesystem::remove_all(folder);
}

TEST(Load, RepeatsOnlyTheStartOfALongFileName) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const std::string name = "\x1b" + std::string(5 * kMaxFileName, 'n');
  for (const Finding& finding : load(text, name, no_files).findings) {
    EXPECT_EQ(finding.file, "\\x1b" + std::string(kMaxFileName - 1, 'n') + "...");
  }
}

TEST(ServiceTagsFile, IsTheOneThatTheLabNames) {
  EXPECT_EQ(service_tags_file("serviceTags: tags.json\nlocation: x"), "tags.json");
  EXPECT_EQ(service_tags_file("location: westeurope"), std::nullopt);
  EXPECT_EQ(service_tags_file("]["), std::nullopt);
  EXPECT_EQ(service_tags_file("serviceTags: [a, b]"), std::nullopt);
  EXPECT_EQ(service_tags_file("serviceTags: a\nserviceTags: b"), "a");
}

TEST(Load, ReadsServiceTagsThroughTheGivenFunctionOnly) {
  std::vector<std::string> asked;
  const Loaded loaded = load("serviceTags: ../t.json", "lab.yaml", [&](const std::string& path) {
    asked.push_back(path);
    return Result<std::string>(std::string(R"({"values": []})"));
  });
  EXPECT_THAT(asked, ElementsAre("../t.json"));
  ASSERT_TRUE(loaded.lab.has_value()) << errors_of(loaded);
  EXPECT_NE(loaded.lab->service_tags, nullptr);
}

TEST(Finding, IsWrittenAsCompilersDo) {
  const Finding finding{.file = "lab.yaml",
                        .line = 3,
                        .column = 5,
                        .path = "hosts.sql",
                        .message = "wrong",
                        .hint = "do better"};
  EXPECT_EQ(finding.to_string(), "lab.yaml:3:5: error: hosts.sql: wrong; do better");
  EXPECT_EQ((Finding{.severity = Severity::kWarning, .file = "f", .message = "m"}).to_string(),
            "f: warning: m");
}

}  // namespace
}  // namespace egress::lab
