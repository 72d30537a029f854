// SPDX-License-Identifier: MIT
#include "tests/unit/lifecycle/transition_table.hpp"

namespace egress::lifecycle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Edits edits(const Operation& operation, const lab::Lab& lab = small_lab()) {
  auto got = edits_of(operation, lab);
  EXPECT_TRUE(got.ok()) << got.error().to_string();
  return got.ok() ? *got : Edits{};
}

void expect_error(const Operation& operation, Errc code, const std::string& text) {
  const auto got = edits_of(operation, small_lab());
  ASSERT_FALSE(got.ok()) << to_text(operation);
  EXPECT_EQ(got.error().code, code) << to_text(operation);
  EXPECT_EQ(got.error().message, text);
}

// The lab after it, which must be one.
lab::Lab edited(const Operation& operation, const lab::Lab& lab = small_lab()) {
  const lab::Loaded loaded = lab::edit(lab, edits(operation, lab).edits, no_files);
  for (const lab::Finding& finding : loaded.findings) {
    EXPECT_EQ(finding.severity, lab::Severity::kWarning) << finding.to_string();
  }
  return loaded.lab.value_or(lab::Lab{});
}

TEST(Edits, ScaleAPlan) {
  lab::Lab expected = small_lab();
  expected.server_farms.at("plan").capacity = 5;
  EXPECT_TRUE(edited(Scale{.server_farm = "PLAN", .capacity = 5}) == expected);
  expected.server_farms.at("plan").sku = "P2v3";
  EXPECT_TRUE(edited(Scale{.server_farm = "plan", .capacity = 5, .sku = "p2V3"}) == expected);
  EXPECT_THAT(edits(Scale{.server_farm = "plan", .capacity = 2, .sku = "p1v3"}).edits, IsEmpty());
}

TEST(Edits, TakeExpectationsOfInstancesAlongThatGo) {
  const Scale scale{.server_farm = "plan", .capacity = 1};
  EXPECT_THAT(edits(scale).notes,
              ElementsAre("deleted, too: the expectation of instances from 1 on"));
  lab::Lab expected = small_lab();
  expected.server_farms.at("plan").capacity = 1;
  expected.expectations.erase(expected.expectations.begin());
  EXPECT_TRUE(edited(scale) == expected);
}

TEST(Edits, ConnectASite) {
  lab::Lab expected = small_lab();
  expected.sites.at("api").virtual_network_subnet = lab::SubnetRef{"spoke", "spare"};
  EXPECT_TRUE(edited(Connect{"API", {"Spoke", "SPARE"}}) == expected);
  EXPECT_THAT(edits(Connect{"api", {"spoke", "spare"}}).notes, IsEmpty());
  const Edits again = edits(Connect{"web", {"SPOKE", "integration"}});
  EXPECT_THAT(again.edits, IsEmpty()) << "it is so already";
}

TEST(Edits, DelegateASubnetThatIsNot) {
  const Connect connect{"api", {"spoke", "Empty"}};
  EXPECT_THAT(edits(connect).notes,
              ElementsAre("delegated 'spoke/empty' to Microsoft.Web/serverFarms"));
  lab::Lab expected = small_lab();
  expected.virtual_networks.at("spoke").subnets.at("empty").delegations = {
      "Microsoft.Web/serverFarms"};
  expected.sites.at("api").virtual_network_subnet = lab::SubnetRef{"spoke", "empty"};
  EXPECT_TRUE(edited(connect) == expected);
}

TEST(Edits, DelegateNoSubnetThatIsAnothers) {
  const lab::Lab lab = with(small_lab(), R"({"virtualNetworks": {"spoke": {"subnets": {"empty":
      {"delegations": ["Microsoft.ContainerInstance/containerGroups"]}}}}})");
  const Edits made = edits(Connect{"api", {"spoke", "empty"}}, lab);
  EXPECT_THAT(made.notes, IsEmpty());
  EXPECT_EQ(made.edits.size(), 1U) << "who judges the lab says what is missing";
}

