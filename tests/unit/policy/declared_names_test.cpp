// SPDX-License-Identifier: MIT
#include "policy/declared_names.hpp"

#include <fmt/format.h>

#include "tests/unit/policy/lab_builder.hpp"

namespace egress::policy::test {
namespace {

constexpr const char* kBlobZone = "privatelink.blob.core.windows.net";

lab::Lab hub_and_spoke() {
  lab::Lab lab;
  for (const char* name : {"hub", "spoke"}) {
    vnet(lab, name, {name[0] == 'h' ? "10.0.0.0/16" : "10.1.0.0/16"});
    subnet(lab, std::string(name) + "/data", name[0] == 'h' ? "10.0.2.0/24" : "10.1.2.0/24");
  }
  host(lab, "VM", "spoke/data", "10.1.2.4");
  host(lab, "server", "hub/data", "10.0.2.4");
  return lab;
}

// A storage account, with an endpoint for its blobs whose records go to the zone.
lab::Lab with_account() {
  lab::Lab lab = hub_and_spoke();
  lab.services["store"] = {.type = "Microsoft.Storage/storageAccounts",
                           .location = "westeurope",
                           .ip_address = ip("20.60.223.4")};
  lab.private_dns_zones[kBlobZone].virtual_network_links["spoke"];
  lab.private_endpoints["pe"] = {.subnet = subnet_ref("spoke/data"),
                                 .private_link_service = "store",
                                 .group_ids = {"blob"},
                                 .private_dns_zones = {kBlobZone}};
  return lab;
}

// The answer to `network`, or on the Internet for an empty one: "CNAME x A 10.0.0.4",
// "NXDOMAIN".
std::string ask(const lab::Lab& lab, const std::string& network, const std::string& name,
                RecordType type = RecordType::kA,
                const EndpointAddresses& endpoints = {{"pe", ip("10.1.2.9")},
                                                      {"pe2", ip("10.1.2.8")}}) {
  const Names names = names_of(lab, endpoints);
  std::optional<uint32_t> view;
  for (uint32_t i = 0; i < names.views.size(); ++i) {
    if (names.views[i].vnet == network) view = i;
  }
  const NameAnswer got = answer(names, view, name, type);
  if (got.status == NameStatus::kNxDomain && got.records.empty()) return "NXDOMAIN";
  std::string text;
  for (const Record& record : got.records) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : " ", to_text(record.type), data_text(record));
  }
  return got.status == NameStatus::kNxDomain ? text + " NXDOMAIN" : text;
}

TEST(DeclaredNames, MachinesAreInPublicDnsByAllTheirNames) {
  lab::Lab lab = hub_and_spoke();
  lab.hosts["VM"].names = {"DB.corp.internal"};
  for (const char* network : {"spoke", "hub", ""}) {
    EXPECT_EQ(ask(lab, network, "vm"), "A 10.1.2.4");
    EXPECT_EQ(ask(lab, network, "db.corp.internal"), "A 10.1.2.4");
  }
}

TEST(DeclaredNames, PublicRecordsHideTheNamesOfMachines) {
  lab::Lab lab = hub_and_spoke();
  lab.public_dns.record_sets["vm"].a = {ip("203.0.113.1")};
  EXPECT_EQ(ask(lab, "spoke", "vm"), "A 203.0.113.1");
}

TEST(DeclaredNames, MachinesRegisterWhereTheLinkSaysSo) {
  lab::Lab lab = hub_and_spoke();
  auto& links = lab.private_dns_zones["corp.test"].virtual_network_links;
  links["hub"];
  links["spoke"].registration_enabled = true;
  for (const char* network : {"spoke", "hub"}) {
    EXPECT_EQ(ask(lab, network, "vm.corp.test"), "A 10.1.2.4");
    EXPECT_EQ(ask(lab, network, "server.corp.test"), "NXDOMAIN");
  }
}

TEST(DeclaredNames, ARecordByHandIsNotReplaced) {
  lab::Lab lab = hub_and_spoke();
  lab::PrivateDnsZone& zone = lab.private_dns_zones["corp.test"];
  zone.virtual_network_links["spoke"].registration_enabled = true;
  zone.record_sets["vm"].txt = {"by hand"};
  EXPECT_EQ(ask(lab, "spoke", "vm.corp.test"), "");
  EXPECT_EQ(ask(lab, "spoke", "vm.corp.test", RecordType::kTxt), "TXT \"by hand\"");
}

TEST(DeclaredNames, AddressesLeadBackToMachinesOfTheOwnNetwork) {
  lab::Lab lab = hub_and_spoke();
  EXPECT_EQ(ask(lab, "spoke", "vm.internal.cloudapp.net"), "A 10.1.2.4");
  EXPECT_EQ(ask(lab, "hub", "vm.internal.cloudapp.net"), "NXDOMAIN");
  EXPECT_EQ(ask(lab, "spoke", "4.2.1.10.in-addr.arpa", RecordType::kPtr),
            "PTR vm.internal.cloudapp.net");
  EXPECT_EQ(ask(lab, "hub", "4.2.1.10.in-addr.arpa", RecordType::kPtr), "NXDOMAIN");
  lab.private_dns_zones["corp.test"].virtual_network_links["spoke"].registration_enabled = true;
  EXPECT_EQ(ask(lab, "spoke", "4.2.1.10.in-addr.arpa", RecordType::kPtr), "PTR vm.corp.test");
}

