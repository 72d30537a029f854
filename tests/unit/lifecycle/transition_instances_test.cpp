// SPDX-License-Identifier: MIT
#include "tests/unit/lifecycle/transition_table.hpp"

namespace egress::lifecycle {
namespace {

using lab::Instances;
using lab::OutgoingInstances;
using testing::ElementsAre;
using testing::IsEmpty;

State scaling_up(bool serve = true) {
  return {.instances = {{"plan", {1, OutgoingInstances{2, serve, "P0v3"}}}}};
}

TEST(Instances, AreAllNewWhenTheSizeOfTheirPlanChanges) {
  const Transition bigger = made_by(Scale{.server_farm = "plan", .sku = "P2v3"}, small_lab());
  EXPECT_EQ(bigger.next.instances, (Instances{{"plan", {1, OutgoingInstances{2, true, "P1v3"}}}}));
  EXPECT_THAT(bigger.effects.scalings, ElementsAre(Scaling{"plan", 2, 2, "P1v3", "P2v3", true}));
  EXPECT_THAT(bigger.effects.restarts, IsEmpty()) << "the old ones serve as they are";
  const lab::Lab next =
      from_file(small_lab(), R"({"serverFarms": {"plan": {"sku": "S1", "capacity": 5}}})");
  EXPECT_EQ(made(small_lab(), next, {}).next.instances,
            (Instances{{"plan", {1, OutgoingInstances{2, true, "P1v3"}}}}))
      << "size and capacity at once: as many old ones as there were";
}

TEST(Instances, CountOnFromThoseThatStand) {
  const Transition again = made_by(Scale{.server_farm = "plan", .sku = "P2v3"}, small_lab(),
                                   {.instances = {{"plan", {3, {}}}, {"other", {2, {}}}}});
  EXPECT_EQ(again.next.instances,
            (Instances{{"plan", {4, OutgoingInstances{2, true, "P1v3"}}}, {"other", {2, {}}}}));
}

TEST(Instances, StayWithEveryOtherChange) {
  const State alone{.instances = {{"plan", {3, {}}}}};
  for (const Operation& operation :
       {Operation(Scale{.server_farm = "plan", .capacity = 7}), Operation(Disconnect{"web"}),
        Operation(Set{"outboundIpAddresses", "[20.50.1.4]"}),
        Operation(Scale{.server_farm = "plan", .sku = "p1V3"})}) {
    EXPECT_EQ(made_by(operation, small_lab(), alone).next.instances, alone.instances)
        << to_text(operation);
    EXPECT_THAT(made_by(operation, small_lab()).next.instances, IsEmpty());
  }
}

TEST(Instances, GoOnFromStageToStageWhateverElseIsDone) {
  EXPECT_EQ(made_by(Disconnect{"web"}, small_lab(), scaling_up()).next.instances,
            scaling_up().instances);
  expect_allowed({.file = R"({"serverFarms": {"other": {"sku": "P2v3"}}})",
                  .operation = Scale{.server_farm = "other", .sku = "P2v3"},
                  .state = scaling_up()});
}

TEST(Instances, GoWithTheirPlan) {
  const State both{.instances = {{"plan", {1, {}}}, {"other", {1, OutgoingInstances{1}}}}};
  EXPECT_EQ(made_by(Delete{"serverFarm", "other"}, small_lab(), both).next.instances,
            (Instances{{"plan", {1, {}}}}));
}

TEST(Instances, AreAsTheyWereWhenALabIsTakenUpAgain) {
  const auto outcome = transition(
      {.after = small_lab(), .state = scaling_up(), .cause = Cause::kRestore, .now = kNow});
  EXPECT_EQ(std::get<Transition>(outcome).next, scaling_up());
}

TEST(PlanTransition, TakesNoOtherSizeOrCapacityWhileItIsBeingScaled) {
  const std::string text = "plan 'plan' is being scaled from P0v3 to P1v3: wait until it is done";
  for (const bool serve : {true, false}) {
    expect_refused({.file = R"({"serverFarms": {"plan": {"sku": "P2v3"}}})",
                    .operation = Scale{.server_farm = "plan", .sku = "P2v3"},
                    .state = scaling_up(serve)},
                   "scaling-in-progress", text, "serverFarms.plan.sku");
    expect_refused({.file = R"({"serverFarms": {"plan": {"capacity": 3}}})",
                    .operation = Set{"serverFarms.plan.capacity", "3"},
                    .state = scaling_up(serve)},
                   "scaling-in-progress", text, "serverFarms.plan.capacity");
  }
  expect_allowed({.file = R"({"serverFarms": {"plan": {"sku": "P2v3"}}})",
                  .operation = Scale{.server_farm = "plan", .sku = "P2v3"},
                  .state = {.instances = {{"plan", {1, {}}}}}});
}

}  // namespace
}  // namespace egress::lifecycle