TEST(Edits, CreateASubnetWhoseNameBeginsLikeAnother) {
  const Connect connect{"api", {"spoke", "empty.2"}, Ipv4Prefix::parse("10.1.9.0/27").value()};
  lab::Lab expected = small_lab();
  expected.virtual_networks.at("spoke").subnets["empty.2"] = {
      .address_prefixes = {Ipv4Prefix::parse("10.1.9.0/27").value()},
      .delegations = {"Microsoft.Web/serverFarms"}};
  expected.sites.at("api").virtual_network_subnet = lab::SubnetRef{"spoke", "empty.2"};
  EXPECT_TRUE(edited(connect) == expected);
  expect_error(Connect{"api", {"spoke", "EMPTY"}, connect.create}, Errc::kExists,
               "subnet 'spoke/EMPTY' is there already: connect without creating it");
}

TEST(Edits, DisconnectASiteAndLeaveTheSubnet) {
  lab::Lab expected = small_lab();
  expected.sites.at("web").virtual_network_subnet.reset();
  EXPECT_TRUE(edited(Disconnect{"web"}) == expected);
  EXPECT_THAT(edits(Disconnect{"api"}).edits, IsEmpty());
}

TEST(Edits, DeleteASiteAndItsExpectations) {
  EXPECT_THAT(edits(Delete{"SITE", "Web"}).notes,
              ElementsAre("deleted, too: the expectation of 'web'"));
  lab::Lab expected = small_lab();
  expected.sites.erase("web");
  expected.expectations.erase(expected.expectations.begin());
  EXPECT_TRUE(edited(Delete{"site", "Web"}) == expected);
  EXPECT_TRUE(edited(Unset{"sites.web"}) == expected);
}

TEST(Edits, DeleteANetworkAndWhatLeadsThere) {
  const lab::Lab lab = with(small_lab(), R"({
      "sites": {"web": {"virtualNetworkSubnet": null}}, "hosts": null,
      "roleAssignments": [{"scope": "hub", "actions": ["*"]},
                          {"scope": "spoke/spare", "actions": ["*"]}],
      "privateDnsZones": {"corp.example": {"virtualNetworkLinks": {"spoke": {}, "hub": {}}}},
      "services": {"store": {"type": "Microsoft.Storage/storageAccounts", "ipAddress": "20.60.0.4",
        "networkAcls": {"defaultAction": "Deny",
                        "virtualNetworkRules": ["spoke/spare", "spoke/data"]}}}})");
  const Delete deletion{"virtualNetwork", "spoke"};
  EXPECT_THAT(edits(deletion, lab).notes,
              ElementsAre("deleted, too: peering 'hub/spoke'",
                          "deleted, too: the link of private DNS zone 'corp.example' to it",
                          "deleted, too: virtualNetworkRules of service 'store' for it",
                          "deleted, too: roleAssignments for it"));
  lab::Lab expected = lab;
  expected.virtual_networks.erase("spoke");
  expected.virtual_networks.at("hub").virtual_network_peerings.clear();
  expected.private_dns_zones.at("corp.example").virtual_network_links.erase("spoke");
  expected.services.at("store").network_acls->virtual_network_rules.clear();
  expected.role_assignments->pop_back();
  EXPECT_TRUE(edited(deletion, lab) == expected);
}

TEST(Edits, DeleteASubnetAndRulesForIt) {
  const lab::Lab lab = with(small_lab(), R"({
      "services": {"store": {"type": "Microsoft.Storage/storageAccounts", "ipAddress": "20.60.0.4",
        "networkAcls": {"defaultAction": "Deny",
                        "virtualNetworkRules": ["spoke/spare", "spoke/data"]}}}})");
  lab::Lab expected = lab;
  expected.virtual_networks.at("spoke").subnets.erase("spare");
  expected.services.at("store").network_acls->virtual_network_rules = {{"spoke", "data"}};
  EXPECT_TRUE(edited(Delete{"subnet", "spoke/SPARE"}, lab) == expected);
}

