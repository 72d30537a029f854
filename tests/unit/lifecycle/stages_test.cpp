// SPDX-License-Identifier: MIT
#include "lifecycle/stages.hpp"

#include <gmock/gmock.h>

namespace egress::lifecycle {
namespace {

using lab::OutgoingInstances;
using testing::Optional;

const State kTwo{.instances = {{"a", {1, {}}},
                               {"b", {1, OutgoingInstances{2, true, "P1v3"}}},
                               {"c", {4, OutgoingInstances{3, false, "P1v3"}}}}};

TEST(Stages, AreLeftToPlansWithInstancesThatAreToGo) {
  EXPECT_THAT(next_to_move(kTwo), Optional(std::string("b")));
  EXPECT_EQ(next_to_move({}), std::nullopt);
  EXPECT_EQ(next_to_move({.instances = {{"a", {1, {}}}}}), std::nullopt);
}

TEST(Stages, FollowEachOtherOnePlanAfterTheOther) {
  std::vector<std::string> moved;
  State state = kTwo;
  while (const auto plan = next_to_move(state)) {
    moved.push_back(*plan);
    state = moved_on(state, *plan).value();
    if (moved.size() == 1) {
      EXPECT_EQ(state.instances.at("b"),
                (lab::PlanInstances{1, OutgoingInstances{2, false, "P1v3"}}));
    }
  }
  EXPECT_THAT(moved, testing::ElementsAre("b", "b", "c"));
  EXPECT_EQ(state.instances, (lab::Instances{{"a", {1, {}}}, {"b", {1, {}}}, {"c", {4, {}}}}));
}

TEST(Stages, LeaveAllElseOfALifeAlone) {
  State state = kTwo;
  state.orphans = {{{"spoke", "apps"}, "b", "web"}};
  state.scale_changes = {{"b", {TimePoint{}}}};
  const State moved = moved_on(state, "b").value();
  EXPECT_EQ(moved.orphans, state.orphans);
  EXPECT_EQ(moved.scale_changes, state.scale_changes);
}

TEST(Stages, AreNotThereForAPlanThatIsAlone) {
  EXPECT_EQ(moved_on(kTwo, "a").error().code, Errc::kNotFound);
  EXPECT_EQ(moved_on(kTwo, "none").error().message, "plan 'none' has no instances that are to go");
}

}  // namespace
}  // namespace egress::lifecycle
