// SPDX-License-Identifier: MIT

// What ARM keeps in a site's siteConfig, and what of Azure is taken though it is not emulated.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "lab/document.hpp"
#include "lab/schema/tolerated.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// A lab of one site with these keys, from line 3 on.
Loaded load_site(const std::string& keys) {
  return load_text("serverFarms: {plan: {}}\nsites:\n  web: {serverFarm: plan, " + keys + "}\n");
}

Site site_with(const std::string& keys) {
  const Loaded loaded = load_site(keys);
  EXPECT_EQ(errors_of(loaded), "");
  return loaded.lab ? loaded.lab->sites.at("web") : Site{};
}

std::vector<std::string> texts(const Loaded& loaded) {
  std::vector<std::string> all;
  for (const Finding& finding : loaded.findings) all.push_back(finding.to_string());
  return all;
}

TEST(SiteConfig, BecomesTheSitesOwn) {
  const char* properties =
      "vnetRouteAllEnabled: true, linuxFxVersion: 'PYTHON|3.12', vnetPrivatePortsCount: 2, "
      "publicNetworkAccess: SecuredByPerimeter, appSettings: {A: 1}";
  const Site site = site_with(std::string("siteConfig: {") + properties + "}");
  EXPECT_EQ(site.vnet_route_all_enabled, true);
  EXPECT_EQ(site.linux_fx_version, "PYTHON|3.12");
  EXPECT_EQ(site.vnet_private_ports_count, 2);
  EXPECT_EQ(site.public_network_access, PublicNetworkAccess::kSecuredByPerimeter);
  EXPECT_THAT(site.app_settings, ElementsAre(Pair("A", "1")));
  EXPECT_EQ(site, site_with(properties));
  EXPECT_EQ(site, site_with(std::string(properties) + ", siteConfig: {" + properties + "}"));
}

TEST(SiteConfig, IsWrittenAsTheSitesOwn) {
  const Loaded loaded = load_site("siteConfig: {vnetRouteAllEnabled: false, appSettings: {A: x}}");
  ASSERT_TRUE(loaded.lab);
  EXPECT_EQ(document_of(*loaded.lab).at("sites").at("web"), Document::parse(R"({
      "serverFarm": "plan", "vnetRouteAllEnabled": false, "appSettings": {"A": "x"}})"));
}

TEST(SiteConfig, AddsAppSettingsByName) {
  EXPECT_THAT(site_with("appSettings: {B: 2, C: 3}, siteConfig: {appSettings: {A: 1, B: '2'}}")
                  .app_settings,
              ElementsAre(Pair("A", "1"), Pair("B", "2"), Pair("C", "3")));
}

TEST(SiteConfig, WithNothingOnOneSideIsNoConflict) {
  for (const char* keys :
       {"vnetRouteAllEnabled: , siteConfig: {vnetRouteAllEnabled: true}",
        "vnetRouteAllEnabled: true, siteConfig: {vnetRouteAllEnabled: }",
        "vnetRouteAllEnabled: true, siteConfig: {}", "vnetRouteAllEnabled: true, siteConfig: "}) {
    EXPECT_EQ(site_with(keys).vnet_route_all_enabled, true) << keys;
  }
}

TEST(SiteConfig, WithAnotherValueIsRefusedInAzuresSentence) {
  const Loaded loaded =
      load_site("vnetRouteAllEnabled: false, siteConfig: {vnetRouteAllEnabled: true}");
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_EQ(loaded.findings[0].code, "BadRequest");
  EXPECT_EQ(loaded.findings[0].path, "sites.web.siteConfig.vnetRouteAllEnabled");
  EXPECT_EQ(loaded.findings[0].message,
            "There was a conflict. VnetRouteAllEnabled has different values as site property and "
            "site config");
}

// Rules speak of the site's own property; the finding is where the file has it.
TEST(SiteConfig, HasThePlaceOfWhatRulesFindInIt) {
  EXPECT_THAT(
      texts(load_site("outboundVnetRouting: {},\n    siteConfig: {vnetRouteAllEnabled: true}")),
      ElementsAre("lab.yaml:4:39: error: sites.web.siteConfig.vnetRouteAllEnabled: "
                  "vnetRouteAllEnabled: true contradicts outboundVnetRouting.applicationTraffic: "
                  "false; write only one of the two"));
}

TEST(SiteConfig, ThatWasNotReadIsNotJudged) {
  EXPECT_THAT(
      texts(load_site("outboundVnetRouting: {}, vnetRouteAllEnabled: true,\n"
                      "    siteConfig: {vnetRouteAllEnabled: 'yes', vnetPrivatePortsCount: 101}")),
      ElementsAre(testing::HasSubstr("true or false is expected"),
                  testing::HasSubstr("vnetPrivatePortsCount 101 is not from 0 to 100")));
}

TEST(Tolerated, PropertiesAreNoneThatTheFormatHas) {
  for (const ObjectSchema& object : object_schemas()) {
    std::set<std::string> names;
    for (const Tolerated& property : tolerated_properties(object.type)) {
      EXPECT_EQ(object.find(property.name), nullptr) << object.name << "." << property.name;
      EXPECT_TRUE(names.insert(property.name).second) << object.name << "." << property.name;
      EXPECT_EQ(find_tolerated(object.type, property.name), &property);
    }
  }
  EXPECT_EQ(find_tolerated(ObjectType::kSite, "serverFarm"), nullptr);
  EXPECT_EQ(find_tolerated(ObjectType::kHost, "tags"), nullptr);
}

TEST(Tolerated, PropertiesSayNothingAtTheirDefaults) {
  for (const char* said : {"null", "''", "[]", "{}", "false", "FALSE", "{a: false, b: {c: }}"}) {
    const Loaded loaded = load_site(std::string("httpsOnly: ") + said);
    EXPECT_THAT(texts(loaded), IsEmpty()) << said;
    ASSERT_TRUE(loaded.lab) << said;
    EXPECT_THAT(loaded.lab->not_emulated, IsEmpty()) << said;
  }
  EXPECT_THAT(texts(load_site("siteConfig: {vnetName: anything}")), IsEmpty());
}

TEST(Tolerated, PropertiesWithAnotherValueAreNamedAndKept) {
  const Loaded loaded = load_site(
      "cloningInfo: {owner: me, of: [1, '2']}, legacyServiceEndpointTrafficEvaluation: false, "
      "enabled: "
      "FALSE, ipMode: IPv6");
  ASSERT_TRUE(loaded.lab);
  EXPECT_THAT(
      loaded.lab->not_emulated,
      ElementsAre(NotEmulated{"sites.web.cloningInfo", R"({"owner":"me","of":[1,"2"]})"},
                  NotEmulated{"sites.web.enabled", "false"},
                  NotEmulated{"sites.web.ipMode", R"("IPv6")"},
                  NotEmulated{"sites.web.legacyServiceEndpointTrafficEvaluation", "false"}));
  std::vector<std::string> messages;
  for (const Finding& finding : loaded.findings) {
    EXPECT_EQ(finding.severity, Severity::kWarning);
    EXPECT_EQ(finding.code, "not-emulated");
    messages.push_back(finding.message);
  }
  EXPECT_THAT(messages,
              ElementsAre(R"('cloningInfo: {"owner":"me","of":[1,"2"]}' is not emulated)",
                          "'legacyServiceEndpointTrafficEvaluation: false' is not emulated",
                          "'enabled: FALSE' is not emulated", "'ipMode: IPv6' is not emulated"));
}

}  // namespace
}  // namespace egress::lab