TEST(Edits, SetAndUnsetAProperty) {
  lab::Lab expected = small_lab();
  expected.sites.at("api").outbound_vnet_routing = lab::OutboundVnetRouting{.all_traffic = true};
  EXPECT_TRUE(edited(Set{"sites.API.outboundVnetRouting.allTraffic", "true"}) == expected);
  const lab::Lab lab = edited(Set{"sites.api.outboundVnetRouting", "{allTraffic: true}"});
  EXPECT_TRUE(lab == expected);
  EXPECT_TRUE(edited(Unset{"sites.api.outboundVnetRouting"}, lab) == small_lab());
  EXPECT_THAT(edits(Unset{"sites.api.outboundVnetRouting.allTraffic"}).edits, IsEmpty());
}

TEST(Edits, SetTheSitesOwnPropertyForSiteConfig) {
  lab::Lab expected = small_lab();
  expected.sites.at("api").app_settings = {{"LOG.level", "info"}};
  expected.sites.at("api").vnet_route_all_enabled = true;
  const lab::Lab lab = edited(Set{"sites.api.siteConfig.vnetRouteAllEnabled", "true"});
  EXPECT_TRUE(edited(Set{"sites.api.siteConfig.appSettings.LOG.level", "info"}, lab) == expected);
  EXPECT_TRUE(edited(Unset{"sites.api.siteConfig.vnetRouteAllEnabled"}, lab) == small_lab());
  EXPECT_EQ(edits(Set{"sites.api.siteConfig.vnetName", "x"}).edits.front().path,
            "sites.api.siteConfig.vnetName")
      << "which is none of the site's own";
}

TEST(Edits, SetAResource) {
  lab::Lab expected = small_lab();
  expected.server_farms["more"] = {.sku = "S1"};
  EXPECT_TRUE(edited(Set{"serverFarms.more", "{sku: S1}"}) == expected);
}

TEST(Edits, SetOneFormInPlaceOfAnother) {
  lab::Lab expected = small_lab();
  expected.virtual_networks.at("spoke").subnets.at("empty").address_prefixes = {
      Ipv4Prefix::parse("10.1.4.0/25").value()};
  EXPECT_TRUE(edited(Set{"virtualNetworks.spoke.subnets.empty.addressPrefix", "10.1.4.0/25"}) ==
              expected);
  EXPECT_TRUE(edited(Set{"virtualNetworks.spoke.subnets.empty.addressPrefixes", "[10.1.4.0/25]"}) ==
              expected);
}

TEST(Edits, OfAPurgeAreNoneAndItsAnswerIsAzures) {
  const Edits purge = edits(Purge{{"spoke", "Integration"}});
  EXPECT_THAT(purge.edits, IsEmpty());
  EXPECT_THAT(purge.notes, ElementsAre("Purged unused virtual network integration."));
}

