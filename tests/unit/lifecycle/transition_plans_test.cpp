// SPDX-License-Identifier: MIT
#include "tests/unit/lifecycle/transition_table.hpp"

namespace egress::lifecycle {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

std::string disconnect_first(const std::string& what, const std::string& who) {
  return "the subscription of " + what + " cannot change while " + who +
         " integrated with 'spoke/integration': disconnect first";
}

TEST(PlanTransition, KeepsAPlanThatHasApps) {
  expect_refused(
      {.file = R"({"serverFarms": {"plan": null}})", .operation = Delete{"serverFarm", "plan"}},
      "Conflict",
      "Server farm 'plan' cannot be deleted because it has web app(s) api, web "
      "assigned to it.",
      "serverFarms.plan");
  expect_allowed(
      {.file = R"({"serverFarms": {"other": null}})", .operation = Delete{"serverFarm", "other"}});
}

TEST(PlanTransition, LetsOneFileMoveTheAppsAndDeleteTheirPlan) {
  const lab::Lab next =
      from_file(small_lab(), R"({"serverFarms": {"plan": null}, "expectations": null,
                                 "sites": {"web": {"serverFarm": "other"}, "api": null}})");
  EXPECT_THAT(refusals({.before = &small_lab(), .after = next, .state = {}}), IsEmpty());
}

TEST(PlanTransition, KeepsTheKindOfAPlanThatHasApps) {
  expect_refused({.file = R"({"serverFarms": {"plan": {"reserved": false}}})",
                  .operation = Set{"serverFarms.plan.reserved", "false"}},
                 "plan-kind-with-apps",
                 "reserved of plan 'plan' cannot change while it has apps (api, web): move them to "
                 "another plan",
                 "serverFarms.plan.reserved");
  expect_allowed({.file = R"({"serverFarms": {"other": {"reserved": false}}})",
                  .operation = Set{"serverFarms.other.reserved", "false"}});
}

TEST(PlanTransition, KeepsTheSubscriptionOfWhatIsIntegrated) {
  expect_refused({.file = R"({"serverFarms": {"plan": {"subscription": "two"}}})",
                  .operation = Set{"serverFarms.plan.subscription", "two"}},
                 "subscription-while-integrated", disconnect_first("plan 'plan'", "'web' is"),
                 "serverFarms.plan.subscription");
  expect_refused({.file = R"({"sites": {"web": {"subscription": "two"}}})",
                  .operation = Set{"sites.web.subscription", "two"}},
                 "subscription-while-integrated", disconnect_first("site 'web'", "'web' is"),
                 "sites.web.subscription");
  const lab::Lab both =
      with(small_lab(), R"({"sites": {"api": {"virtualNetworkSubnet": "spoke/integration"}}})");
  expect_refused({.before = both,
                  .file = R"({"subscription": "two"})",
                  .operation = Set{"subscription", "two"}},
                 "subscription-while-integrated",
                 disconnect_first("plan 'plan'", "'api', 'web' are"), "subscription");
}

TEST(PlanTransition, LetsASubscriptionChangeThatNothingIsIntegratedIn) {
  expect_allowed({.file = R"({"serverFarms": {"other": {"subscription": "two"}}})",
                  .operation = Set{"serverFarms.other.subscription", "two"}});
  expect_allowed({.file = R"({"sites": {"api": {"subscription": "two"}}})",
                  .operation = Set{"sites.api.subscription", "two"}});
  expect_allowed({.file = R"({"sites": {"api": {"subscription": "two",
                                                "virtualNetworkSubnet": "spoke/integration"}}})",
                  .operation = Set{"sites.api",
                                   "{serverFarm: plan, subscription: two, "
                                   "virtualNetworkSubnet: spoke/integration}"}});
  expect_allowed({.file = R"({"serverFarms": {"plan": {"subscription": "one"}}})",
                  .operation = Set{"serverFarms.plan.subscription", "one"}});
  const lab::Lab disconnected = from_file(small_lab(), R"({"subscription": "two",
                                 "sites": {"web": {"virtualNetworkSubnet": null}}})");
  EXPECT_THAT(refusals({.before = &small_lab(), .after = disconnected, .state = {}}), IsEmpty());
}

TEST(PlanTransition, CountsScaleChangesOfAnHourWhereTheLabHasALimit) {
  const lab::Lab limited = with(small_lab(), R"({"maxScaleChangesPerHour": 2})");
  Attempt attempt{.before = limited,
                  .file = R"({"serverFarms": {"plan": {"capacity": 3}}})",
                  .operation = Scale{.server_farm = "plan", .capacity = 3},
                  .state = {.scale_changes = {{"plan", {kNow - minutes(59), kNow - minutes(1)}}}}};
  const std::string text =
      "You have exceeded the maximum amount of scale changes within the past hour(2 changes and "
      "limit is 2). Please retry later.";
  expect_refused(attempt, "Conflict", text, "serverFarms.plan.capacity");
  attempt.file = R"({"serverFarms": {"plan": {"sku": "P2v3"}}})";
  attempt.operation = Scale{.server_farm = "plan", .sku = "P2v3"};
  expect_refused(attempt, "Conflict", text, "serverFarms.plan.sku");
  attempt.state.scale_changes = {{"plan", {kNow - minutes(60), kNow - minutes(1)}}};
  expect_allowed(attempt);
  attempt.state.scale_changes = {{"other", {kNow - minutes(2), kNow - minutes(1)}}};
  expect_allowed(attempt);
}

TEST(PlanTransition, HasNoLimitByItself) {
  const std::vector<TimePoint> many(1'000, kNow - minutes(1));
  expect_allowed({.file = R"({"serverFarms": {"plan": {"capacity": 3}}})",
                  .operation = Scale{.server_farm = "plan", .capacity = 3},
                  .state = {.scale_changes = {{"plan", many}}}});
  EXPECT_THAT(made_by(Scale{.server_farm = "plan", .capacity = 3}, small_lab()).next.scale_changes,
              IsEmpty());
}

TEST(PlanTransition, RemembersScaleChangesOfTheLastHour) {
  const lab::Lab limited = with(small_lab(), R"({"maxScaleChangesPerHour": 9})");
  const State state{.scale_changes = {{"plan", {kNow - minutes(61), kNow - minutes(5)}},
                                      {"gone", {kNow - minutes(5)}}}};
  const Transition scaled = made_by(Scale{.server_farm = "plan", .capacity = 3}, limited, state);
  EXPECT_EQ(scaled.next.scale_changes,
            (lab::Named<std::vector<TimePoint>>{{"plan", {kNow - minutes(5), kNow}}}));
  EXPECT_THAT(scaled.effects.scalings, ElementsAre(Scaling{"plan", 2, 3, "P1v3", "P1v3", false}));
  const Transition other = made_by(Disconnect{"web"}, limited, scaled.next);
  EXPECT_EQ(other.next.scale_changes, scaled.next.scale_changes);
  EXPECT_THAT(other.effects.scalings, IsEmpty());
}

}  // namespace
}  // namespace egress::lifecycle
