// SPDX-License-Identifier: MIT

// Limits of the service that take more objects to break than anybody writes into a case file.

#include "lab/limits.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lab/schema/vocabulary.hpp"
#include "lab/validate.hpp"

namespace egress::lab {
namespace {

// The messages about `path`, in lines.
std::string limits_at(const Lab& lab, const std::string& path) {
  std::string text;
  for (const Finding& finding : validate(lab)) {
    if (finding.path == path && finding.code == "limit") text += finding.message + "\n";
  }
  return text;
}

Ipv4Prefix nth_prefix(uint32_t index) {
  return Ipv4Prefix::host({0x0a000000U + index});
}

SecurityRule rule_for_all(int priority) {
  return {.priority = priority,
          .source = {.any = true},
          .destination = {.any = true},
          .source_ports = PortSet::all(),
          .destination_ports = PortSet::all()};
}

TEST(Limits, AllowAThousandRulesInAGroup) {
  Lab lab;
  auto& rules = lab.network_security_groups["nsg"].security_rules;
  for (size_t i = 0; i < kMaxSecurityRules; ++i) {
    rules[fmt::format("r{}", i)] = rule_for_all(100 + static_cast<int>(i));
  }
  EXPECT_TRUE(validate(lab).empty());
  rules["one-more"] = rule_for_all(4000);
  EXPECT_EQ(limits_at(lab, "networkSecurityGroups.nsg.securityRules"),
            "1001 rules in one group, 1000 are allowed\n");
}

TEST(Limits, CountSourceAndDestinationAddressesOfAGroupApart) {
  Lab lab;
  SecurityRule rule = rule_for_all(100);
  rule.source.any = false;
  for (uint32_t i = 0; i < kMaxAddressesPerSide; ++i) rule.source.prefixes.push_back(nth_prefix(i));
  rule.destination = rule.source;
  lab.network_security_groups["nsg"].security_rules["rule"] = rule;
  EXPECT_TRUE(validate(lab).empty());
  SecurityRule& more = lab.network_security_groups["nsg"].security_rules["more"];
  more = rule_for_all(101);
  more.source = {.prefixes = {nth_prefix(9999)}};
  more.destination = {.prefixes = {nth_prefix(9998), nth_prefix(9999)}};
  EXPECT_EQ(limits_at(lab, "networkSecurityGroups.nsg.securityRules"),
            "4001 source addresses and ranges in one group, Azure takes 4000\n"
            "4002 destination addresses and ranges in one group, Azure takes 4000\n");
  for (const Finding& finding : validate(lab)) EXPECT_EQ(finding.severity, Severity::kWarning);
}

TEST(Limits, BoundApplicationSecurityGroups) {
  Lab lab;
  for (size_t i = 0; i <= kMaxApplicationSecurityGroups; ++i) {
    lab.application_security_groups.insert(fmt::format("g{}", i));
  }
  EXPECT_EQ(limits_at(lab, "applicationSecurityGroups"),
            "3001 application security groups, 3000 are allowed\n");
  for (int rule = 0; rule < 11; ++rule) {
    SecurityRule& added =
        lab.network_security_groups["nsg"].security_rules[fmt::format("r{}", rule)];
    added = rule_for_all(100 + rule);
    added.destination = {};
    for (int i = 0; i < 10; ++i) {
      added.destination.application_security_groups.push_back(fmt::format("g{}", rule * 10 + i));
    }
  }
  EXPECT_EQ(limits_at(lab, "networkSecurityGroups.nsg.securityRules"),
            "110 application security groups in one group, 100 are allowed\n");
}

TEST(Limits, BoundTheApplicationSecurityGroupsOfAHost) {
  Lab lab;
  lab.hosts["h"] = {.subnet = SubnetRef{"v", "s"}};
  for (size_t i = 0; i <= kMaxApplicationSecurityGroupsPerHost; ++i) {
    lab.application_security_groups.insert(fmt::format("g{}", i));
  }
  lab.hosts["h"].application_security_groups.assign(lab.application_security_groups.begin(),
                                                    lab.application_security_groups.end());
  EXPECT_EQ(limits_at(lab, "hosts.h.applicationSecurityGroups"),
            "21 application security groups, 20 are allowed for a host\n");
}

TEST(Limits, AllowFourHundredRoutesInATableAndTwentyFiveWithATag) {
  Lab lab;
  auto& routes = lab.route_tables["table"].routes;
  for (uint32_t i = 0; i < kMaxRoutes; ++i) {
    routes[fmt::format("r{}", i)] = {.address_prefix = nth_prefix(i)};
  }
  EXPECT_TRUE(validate(lab).empty());
  ServiceTags tags;
  for (size_t i = 0; i <= kMaxServiceTagRoutes; ++i) {
    const std::string tag = fmt::format("Tag{}", i);
    tags[tag] = {};
    routes["t" + tag] = {.service_tag = tag};
  }
  lab.service_tags_file = "tags.json";
  lab.service_tags = std::make_shared<const ServiceTags>(std::move(tags));
  EXPECT_EQ(limits_at(lab, "routeTables.table.routes"),
            "426 routes in one table, 400 are allowed\n"
            "26 routes with a service tag in one table, 25 are allowed\n");
}

TEST(Limits, BoundThePeeringsOfANetwork) {
  Lab lab;
  lab.virtual_networks["hub"].address_prefixes = {{{0x0a000000}, 16}};
  for (uint32_t i = 0; i <= kMaxPeerings; ++i) {
    const std::string spoke = fmt::format("spoke{}", i);
    lab.virtual_networks[spoke].address_prefixes = {{{0x0b000000U + (i << 8U)}, 24}};
    lab.virtual_networks[spoke].virtual_network_peerings["hub"] = {};
    lab.virtual_networks["hub"].virtual_network_peerings[spoke] = {};
  }
  EXPECT_EQ(limits_at(lab, "virtualNetworks.hub.virtualNetworkPeerings"),
            "501 peerings, 500 are allowed\n");
}

TEST(Limits, BoundThePortsOfAHost) {
  Lab lab;
  lab.hosts["h"] = {.ip_address = {0x5db8d822}};
  for (size_t i = 0; i < kMaxListen; ++i) {
    lab.hosts["h"].listen.push_back({Protocol::kTcp, static_cast<uint16_t>(1 + i)});
  }
  EXPECT_TRUE(validate(lab).empty());
  lab.hosts["h"].listen.push_back({Protocol::kUdp, 53});
  EXPECT_EQ(limits_at(lab, "hosts.h.listen"), "1001 ports, a host listens on 1000 at most\n");
}

TEST(Limits, BoundTheAppSettingsOfASite) {
  Lab lab{.outbound_ip_addresses = {{0x14320104}}};
  lab.server_farms["plan"] = {};
  Site& site = lab.sites["web"];
  site.server_farm = "plan";
  for (size_t i = 0; i < kMaxAppSettingsBytes / kMaxAppSettingBytes; ++i) {
    site.app_settings[fmt::format("S{}", i)] = std::string(kMaxAppSettingBytes - 2, 'x');
  }
  EXPECT_TRUE(validate(lab).empty());
  site.app_settings["S0"] += "x";
  EXPECT_EQ(limits_at(lab, "sites.web.appSettings.S0"),
            "32769 bytes, an app setting has 32768 at most\n");
  EXPECT_EQ(limits_at(lab, "sites.web.appSettings"),
            "262145 bytes, the app settings of a site have 262144 at most\n");
}

TEST(Limits, BoundTheLinksOfAZone) {
  Lab lab;
  PrivateDnsZone& zone = lab.private_dns_zones["corp.internal"];
  zone.zone_name = "corp.internal";
  for (uint32_t i = 0; i <= kMaxZoneLinks; ++i) {
    const std::string vnet = fmt::format("v{}", i);
    lab.virtual_networks[vnet] = {.location = lab.location,
                                  .address_prefixes = {{{0x0a000000U + (i << 8U)}, 24}}};
    zone.virtual_network_links[vnet] = {};
  }
  EXPECT_EQ(limits_at(lab, "privateDnsZones.corp.internal.virtualNetworkLinks"),
            "1001 virtual network links, 1000 are allowed\n");
}

TEST(Limits, BoundTextsAndFullNamesOfRecords) {
  Lab lab;
  RecordSet& set = lab.public_dns.record_sets["a.example"];
  set.txt = {std::string(kMaxTextRecord, 'x')};
  EXPECT_EQ(limits_at(lab, "publicDns.recordSets.a.example.TXT[0]"), "");
  set.txt.front() += 'x';
  EXPECT_EQ(limits_at(lab, "publicDns.recordSets.a.example.TXT[0]"),
            "a text has at most 1024 characters\n");
  PrivateDnsZone& zone = lab.private_dns_zones["corp.internal"];
  zone.zone_name = "corp.internal";
  const std::string label(60, 'a');
  const std::string name = label + "." + label + "." + label + "." + label;
  zone.record_sets[name].txt = {"x"};
  EXPECT_EQ(validate(lab).size(), 2U) << "the text, the name";
}

TEST(Limits, BoundThePrivateEndpointsOfANetwork) {
  Lab lab;
  lab.virtual_networks["v"] = {.location = lab.location, .address_prefixes = {{{0x0a000000}, 16}}};
  lab.virtual_networks["v"].subnets["s"].address_prefixes = {{{0x0a000000}, 16}};
  lab.services["sql"] = {
      .type = "Microsoft.Sql/servers", .location = lab.location, .ip_address = {0x14010101}};
  for (size_t i = 0; i <= kMaxPrivateEndpoints; ++i) {
    lab.private_endpoints[fmt::format("pe{}", i)] = {.subnet = {"v", "s"},
                                                     .private_link_service = "sql"};
  }
  EXPECT_EQ(limits_at(lab, "privateEndpoints"),
            "1001 private endpoints, 1000 are allowed in virtual network 'v'\n");
}

TEST(Limits, BoundThePrivatePortsOfAPlan) {
  Lab lab;
  lab.virtual_networks["v"] = {.location = lab.location, .address_prefixes = {{{0x0a000000}, 16}}};
  lab.virtual_networks["v"].subnets["s"] = {.address_prefixes = {{{0x0a000000}, 24}},
                                            .delegations = {kServerFarmsDelegation}};
  lab.server_farms["plan"] = {};
  const Site integrated{.server_farm = "plan",
                        .virtual_network_subnet = SubnetRef{"v", "s"},
                        .vnet_private_ports_count = kMaxPrivatePorts};
  for (int i = 0; i < kMaxPrivatePortsPerPlan / kMaxPrivatePorts; ++i) {
    lab.sites[fmt::format("site{:03}", i)] = integrated;
  }
  lab.sites["alone"] = {.server_farm = "plan", .vnet_private_ports_count = kMaxPrivatePorts};
  const auto errors = [&] {
    std::string text;
    for (const Finding& finding : validate(lab)) {
      if (finding.severity == Severity::kError) text += finding.path + ": " + finding.message;
    }
    return text;
  };
  EXPECT_EQ(errors(), "");
  lab.sites["zzz"] = integrated;
  EXPECT_EQ(errors(),
            "sites.site000.vnetPrivatePortsCount: the apps of plan 'plan' want 10100 private "
            "ports, an instance has 10000");
}

TEST(Limits, BoundTheAppsOfAPlan) {
  Lab lab{.outbound_ip_addresses = {{0x14320104}}};
  lab.server_farms["plan"] = {};
  for (size_t i = 0; i < kMaxSitesPerPlan; ++i) {
    lab.sites[fmt::format("site{:03}", i)].server_farm = "plan";
  }
  EXPECT_TRUE(validate(lab).empty());
  lab.sites["site999"].server_farm = "plan";
  EXPECT_EQ(limits_at(lab, "sites.site999.serverFarm"),
            "more than 250 apps in plan 'plan': a worker has no more addresses\n");
}

}  // namespace
}  // namespace egress::lab