TEST(DeclaredNames, RecordsStandUnderTheirZonesNameAndNotUnderItsKey) {
  lab::Lab lab = hub_and_spoke();
  for (const char* network : {"hub", "spoke"}) {
    lab::PrivateDnsZone& zone = lab.private_dns_zones[std::string("corp-of-") + network];
    zone.zone_name = "Corp.test";
    zone.virtual_network_links[network];
    zone.record_sets["@"].a = {ip(network[0] == 'h' ? "10.0.2.1" : "10.1.2.1")};
    zone.record_sets["WWW"].cname = "corp.test";
  }
  EXPECT_EQ(ask(lab, "hub", "corp.test"), "A 10.0.2.1");
  EXPECT_EQ(ask(lab, "spoke", "www.corp.test"), "CNAME corp.test A 10.1.2.1");
  EXPECT_EQ(ask(lab, "", "corp.test"), "NXDOMAIN");
}

TEST(DeclaredNames, OnlyPrivatelinkZonesRedirect) {
  lab::Lab lab = hub_and_spoke();
  for (const char* name : {"privatelink.test", "a.privatelink.test", "myprivatelink.test"}) {
    lab.private_dns_zones[name];
  }
  const Names names = names_of(lab, {});
  for (const Names::Zone& zone : names.zones) {
    EXPECT_EQ(zone.privatelink, zone.name != "myprivatelink.test") << zone.name;
  }
}

TEST(DeclaredNames, LinksAreAskedTheLongestZoneFirst) {
  lab::Lab lab = hub_and_spoke();
  for (const char* name : {"test", "b.a.test", "a.test"}) {
    lab.private_dns_zones[name].virtual_network_links["hub"];
  }
  const Names names = names_of(lab, {});
  std::vector<std::string> order;
  for (const Names::Link& link : names.views.at(0).links) {
    order.push_back(names.zones[link.zone].name);
  }
  EXPECT_THAT(order, testing::ElementsAre("b.a.test", "a.test", "test"));
  EXPECT_TRUE(names.views.at(1).links.empty());
}

TEST(DeclaredNames, AServiceWithoutEndpointHasItsPublicNameAlone) {
  lab::Lab lab = with_account();
  lab.private_endpoints.clear();
  EXPECT_EQ(ask(lab, "hub", "store.blob.core.windows.net"), "A 20.60.223.4");
  EXPECT_EQ(ask(lab, "hub", "store.privatelink.blob.core.windows.net"), "NXDOMAIN");
}

TEST(DeclaredNames, ThePublicNameIsAnAliasOnceAnEndpointExistsAnywhere) {
  const std::string beginning = "CNAME store.privatelink.blob.core.windows.net A ";
  EXPECT_EQ(ask(with_account(), "spoke", "store.blob.core.windows.net"), beginning + "10.1.2.9");
  EXPECT_EQ(ask(with_account(), "hub", "store.blob.core.windows.net"), beginning + "20.60.223.4");
  EXPECT_EQ(ask(with_account(), "", "store.blob.core.windows.net"), beginning + "20.60.223.4");
}

TEST(DeclaredNames, AnEndpointOfOneGroupLeavesTheOthersNames) {
  EXPECT_EQ(ask(with_account(), "spoke", "store.file.core.windows.net"), "A 20.60.223.4");
}

TEST(DeclaredNames, AnEndpointKeepsItsRecordsWhateverItsStatus) {
  lab::Lab lab = with_account();
  lab.private_endpoints["pe"].status = lab::EndpointStatus::kRejected;
  EXPECT_EQ(ask(lab, "spoke", "store.privatelink.blob.core.windows.net"), "A 10.1.2.9");
}

TEST(DeclaredNames, EndpointsOfOneNameShareItsRecord) {
  lab::Lab lab = with_account();
  lab.private_endpoints["pe2"] = lab.private_endpoints["pe"];
  EXPECT_EQ(ask(lab, "spoke", "store.privatelink.blob.core.windows.net"), "A 10.1.2.8 A 10.1.2.9");
  lab.private_endpoints["pe2"].private_dns_zones.clear();
  EXPECT_EQ(ask(lab, "spoke", "store.privatelink.blob.core.windows.net"), "A 10.1.2.9");
}

TEST(DeclaredNames, AnEndpointWithoutZoneGroupWritesNothing) {
  lab::Lab lab = with_account();
  lab.private_endpoints["pe"].private_dns_zones.clear();
  EXPECT_EQ(ask(lab, "spoke", "store.blob.core.windows.net"),
            "CNAME store.privatelink.blob.core.windows.net NXDOMAIN");
}

TEST(DeclaredNames, ASiteIsCalledAsAppServiceCallsIt) {
  lab::Lab lab = hub_and_spoke();
  app(lab, "Web", "").inbound_ip_address = ip("20.50.2.4");
  app(lab, "silent", "");
  EXPECT_EQ(ask(lab, "spoke", "web.azurewebsites.net"), "A 20.50.2.4");
  EXPECT_EQ(ask(lab, "spoke", "web.scm.azurewebsites.net"), "A 20.50.2.4");
  EXPECT_EQ(ask(lab, "spoke", "silent.azurewebsites.net"), "A 198.51.100.2");
  lab.private_endpoints["pe"] = {.subnet = subnet_ref("spoke/data"),
                                 .private_link_service = "Web",
                                 .group_ids = {"sites"},
                                 .private_dns_zones = {"privatelink.azurewebsites.net"}};
  lab.private_dns_zones["privatelink.azurewebsites.net"].virtual_network_links["spoke"];
  EXPECT_EQ(ask(lab, "spoke", "web.azurewebsites.net"),
            "CNAME web.privatelink.azurewebsites.net A 10.1.2.9");
  EXPECT_EQ(ask(lab, "spoke", "web.scm.azurewebsites.net"),
            "CNAME web.scm.privatelink.azurewebsites.net A 10.1.2.9");
  EXPECT_EQ(ask(lab, "hub", "web.azurewebsites.net"),
            "CNAME web.privatelink.azurewebsites.net A 20.50.2.4");
}

}  // namespace
}  // namespace egress::policy::test
