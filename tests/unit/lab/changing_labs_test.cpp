// SPDX-License-Identifier: MIT

// What a lab says of how it changes, of regions and Windows plans, and what it keeps of Azure's
// properties that are not emulated.

#include <gmock/gmock.h>

#include "lab/document.hpp"
#include "lab/validate.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Lab lab_of_text(const std::string& text) {
  const Loaded loaded = load_text(text);
  EXPECT_TRUE(loaded.lab) << errors_of(loaded);
  return loaded.lab.value_or(Lab{});
}

// As it is after it was written and read again.
Lab kept(const Lab& lab) {
  EXPECT_THAT(validate(lab), testing::Each(testing::Field(&Finding::severity, Severity::kWarning)));
  return lab_of_text(write(lab).value());
}

TEST(ReleaseDelay, IsADurationOfUpToTwelveHours) {
  EXPECT_EQ(lab_of_text("{}").release_delay.count(), 0);
  EXPECT_EQ(lab_of_text("releaseDelay: 1h30m").release_delay, std::chrono::minutes(90));
  EXPECT_EQ(lab_of_text("releaseDelay: 12h").release_delay, kMaxReleaseDelay);
  EXPECT_EQ(lab_of_text("releaseDelay: 0s"), Lab{});
  for (const char* wrong : {"12h1s", "90", "-1s", "1w", "''", "[1s]"}) {
    EXPECT_NE(errors_of(load_text(std::string("releaseDelay: ") + wrong)), "") << wrong;
  }
  EXPECT_EQ(
      errors_of(load_text("releaseDelay: 13h")),
      "lab.yaml:1:15: error: releaseDelay: '13h' is not a time from 0s to 12h; write one such "
      "as 90s, 1h30m or 12h\n");
}

