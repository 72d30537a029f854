// SPDX-License-Identifier: MIT
#include "lab/slots.hpp"

#include <gmock/gmock.h>

#include "lab/document.hpp"
#include "lab/edit.hpp"
#include "lab/resource_ids.hpp"
#include "lab/validate.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing_support::lab_from;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
subscriptions: {one: {}, two: {}}
subscription: one
virtualNetworks:
  vnet:
    addressPrefixes: [10.0.0.0/16]
    subnets: {apps: {addressPrefix: 10.0.0.0/26, delegations: [Microsoft.Web/serverFarms]}}
serverFarms: {plan: {sku: S1, subscription: two}}
sites:
  web:
    serverFarm: plan
    subscription: two
    location: West Europe
    virtualNetworkSubnet: vnet/apps
    appSettings: {A: b}
    slots:
      Staging: {}
      test: {serverFarm: PLAN, siteConfig: {appSettings: {C: d}}, virtualNetworkSubnet: vnet/apps}
  website: {serverFarm: plan}
)";

TEST(Slots, AreSitesOfTheirOwnOnTheirAppsPlan) {
  const Lab lab = lab_from(kLab);
  ASSERT_EQ(lab.sites.size(), 4U);
  const Site& staging = lab.sites.at("web-staging");
  EXPECT_EQ(staging.slot_of, "web");
  EXPECT_EQ(staging.server_farm, "plan");
  EXPECT_EQ(staging.subscription, "two");
  EXPECT_EQ(staging.location, "westeurope");
  EXPECT_FALSE(staging.virtual_network_subnet);
  EXPECT_TRUE(staging.app_settings.empty());
  EXPECT_EQ(lab.sites.at("web-test").app_settings.at("C"), "d");
  EXPECT_EQ(lab.sites.at("website").slot_of, "");
}

TEST(Slots, AreWrittenWhereTheyStood) {
  const Lab lab = lab_from(kLab);
  const Document sites = document_of(lab).at("sites");
  EXPECT_EQ(
      sites.at("web").at("slots").dump(),
      R"({"Staging":{},"test":{"virtualNetworkSubnet":"vnet/apps","appSettings":{"C":"d"}}})");
  EXPECT_FALSE(sites.contains("web-Staging"));
  const Loaded again = load_text(write(lab).value());
  ASSERT_TRUE(again.lab) << errors_of(again);
  EXPECT_TRUE(*again.lab == lab);
  EXPECT_FALSE(any_error(validate(lab)));
}

TEST(Slots, HaveTwoNames) {
  const Lab lab = lab_from(kLab);
  EXPECT_EQ(path_of_site(lab, "WEB-staging"), "sites.web.slots.Staging");
  EXPECT_EQ(path_of_site(lab, "website"), "sites.website");
  EXPECT_EQ(document_path(lab, "sites.web-test.identity.type"),
            "sites.web.slots.test.identity.type");
  EXPECT_EQ(document_path(lab, "sites.web.identity"), "sites.web.identity");
  EXPECT_EQ(document_path(lab, "sites"), "sites");
  EXPECT_EQ(document_path(lab, "hosts.web-test"), "hosts.web-test");
  EXPECT_EQ(
      site_id(lab, "web-staging"),
      "/subscriptions/two/resourceGroups/lab/providers/Microsoft.Web/sites/web/slots/Staging");
}

TEST(Slots, AreNoCanonicalPartOfALabWithAnotherPlan) {
  Lab lab = lab_from(kLab);
  lab.server_farms["other"].subscription = "two";
  lab.sites.at("web-test").server_farm = "other";
  const std::vector<Finding> findings = validate(lab);
  ASSERT_TRUE(any_error(findings));
  EXPECT_EQ(findings.front().path, "sites.web.slots.test.serverFarm");
}

}  // namespace
}  // namespace egress::lab
