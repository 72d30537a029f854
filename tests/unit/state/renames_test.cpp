// SPDX-License-Identifier: MIT
#include "state/renames.hpp"

#include <gmock/gmock.h>

#include <random>

#include "tests/support/fake_kernel.hpp"
#include "tests/support/random_state.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/state/diff_texts.hpp"

namespace egress::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::ip;

const Renames kRenames = {{"eg-app-next", "eg-app"}};

// An app's namespace of this name that is connected to a router by a link of that one, with a
// process that is attached in both.
void add_app(KernelState& state, const NetnsName& app, const std::string& link) {
  state[app] = fresh_netns();
  state.try_emplace("eg-router", fresh_netns());
  state[app]->links["eth0"] = {.name = "eth0", .peer = {"eg-router", link}};
  state["eg-router"]->links[link] = {.name = link, .peer = {app, "eth0"}};
  state["eg-router"]->neighbours.insert({link, ip("10.0.0.2"), {{2, 0, 0, 0, 0, 1}}});
  state[app]->processes["responder"] = {"responder", "egress-host"};
  state[app]->attachments["dns"] = make_attachment("dns", {app, "responder"}, "settings");
  state["eg-router"]->attachments[link] = make_attachment(link, {app, "responder"}, "settings");
}

// Both apps, the old and the next one; and the next one alone, under the final name.
KernelState both() {
  KernelState state;
  add_app(state, "eg-app", "e-old");
  add_app(state, "eg-app-next", "e-new");
  return state;
}
KernelState alone() {
  KernelState state;
  add_app(state, "eg-app", "e-new");
  return state;
}

TEST(Renames, AreDueOnceTheFirstNameIsNoLongerWantedAndTheSecondIs) {
  EXPECT_EQ(due(kRenames, alone(), both()), kRenames);
  EXPECT_THAT(due(kRenames, both(), both()), IsEmpty()) << "both are wanted";
  EXPECT_THAT(due(kRenames, {}, both()), IsEmpty()) << "neither is";
  EXPECT_THAT(due(kRenames, alone(), alone()), IsEmpty()) << "it is done";
  EXPECT_THAT(due({}, alone(), both()), IsEmpty());
}

TEST(Renames, GiveANameToOneAlone) {
  KernelState observed = both();
  observed["eg-app-other"] = fresh_netns();
  EXPECT_EQ(due({{"eg-app-next", "eg-app"}, {"eg-app-other", "eg-app"}}, alone(), observed),
            kRenames);
}

TEST(Renames, TakeLinksAndProcessesAlongThatLeadThere) {
  KernelState next;
  add_app(next, "eg-app-next", "e-new");
  EXPECT_EQ(renamed(next, kRenames), alone());
  EXPECT_EQ(renamed(alone(), {{"eg-app", "eg-app-next"}}), next);
  EXPECT_EQ(renamed(next, {}), next);
}

TEST(Renames, AreMadeAllAtOnce) {
  const Renames swap = {{"eg-app", "eg-app-next"}, {"eg-app-next", "eg-app"}};
  const KernelState swapped = renamed(both(), swap);
  EXPECT_EQ(swapped.at("eg-app")->links.at("eth0").peer.name, "e-new");
  EXPECT_EQ(swapped.at("eg-router")->links.at("e-new").peer.netns, "eg-app");
  EXPECT_EQ(renamed(swapped, swap), both());
}

TEST(Renames, ShareWhatTheyDoNotChange) {
  KernelState observed = both();
  observed["eg-apart"] = fresh_netns();
  const KernelState after = renamed(observed, {{"eg-apart", "eg-else"}});
  EXPECT_TRUE(after.at("eg-else").shares_with(observed.at("eg-apart")));
  EXPECT_TRUE(after.at("eg-router").shares_with(observed.at("eg-router")));
}