TEST(Edits, SayWhatTheLabDoesNotHave) {
  const std::string no_plan = "the lab has no serverFarm 'plam'; did you mean 'plan'?";
  const std::string no_site = "the lab has no site 'wbe'; did you mean 'web'?";
  const std::string no_vnet = "the lab has no virtualNetwork 'spok'; did you mean 'spoke'?";
  const std::string no_subnet = "the lab has no subnet 'spar'; did you mean 'spare'?";
  expect_error(Scale{.server_farm = "plam", .capacity = 1}, Errc::kNotFound, no_plan);
  expect_error(Connect{"wbe", {"spoke", "spare"}}, Errc::kNotFound, no_site);
  expect_error(Connect{"web", {"spok", "spare"}}, Errc::kNotFound, no_vnet);
  expect_error(Connect{"web", {"spoke", "spar"}}, Errc::kNotFound, no_subnet);
  expect_error(Disconnect{"wbe"}, Errc::kNotFound, no_site);
  expect_error(Purge{{"spok", "spare"}}, Errc::kNotFound, no_vnet);
  expect_error(Purge{{"spoke", "spar"}}, Errc::kNotFound, no_subnet);
  expect_error(Delete{"site", "wbe"}, Errc::kNotFound, no_site);
  expect_error(Delete{"subnet", "spoke/spar"}, Errc::kNotFound,
               "the lab has no subnet 'spoke/spar'; did you mean 'spare'?");
  expect_error(Delete{"subnet", "spoke/spare.delegations"}, Errc::kNotFound,
               "the lab has no subnet 'spoke/spare.delegations'");
  expect_error(Set{"serverFarms.plam.capacity", "3"}, Errc::kNotFound, no_plan);
  expect_error(Set{"sites.wbe.httpsOnly", "true"}, Errc::kNotFound, no_site);
  expect_error(Unset{"virtualNetworks.spoke.subnets.spar.delegations"}, Errc::kNotFound, no_subnet);
  expect_error(Unset{"sites.nobody"}, Errc::kNotFound, "nothing stands at 'sites.nobody'");
  expect_error(Unset{"expectations[7]"}, Errc::kNotFound, "nothing stands at 'expectations[7]'");
  expect_error(Unset{"sites.web.vnetRouteAllEnabeld"}, Errc::kNotFound,
               "nothing stands at 'sites.web.vnetRouteAllEnabeld'; did you mean "
               "'vnetRouteAllEnabled'?");
}

TEST(Edits, RefuseWhatIsNoOperation) {
  expect_error(Scale{.server_farm = "plan"}, Errc::kInvalid,
               "scale takes a capacity, a SKU or both");
  expect_error(Set{"", "{}"}, Errc::kInvalid, "set takes the path of a property");
  expect_error(Unset{""}, Errc::kInvalid, "unset takes the path of a property");
  const auto kind = edits_of(Delete{"sites", "web"}, small_lab());
  ASSERT_FALSE(kind.ok());
  EXPECT_EQ(kind.error().code, Errc::kInvalid);
  EXPECT_THAT(kind.error().message, HasSubstr("did you mean 'site'?"));
}

TEST(OperationText, IsAsTyped) {
  const auto prefix = Ipv4Prefix::parse("10.1.9.0/27").value();
  EXPECT_EQ(to_text(Scale{"plan", 3, "P2v3"}), "scale plan --capacity 3 --sku P2v3");
  EXPECT_EQ(to_text(Scale{.server_farm = "plan", .capacity = 3}), "scale plan --capacity 3");
  EXPECT_EQ(to_text(Connect{"web", {"spoke", "apps"}}), "connect web spoke/apps");
  EXPECT_EQ(to_text(Connect{"web", {"spoke", "apps"}, prefix}),
            "connect web spoke/apps --create 10.1.9.0/27");
  EXPECT_EQ(to_text(Disconnect{"web"}), "disconnect web");
  EXPECT_EQ(to_text(Delete{"subnet", "spoke/apps"}), "delete subnet spoke/apps");
  EXPECT_EQ(to_text(Set{"sites.web.appSettings.A", "it's"}),
            R"(set sites.web.appSettings.A 'it'\''s')");
  EXPECT_EQ(to_text(Set{"sites.web.appSettings.A", ""}), "set sites.web.appSettings.A ''");
  EXPECT_EQ(to_text(Unset{"expectations[0]"}), "unset 'expectations[0]'");
  EXPECT_EQ(to_text(Purge{{"spoke", "apps"}}), "purge spoke/apps");
  EXPECT_EQ(to_text(Swap{"web", "staging"}), "swap web staging");
}

}  // namespace
}  // namespace egress::lifecycle
