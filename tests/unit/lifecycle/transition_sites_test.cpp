// SPDX-License-Identifier: MIT
#include "tests/unit/lifecycle/transition_table.hpp"

namespace egress::lifecycle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const lab::SubnetRef kIntegration{"spoke", "integration"};
const OrphanedLink kOrphan{kIntegration, "plan", "web"};

lab::Lab permitting(const std::string& scope, const std::string& actions) {
  return with(small_lab(), R"({"roleAssignments": [{"scope": ")" + scope + R"(", "actions": )" +
                               actions + "}]}");
}

std::string not_permitted(const std::string& site, const std::string& missing,
                          const std::string& subnet) {
  return "The client has permission to perform action 'Microsoft.Web/sites/write' on scope '" +
         kIds + "Microsoft.Web/sites/" + site +
         "'; however, it does not have permission to perform action(s) '" + missing +
         "' on the linked scope(s) '" + kSpoke + "/subnets/" + subnet +
         "' or the linked scope(s) are invalid.";
}

TEST(SiteTransition, ConnectsOnlyWithPermission) {
  Attempt attempt{.before = permitting("spoke", R"(["Microsoft.Network/virtualNetworks/read",
                                        "microsoft.network/VIRTUALNETWORKS/subnets/read"])"),
                  .file = R"({"sites": {"api": {"virtualNetworkSubnet": "spoke/integration"}}})",
                  .operation = Connect{"api", kIntegration}};
  const std::string join = "Microsoft.Network/virtualNetworks/subnets/join/action";
  expect_refused(attempt, "LinkedAuthorizationFailed", not_permitted("api", join, "integration"),
                 "sites.api.virtualNetworkSubnet");
  for (const auto& [scope, actions] :
       {std::pair{"spoke", R"(["Microsoft.Network/virtualNetworks/*"])"},
        std::pair{"Spoke/Integration", R"(["*"])"},
        std::pair{"spoke/integration", R"(["Microsoft.Network/virtualNetworks/read",
                                           "Microsoft.Network/virtualNetworks/subnets/read",
                                           "Microsoft.Network/virtualNetworks/subnets/join/action"
                                          ])"}}) {
    attempt.before = permitting(scope, actions);
    expect_allowed(attempt);
  }
  attempt.before = permitting("spoke/spare", R"(["*"])");
  expect_refused(attempt, "LinkedAuthorizationFailed",
                 not_permitted("api",
                               "Microsoft.Network/virtualNetworks/read,"
                               "Microsoft.Network/virtualNetworks/subnets/read," +
                                   join,
                               "integration"),
                 "sites.api.virtualNetworkSubnet");
}

TEST(SiteTransition, DelegatesOnlyWithPermissionToWriteTheSubnet) {
  const std::string join = R"(["Microsoft.Network/virtualNetworks/read",
                               "Microsoft.Network/virtualNetworks/subnets/read",
                               "Microsoft.Network/virtualNetworks/subnets/join/action"])";
  const std::string write = "Microsoft.Network/virtualNetworks/subnets/write";
  expect_refused({.before = permitting("spoke", join),
                  .file = R"({"sites": {"api": {"virtualNetworkSubnet": "spoke/empty"}},
                              "virtualNetworks": {"spoke": {"subnets": {"empty":
                                {"delegations": ["Microsoft.Web/serverFarms"]}}}}})",
                  .operation = Connect{"api", {"spoke", "empty"}}},
                 "LinkedAuthorizationFailed", not_permitted("api", write, "empty"),
                 "sites.api.virtualNetworkSubnet");
  const Attempt creating{
      .before = permitting("spoke", join),
      .operation = Connect{"api", {"spoke", "new"}, Ipv4Prefix::parse("10.1.9.0/27").value()}};
  EXPECT_THAT(refused_to_operation(creating),
              ElementsAre(Refuses("LinkedAuthorizationFailed", not_permitted("api", write, "new"),
                                  "sites.api.virtualNetworkSubnet")));
}

TEST(SiteTransition, AsksForPermissionAtEachUpdateOfAnIntegratedSite) {
  Attempt attempt{.before = permitting("hub", R"(["*"])"),
                  .file = R"({"sites": {"web": {"appSettings": {"A": "1"}}}})",
                  .operation = Set{"sites.web.appSettings.A", "1"}};
  expect_refused(attempt, "LinkedAuthorizationFailed",
                 not_permitted("web",
                               "Microsoft.Network/virtualNetworks/read,"
                               "Microsoft.Network/virtualNetworks/subnets/read,"
                               "Microsoft.Network/virtualNetworks/subnets/join/action",
                               "integration"),
                 "sites.web.virtualNetworkSubnet");
  attempt.file = R"({"sites": {"web": {"virtualNetworkSubnet": null}}})";
  attempt.operation = Disconnect{"web"};
  expect_allowed(attempt);
  attempt.file = R"({"serverFarms": {"plan": {"capacity": 3}}})";
  attempt.operation = Scale{.server_farm = "plan", .capacity = 3};
  expect_allowed(attempt);
}

TEST(SiteTransition, AsksForPermissionInTheFirstLabAndNotWhenItComesBack) {
  const lab::Lab lab = permitting("hub", R"(["*"])");
  EXPECT_EQ(refusals({.after = lab, .state = {}}).size(), 1U);
  EXPECT_THAT(refusals({.after = lab, .state = {}, .cause = Cause::kRestore}), IsEmpty());
}

TEST(SiteTransition, CreatesNoSubnetThatThePortalWouldNot) {
  Attempt attempt{.operation =
                      Connect{"api", {"spoke", "new"}, Ipv4Prefix::parse("10.1.9.0/28").value()}};
  EXPECT_THAT(
      refused_to_operation(attempt),
      ElementsAre(Refuses("subnet-size-portal",
                          "a subnet that is made while connecting is /27 or larger, not /28",
                          "virtualNetworks.spoke.subnets.new")));
  attempt.operation = Connect{"api", {"spoke", "new"}, Ipv4Prefix::parse("10.1.9.0/27").value()};
  EXPECT_THAT(refused_to_operation(attempt), IsEmpty());
  attempt.file = R"({"virtualNetworks": {"spoke": {"subnets": {"new":
      {"addressPrefix": "10.1.9.0/28", "delegations": ["Microsoft.Web/serverFarms"]}}}},
      "sites": {"api": {"virtualNetworkSubnet": "spoke/new"}}})";
  EXPECT_THAT(refused_to_file(attempt), IsEmpty()) << "a file may";
}

TEST(SiteTransition, PurgesOnlyWhatNothingUses) {
  const Attempt attempt{.operation = Purge{{"SPOKE", "integration"}},
                        .state = {.orphans = {kOrphan}}};
  EXPECT_THAT(refused_to_operation(attempt),
              ElementsAre(Refuses("purge-in-use",
                                  "subnet 'spoke/integration' is used by web: only unused "
                                  "integrations are purged",
                                  "virtualNetworks.spoke.subnets.integration")));
}

TEST(SiteTransition, LeavesALinkWhereAnIntegratedSiteIsDeleted) {
  for (const Operation& deletion :
       {Operation{Delete{"site", "WEB"}}, Operation{Unset{"sites.web"}}}) {
    const Transition transition = made_by(deletion, small_lab());
    EXPECT_THAT(transition.next.orphans, ElementsAre(kOrphan));
    EXPECT_THAT(transition.effects.left_behind, ElementsAre(kOrphan));
    EXPECT_THAT(transition.effects.restarts, IsEmpty());
  }
  EXPECT_THAT(made_by(Delete{"site", "api"}, small_lab()).next.orphans, IsEmpty());
}

TEST(SiteTransition, LeavesNoLinkWhereAFileNoLongerHasASite) {
  const lab::Lab next = from_file(small_lab(), R"({"sites": {"web": null}, "expectations": null})");
  const Transition transition = made(small_lab(), next, {});
  EXPECT_THAT(transition.next.orphans, IsEmpty());
  EXPECT_THAT(transition.effects.left_behind, IsEmpty());
}

// Azure's two cures, azure-facts 3.4.7.
TEST(SiteTransition, GivesALinkBackToASiteOfThatNameWhateverItsPlan) {
  const lab::Lab deleted = after(Delete{"site", "web"}, small_lab());
  const lab::Lab again = with(deleted, R"({"sites": {"Web": {"serverFarm": "other"}}})");
  const State state{.orphans = {kOrphan, {{"spoke", "spare"}, "plan", "web"}}};
  EXPECT_EQ(made(deleted, again, state).next, state) << "it is not integrated yet";
  const Transition connected = made_by(Connect{"web", kIntegration}, again, state);
  EXPECT_THAT(connected.next.orphans, ElementsAre(OrphanedLink{{"spoke", "spare"}, "plan", "web"}));
  EXPECT_THAT(connected.effects.taken_away, ElementsAre(kOrphan));
  EXPECT_THAT(connected.effects.restarts, ElementsAre("Web"));
  const lab::Lab in_use = after(Connect{"web", kIntegration}, again);
  const Transition gone = made_by(Disconnect{"web"}, in_use, connected.next);
  EXPECT_EQ(gone.next, connected.next);
}

TEST(SiteTransition, PurgesAllLinksOfASubnet) {
  const lab::Lab deleted = after(Delete{"site", "web"}, small_lab());
  const OrphanedLink api{kIntegration, "plan", "api"};
  const OrphanedLink elsewhere{{"spoke", "spare"}, "plan", "web"};
  const Transition transition =
      made_by(Purge{{"SPOKE", "Integration"}}, deleted, {.orphans = {kOrphan, api, elsewhere}});
  EXPECT_THAT(transition.next.orphans, ElementsAre(elsewhere));
  EXPECT_THAT(transition.effects.taken_away, ElementsAre(api, kOrphan));
}

TEST(SiteTransition, ForgetsLinksOfSubnetsThatWentWhileNoLabWasInForce) {
  const auto outcome = transition({.after = small_lab(),
                                   .state = {.orphans = {{{"old", "apps"}, "plan", "web"}}},
                                   .now = kNow});
  ASSERT_TRUE(std::holds_alternative<Transition>(outcome));
  EXPECT_THAT(std::get<Transition>(outcome).next.orphans, IsEmpty());
}

TEST(SiteTransition, SpellsLinksAsTheLabDoes) {
  const lab::Lab deleted = after(Delete{"site", "web"}, small_lab());
  const Transition transition =
      made(deleted, deleted, {.orphans = {{{"Spoke", "INTEGRATION"}, "plan", "web"}}});
  EXPECT_THAT(transition.next.orphans, ElementsAre(kOrphan));
  EXPECT_THAT(transition.effects.taken_away, IsEmpty());
}

TEST(SiteTransition, RestartsSitesThatConnectDisconnectAndMove) {
  EXPECT_THAT(made_by(Connect{"api", kIntegration}, small_lab()).effects.restarts,
              ElementsAre("api"));
  EXPECT_THAT(made_by(Disconnect{"web"}, small_lab()).effects.restarts, ElementsAre("web"));
  EXPECT_THAT(made_by(Connect{"web", {"spoke", "spare"}}, small_lab()).effects.restarts,
              ElementsAre("web"));
  EXPECT_THAT(made_by(Set{"sites.web.appSettings.A", "1"}, small_lab()).effects.restarts,
              IsEmpty());
  EXPECT_THAT(made_by(Scale{.server_farm = "plan", .capacity = 1}, small_lab()).effects.restarts,
              IsEmpty());
}

TEST(SiteTransition, KeepsWhatWasThereWhenALabComesBack) {
  const State state{.orphans = {kOrphan}, .scale_changes = {{"plan", {kNow}}}};
  const auto outcome =
      transition({.after = small_lab(), .state = state, .cause = Cause::kRestore, .now = kNow});
  ASSERT_TRUE(std::holds_alternative<Transition>(outcome));
  EXPECT_EQ(std::get<Transition>(outcome).next, state);
  EXPECT_EQ(std::get<Transition>(outcome).effects, Effects{});
}

TEST(SiteTransition, GivesTheRefusalsOfALabThatCannotBe) {
  const lab::Lab next = after(Delete{"serverFarm", "plan"}, small_lab());
  const auto outcome =
      transition({.before = &small_lab(), .after = next, .state = {}, .now = kNow});
  ASSERT_TRUE(std::holds_alternative<std::vector<Refusal>>(outcome));
  EXPECT_EQ(std::get<std::vector<Refusal>>(outcome).size(), 1U);
}

}  // namespace
}  // namespace egress::lifecycle