TEST(RenamesDiff, RenamesWhereEverythingElseIsAsWanted) {
  KernelState observed;
  add_app(observed, "eg-app-next", "e-new");
  EXPECT_THAT(texts(diff(alone(), observed, kRenames).value()),
              ElementsAre("rename netns eg-app-next to eg-app"));
  EXPECT_THAT(texts(diff(alone(), alone(), kRenames).value()), IsEmpty());
}

TEST(RenamesDiff, RemovesFirstWhatHasTheName) {
  EXPECT_THAT(texts(diff(alone(), both(), kRenames).value()),
              ElementsAre("remove process responder egress-host in eg-app", "remove netns eg-app",
                          "rename netns eg-app-next to eg-app"));
}

TEST(RenamesDiff, WithoutThemOneIsRemovedAndTheOtherChanged) {
  const auto ops = texts(changes(alone(), both()));
  EXPECT_THAT(ops, testing::Contains("remove netns eg-app-next"));
  EXPECT_THAT(ops, testing::Not(testing::Contains("remove netns eg-app")));
}

// What comes before the rename is said of the names that are there then.
TEST(RenamesDiff, ChangesTheRenamedOneUnderItsNewNameAndLeavesItUnderItsOld) {
  KernelState desired = alone();
  desired["eg-app"]->addresses.insert({"eth0", ip("10.0.0.1"), 24});
  desired["eg-app"]->processes.clear();
  desired["eg-app"]->attachments.clear();
  desired["eg-router"]->attachments.clear();
  KernelState observed;
  add_app(observed, "eg-app-next", "e-new");
  observed["eg-app-next"]->attachments["other"] =
      make_attachment("other", {"eg-router", "other"}, "settings");
  observed["eg-router"]->processes["other"] = {"other", "/bin/other"};
  desired["eg-router"]->processes["other"] = {"other", "/bin/other"};
  EXPECT_THAT(
      texts(diff(desired, observed, kRenames).value()),
      ElementsAre(
          "remove " + to_text(make_attachment("other", {"eg-router", "other"}, "settings")) +
              " in eg-app-next",
          "remove process responder egress-host in eg-app-next",
          "rename netns eg-app-next to eg-app", "add address 10.0.0.1/24 dev eth0 in eg-app"));
}

TEST(RenamesDiff, DetachesTheReplacedOnesProcessesByTheirOldPlace) {
  KernelState observed = both();
  KernelState desired = alone();
  const Attachment wanted = make_attachment("shared", {"eg-router", "other"}, "settings");
  for (KernelState* state : {&observed, &desired}) {
    (*state)["eg-router"]->processes["other"] = {"other", "/bin/other"};
  }
  observed["eg-app"]->attachments["shared"] = wanted;
  const auto ops = texts(diff(desired, observed, kRenames).value());
  EXPECT_EQ(ops.front(), "remove " + to_text(wanted) + " in eg-app");
}

TEST(RenamesDiff, IsOrderedByPhaseThenNamespaceAndArrivesFromAnyState) {
  size_t renames_met = 0;
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    testing_support::FakeKernel kernel;
    for (const Op& op : changes(testing_support::random_state(random), {})) {
      ASSERT_TRUE(kernel.apply(op).ok()) << to_text(op);
    }
    const KernelState desired = testing_support::random_state(random);
    const Renames renames = testing_support::random_renames(random);
    const ChangeSet ops = diff(desired, kernel.state(), renames).value();
    EXPECT_TRUE(std::is_sorted(ops.begin(), ops.end(), [](const Op& a, const Op& b) {
      return std::tie(a.phase, a.netns) < std::tie(b.phase, b.netns);
    }));
    for (const Op& op : ops) {
      if (op.phase == Phase::kRenameNetns) ++renames_met;
      EXPECT_EQ(to_text(op).find(replaced_name("")), std::string::npos) << to_text(op);
      ASSERT_TRUE(kernel.apply(op).ok()) << to_text(op);
    }
    EXPECT_THAT(texts(diff(desired, kernel.state(), renames).value()), IsEmpty());
  }
  EXPECT_GT(renames_met, 50U);
}

}  // namespace
}  // namespace egress::state