TEST(ReleaseDelay, IsWrittenAsItIsRead) {
  Lab lab;
  for (const int seconds : {0, 1, 60, 5'400, 43'199, 43'200}) {
    lab.release_delay = std::chrono::seconds(seconds);
    EXPECT_EQ(kept(lab), lab) << seconds;
  }
  lab.release_delay = kMaxReleaseDelay + std::chrono::seconds(1);
  EXPECT_TRUE(any_error(validate(lab)));
}

TEST(ScaleChanges, AreAsManyAsTheLabSaysAnHour) {
  EXPECT_EQ(lab_of_text("{}").max_scale_changes_per_hour, std::nullopt);
  EXPECT_EQ(lab_of_text("maxScaleChangesPerHour: 20").max_scale_changes_per_hour, 20);
  EXPECT_THAT(errors_of(load_text("maxScaleChangesPerHour: 0")), HasSubstr("is not from 1 to"));
}

constexpr const char* kNetwork =
    "virtualNetworks: {Spoke: {addressPrefixes: [10.1.0.0/16], subnets: {Apps: {addressPrefix: "
    "10.1.0.0/24, delegations: [Microsoft.Web/serverFarms]}}}}\n";

TEST(RoleAssignments, SayWhatMayBeDoneOnWhichNetwork) {
  const Lab lab = lab_of_text(std::string(kNetwork) +
                              "roleAssignments:\n"
                              "  - {scope: spoke, actions: [Microsoft.Network/*]}\n"
                              "  - {scope: SPOKE/apps, actions: ['*']}\n");
  ASSERT_TRUE(lab.role_assignments);
  EXPECT_THAT(*lab.role_assignments, ElementsAre(RoleAssignment{"Spoke", {"Microsoft.Network/*"}},
                                                 RoleAssignment{"Spoke/Apps", {"*"}}));
  EXPECT_EQ(kept(lab), lab);
}

TEST(RoleAssignments, ThatAreNoneAreAnotherThingThanNoneThatAreSaid) {
  const Lab none = lab_of_text("roleAssignments: []");
  EXPECT_EQ(none.role_assignments, std::vector<RoleAssignment>{});
  EXPECT_EQ(kept(none), none);
  EXPECT_EQ(lab_of_text("roleAssignments:").role_assignments, std::nullopt);
}

TEST(RoleAssignments, HaveAScopeAndActions) {
  EXPECT_THAT(errors_of(load_text("roleAssignments: [{scope: /a, actions: [x]}]")),
              HasSubstr("'/a' does not name a network; write VNET or VNET/SUBNET"));
  EXPECT_THAT(errors_of(load_text("roleAssignments: [{scope: a/b/c, actions: [x]}]")),
              HasSubstr("'a/b/c' does not name a network"));
  EXPECT_THAT(errors_of(load_text("roleAssignments: [{scope: a, actions: []}]")),
              HasSubstr("'actions' holds no action"));
  EXPECT_THAT(errors_of(load_text("roleAssignments: [{actions: [x]}]")),
              HasSubstr("'scope' is missing"));
}

TEST(Location, OfASiteIsItsPlansAndOfAPlanTheLabs) {
  const Lab lab = lab_of_text(
      "location: West Europe\nserverFarms: {a: , b: {location: North Europe}}\n"
      "sites: {x: {serverFarm: a}, y: {serverFarm: b}, z: {serverFarm: b, location: northeurope}}");
  EXPECT_EQ(location_of(lab, lab.server_farms.at("a")), "westeurope");
  EXPECT_EQ(location_of(lab, lab.server_farms.at("b")), "northeurope");
  EXPECT_EQ(location_of(lab, lab.sites.at("x")), "westeurope");
  EXPECT_EQ(location_of(lab, lab.sites.at("y")), "northeurope");
  EXPECT_EQ(location_of(lab, lab.sites.at("z")), "northeurope");
  EXPECT_EQ(location_of(lab, Site{.server_farm = "gone"}), "westeurope");
  EXPECT_EQ(kept(lab), lab);
}

TEST(AddressHolders, AreInterfacesAndTheAppsOfWindowsContainers) {
  Lab lab = lab_of_text(std::string(kNetwork) +
                        "serverFarms: {linux: , windows: {hyperV: true, capacity: 2}}\n"
                        "sites: {a: {serverFarm: windows, virtualNetworkSubnet: Spoke/Apps}, "
                        "b: {serverFarm: windows, virtualNetworkSubnet: Spoke/Apps}, "
                        "c: {serverFarm: windows}}");
  const SubnetRef apps{"Spoke", "Apps"};
  EXPECT_THAT(integrations(lab),
              ElementsAre(Integration{"windows", 0, apps}, Integration{"windows", 1, apps}));
  EXPECT_THAT(address_holders(lab),
              ElementsAre(Integration{"windows", 0, apps}, Integration{"windows", 0, apps, 0, "a"},
                          Integration{"windows", 0, apps, 0, "b"}, Integration{"windows", 1, apps},
                          Integration{"windows", 1, apps, 0, "a"},
                          Integration{"windows", 1, apps, 0, "b"}));
  EXPECT_EQ(kept(lab), lab);
  // Ten instances of four apps need fifty (azure-facts 3.2.2).
  lab.server_farms["windows"].capacity = 10;
  lab.sites["c"].virtual_network_subnet = lab.sites["d"].virtual_network_subnet = apps;
  lab.sites["d"].server_farm = "windows";
  EXPECT_EQ(address_holders(lab).size(), 50U);
  lab.server_farms["windows"].hyper_v = false;
  EXPECT_EQ(address_holders(lab), integrations(lab));
}

TEST(NotEmulated, IsKeptWhereItStoodUnderTheNamesThatWereDeclared) {
  const Lab lab = lab_of_text(
      "serverFarms: {other: , plan: {zoneRedundant: true}}\n"
      "sites: {web: {serverFarm: PLAN, siteConfig: {autoHealEnabled: true, linuxFxVersion: "
      "'NODE|20'}}}\n"
      "virtualNetworks:\n"
      "  Hub.one: {addressPrefixes: [10.0.0.0/16], virtualNetworkPeerings: {spoke: }}\n"
      "  spoke: {addressPrefixes: [10.1.0.0/16], virtualNetworkPeerings: {HUB.ONE: "
      "{doNotVerifyRemoteGateways: true}}}\n");
  EXPECT_THAT(
      lab.not_emulated,
      ElementsAre(
          NotEmulated{"serverFarms.plan.zoneRedundant", "true"},
          NotEmulated{"sites.web.siteConfig.autoHealEnabled", "true"},
          NotEmulated{
              "virtualNetworks.spoke.virtualNetworkPeerings.Hub.one.doNotVerifyRemoteGateways",
              "true"}));
  EXPECT_EQ(kept(lab), lab);
  const Document document = document_of(lab);
  EXPECT_EQ(document["sites"]["web"]["siteConfig"],
            Document::parse(R"({"autoHealEnabled": true})"));
  EXPECT_EQ(document["sites"]["web"]["linuxFxVersion"], "NODE|20");
}

}  // namespace
}  // namespace egress::lab
