// SPDX-License-Identifier: MIT
#include "reconcile/pass.hpp"

#include <gmock/gmock.h>

#include "tests/support/fake_kernel.hpp"
#include "tests/support/values.hpp"

namespace egress::reconcile {
namespace {

using testing_support::ip;
using testing_support::prefix;

using state::KernelState;
using state::NetnsState;
using state::Op;
using state::Verb;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::FakeKernel;

NetnsState netns_with_firewall() {
  NetnsState netns = state::fresh_netns();
  netns.links["lo"].up = true;
  netns.firewall = state::make_firewall({.chains = {{"steer", {.rules = {{"accept"}}}}}});
  return netns;
}

// Two namespaces with a link between them, each end with an address, a neighbour and a route.
KernelState sample() {
  KernelState state{{"eg-a", netns_with_firewall()}, {"eg-b", netns_with_firewall()}};
  state["eg-a"]->links["x0"] = {.name = "x0", .peer = {"eg-b", "y0"}, .mac = {{2, 0, 0, 0, 0, 1}}};
  state["eg-b"]->links["y0"] = {.name = "y0", .peer = {"eg-a", "x0"}, .mac = {{2, 0, 0, 0, 0, 2}}};
  for (auto& [name, netns] : state) {
    const std::string link = name == "eg-a" ? "x0" : "y0";
    netns->addresses = {{link, ip(name == "eg-a" ? "10.0.0.1" : "10.0.0.2"), 24}};
    netns->neighbours = {{link, ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}}};
    const state::Route route{.table = 100, .destination = prefix("172.16.0.0/16"), .link = link};
    netns->routes = {{key_of(route), route}};
    netns->rules.insert({.priority = 1000, .table = 100});
  }
  state["eg-b"]->processes["b"] = {"b", "/bin/b", {"tcp/80"}};
  return state;
}

template <typename Object>
auto is(Verb verb, const std::string& netns) {
  return [verb, netns](const Op& op) {
    return op.verb == verb && op.netns == netns && std::holds_alternative<Object>(op.object);
  };
}

std::vector<std::string> reasons(const PassReport& report) {
  std::vector<std::string> all;
  for (const auto& skipped : report.skipped) all.push_back(skipped.reason);
  return all;
}

std::vector<std::string> skipped_objects(const PassReport& report) {
  std::vector<std::string> all;
  for (const auto& skipped : report.skipped) all.push_back(skipped.object);
  return all;
}

TEST(Pass, MakesTheKernelAgreeAndFindsNothingToDoThen) {
  FakeKernel kernel;
  const PassReport first = run(kernel, sample());
  EXPECT_TRUE(first.in_sync());
  EXPECT_GT(first.changed, 0U);
  EXPECT_EQ(first.changed, first.ops_total);
  const PassReport second = run(kernel, sample());
  EXPECT_TRUE(second.in_sync());
  EXPECT_EQ(second.ops_total, 0U);
}

TEST(Pass, ReportsWhatFailedAndWhatRemains) {
  FakeKernel kernel;
  kernel.fail_matching(is<state::Rule>(Verb::kAdd, "eg-a"));
  const PassReport report = run(kernel, sample());
  ASSERT_THAT(report.failed, SizeIs(1));
  EXPECT_EQ(report.failed[0].object, "add rule 1000: from all lookup 100 in eg-a");
  EXPECT_THAT(report.skipped, IsEmpty());
  EXPECT_THAT(report.remaining, testing::ElementsAre("add rule 1000: from all lookup 100 in eg-a"));
  EXPECT_FALSE(report.in_sync());
}

TEST(Pass, SkipsEverythingOfANamespaceThatCouldNotBeMade) {
  FakeKernel kernel;
  kernel.fail_matching(is<state::NetnsObject>(Verb::kAdd, "eg-b"));
  const PassReport report = run(kernel, sample());
  EXPECT_THAT(report.failed, SizeIs(1));
  EXPECT_THAT(skipped_objects(report), testing::Contains(testing::StartsWith("add link x0")))
      << "one end of the pair would lie in the missing namespace";
  EXPECT_THAT(skipped_objects(report), testing::Contains("add process b /bin/b tcp/80 in eg-b"));
  EXPECT_THAT(reasons(report), testing::Contains("network namespace eg-b could not be made"));
  EXPECT_TRUE(kernel.state().at("eg-a")->firewall.has_value()) << "others go on";
  EXPECT_EQ(kernel.state().at("eg-a")->links.size(), 1U);
}

TEST(Pass, SkipsWhatHangsOnALinkThatCouldNotBeMade) {
  FakeKernel kernel;
  kernel.fail_matching(is<state::LinkPair>(Verb::kAdd, "eg-a"));
  const PassReport report = run(kernel, sample());
  ASSERT_THAT(report.failed, SizeIs(1));
  // At either end: address, neighbour, up, route.
  EXPECT_THAT(report.skipped, SizeIs(8));
  EXPECT_THAT(reasons(report), Each(HasSubstr("could not be made")));
  EXPECT_EQ(kernel.state().at("eg-b")->rules, sample()["eg-b"]->rules);
}

TEST(Pass, DoesNotReplaceALinkThatCouldNotBeRemoved) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, sample()).in_sync());
  kernel.fail_matching(is<state::LinkPair>(Verb::kRemove, "eg-a"));
  KernelState desired = sample();
  desired["eg-a"]->links["x0"].mac = {{2, 0, 0, 0, 0, 7}};
  const PassReport report = run(kernel, desired);
  ASSERT_THAT(report.failed, SizeIs(1));
  EXPECT_THAT(reasons(report), Each(HasSubstr("could not be removed")));
  EXPECT_EQ(kernel.state().at("eg-a")->links.at("x0"), sample()["eg-a"]->links["x0"]);
}

TEST(Pass, KeepsLinksDownBehindAFirewallThatFailed) {
  FakeKernel kernel;
  kernel.fail_matching(is<state::FirewallChange>(Verb::kAdd, "eg-a"));
  const PassReport report = run(kernel, sample());
  ASSERT_THAT(report.failed, SizeIs(1));
  for (const auto& [name, link] : kernel.state().at("eg-a")->links) EXPECT_FALSE(link.up) << name;
  for (const auto& [name, link] : kernel.state().at("eg-b")->links) EXPECT_TRUE(link.up) << name;
  EXPECT_THAT(reasons(report), testing::Contains("the namespace's firewall is not in force"));
  EXPECT_THAT(reasons(report), testing::Contains("link x0 is down"));
}

TEST(Pass, LeavesLinksUpWhoseFirewallCouldNotBeChanged) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, sample()).in_sync());
  kernel.fail_matching(is<state::FirewallChange>(Verb::kChange, "eg-a"));
  KernelState desired = sample();
  desired["eg-a"]->firewall = state::make_firewall({});
  const PassReport report = run(kernel, desired);
  EXPECT_THAT(report.failed, SizeIs(1));
  EXPECT_THAT(report.skipped, IsEmpty());
  EXPECT_TRUE(kernel.state().at("eg-a")->links.at("x0").up);
}

TEST(Pass, KeepsANamespaceInWhichAProcessStillRuns) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, sample()).in_sync());
  kernel.fail_matching(is<state::Process>(Verb::kRemove, "eg-b"));
  const PassReport report = run(kernel, {});
  EXPECT_THAT(report.failed, SizeIs(1));
  EXPECT_THAT(skipped_objects(report), testing::ElementsAre("remove netns eg-b"));
  EXPECT_EQ(kernel.state().count("eg-a"), 0U);
  EXPECT_EQ(kernel.state().count("eg-b"), 1U);
}

TEST(Pass, DoesNotStartAProcessBesideItsPredecessorThatWouldNotStopButStartsOthers) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, sample()).in_sync());
  kernel.fail_matching(is<state::Process>(Verb::kRemove, "eg-b"));
  KernelState desired = sample();
  desired["eg-b"]->processes.at("b").arguments = {"tcp/443"};
  desired["eg-b"]->processes["c"] = {"c", "/bin/c"};
  const PassReport report = run(kernel, desired);
  EXPECT_EQ(kernel.state().at("eg-b")->processes.count("c"), 1U);
  EXPECT_THAT(skipped_objects(report),
              testing::ElementsAre("add process b /bin/b tcp/443 in eg-b"));
  EXPECT_THAT(reasons(report), testing::ElementsAre("the old process b could not be stopped"));
  EXPECT_THAT(report.remaining, SizeIs(2));
}

// A process in eg-b that is attached in eg-a.
KernelState with_an_attachment(const std::string& settings = "settings") {
  KernelState state = sample();
  state["eg-a"]->attachments["att"] = state::make_attachment("att", {"eg-b", "b"}, settings);
  return state;
}

TEST(Pass, AttachesNothingToAProcessThatCouldNotBeStarted) {
  FakeKernel kernel;
  kernel.fail_matching(is<state::Process>(Verb::kAdd, "eg-b"));
  const PassReport report = run(kernel, with_an_attachment());
  EXPECT_THAT(skipped_objects(report),
              testing::ElementsAre(testing::StartsWith("add attachment att of b in eg-b")));
  EXPECT_THAT(reasons(report), testing::ElementsAre("process b in eg-b could not be started"));
  kernel.fail_matching(nullptr);
  kernel.fail_matching(is<state::NetnsObject>(Verb::kAdd, "eg-b"));
  kernel.state().clear();
  EXPECT_THAT(reasons(run(kernel, with_an_attachment())),
              testing::Contains("process b in eg-b could not be started"));
}

TEST(Pass, KeepsANamespaceThatAProcessElsewhereWouldNotLeave) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, with_an_attachment()).in_sync());
  kernel.fail_matching(is<state::Attachment>(Verb::kRemove, "eg-a"));
  KernelState desired = sample();
  desired.erase("eg-a");
  desired["eg-b"] = netns_with_firewall();
  desired["eg-b"]->processes = sample()["eg-b"]->processes;
  const PassReport report = run(kernel, desired);
  EXPECT_THAT(skipped_objects(report), testing::ElementsAre("remove netns eg-a"));
  EXPECT_THAT(reasons(report), testing::ElementsAre("the old attachment att could not be ended"));
}

TEST(Pass, AttachesNobodyBesideAPredecessorThatWouldNotLeave) {
  FakeKernel kernel;
  KernelState desired = with_an_attachment();
  desired["eg-b"]->processes["c"] = {"c", "/bin/c"};
  ASSERT_TRUE(run(kernel, desired).in_sync());
  kernel.fail_matching(is<state::Attachment>(Verb::kRemove, "eg-a"));
  desired["eg-a"]->attachments.at("att").process.name = "c";
  EXPECT_THAT(reasons(run(kernel, desired)),
              testing::ElementsAre("the old attachment att could not be ended"));
}

const state::Renames kRenames = {{"eg-b-next", "eg-b"}};

// eg-b and one that is to get its name.
KernelState with_a_next_one() {
  KernelState state = sample();
  state["eg-b-next"] = state.at("eg-b");
  state["eg-b-next"]->links.erase("y0");
  state["eg-b-next"]->addresses.clear();
  state["eg-b-next"]->neighbours.clear();
  state["eg-b-next"]->routes.clear();
  state["eg-b-next"]->processes.at("b").arguments = {"next"};
  return state;
}
KernelState next_one_alone() {
  KernelState state = with_a_next_one();
  state.erase("eg-a");
  state["eg-b"] = state.at("eg-b-next");
  state.erase("eg-b-next");
  return state;
}

TEST(Pass, RenamesInsteadOfMakingAnew) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, with_a_next_one()).in_sync());
  kernel.fail_matching(is<state::NetnsObject>(Verb::kAdd, "eg-b"));
  EXPECT_TRUE(run(kernel, next_one_alone(), kRenames).in_sync());
  EXPECT_EQ(kernel.state(), next_one_alone());
}

TEST(Pass, SkipsEverythingOfANamespaceThatCouldNotBeRenamed) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, with_a_next_one()).in_sync());
  kernel.fail_matching(is<state::NetnsRename>(Verb::kChange, "eg-b-next"));
  KernelState desired = next_one_alone();
  desired["eg-b"]->rules.insert({.priority = 7, .table = 7});
  desired["eg-c"] = netns_with_firewall();
  desired["eg-c"]->attachments["att"] = state::make_attachment("att", {"eg-b", "b"}, "settings");
  const PassReport report = run(kernel, desired, kRenames);
  ASSERT_THAT(report.failed, SizeIs(1));
  EXPECT_EQ(report.failed[0].object, "rename netns eg-b-next to eg-b");
  EXPECT_THAT(skipped_objects(report),
              testing::ElementsAre("add rule 7: from all lookup 7 in eg-b",
                                   testing::StartsWith("add attachment att")));
  EXPECT_THAT(reasons(report), Each("network namespace eg-b-next could not be renamed to eg-b"));
  EXPECT_EQ(kernel.state().count("eg-b-next"), 1U) << "it is left as it is";
  kernel.fail_matching(nullptr);
  EXPECT_TRUE(run(kernel, desired, kRenames).in_sync());
}

TEST(Pass, GivesNoNameThatAnotherStillHas) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, with_a_next_one()).in_sync());
  kernel.fail_matching(is<state::Process>(Verb::kRemove, "eg-b"));
  const PassReport report = run(kernel, next_one_alone(), kRenames);
  EXPECT_THAT(skipped_objects(report),
              testing::ElementsAre("remove netns eg-b", "rename netns eg-b-next to eg-b"));
  EXPECT_THAT(reasons(report),
              testing::ElementsAre("the old process b could not be stopped",
                                   "the old network namespace eg-b could not be removed"));
}

TEST(Pass, KnowsWhoWouldNotStopByTheNewName) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, with_a_next_one()).in_sync());
  kernel.fail_matching(is<state::Process>(Verb::kRemove, "eg-b-next"));
  KernelState desired = next_one_alone();
  desired["eg-b"]->processes.at("b").arguments = {"another"};
  const PassReport report = run(kernel, desired, kRenames);
  EXPECT_THAT(report.failed, SizeIs(1));
  EXPECT_THAT(skipped_objects(report),
              testing::ElementsAre("add process b /bin/b another in eg-b"));
  EXPECT_THAT(reasons(report), testing::ElementsAre("the old process b could not be stopped"));
}

TEST(Pass, RenamesNothingForANameThatSomebodyElseHas) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, with_a_next_one()).in_sync());
  kernel.set_foreign("eg-b", {});
  const PassReport report = run(kernel, next_one_alone(), kRenames);
  EXPECT_THAT(report.taken, testing::ElementsAre(testing::Key("eg-b")));
  EXPECT_TRUE(report.settled());
}

TEST(Pass, ChangesNothingWhenTheKernelCannotBeObserved) {
  FakeKernel kernel;
  kernel.fail_next_observe();
  const PassReport report = run(kernel, sample());
  ASSERT_THAT(report.failed, SizeIs(1));
  EXPECT_EQ(report.failed[0].object, "observe");
  EXPECT_EQ(kernel.applied(), 0U);
  EXPECT_FALSE(report.in_sync());
}

TEST(Pass, ReportsWhatSomebodyElseUndidMeanwhile) {
  FakeKernel kernel;
  Pass pass(kernel, {std::make_shared<const KernelState>(sample())});
  while (pass.progress().what != "verify") ASSERT_TRUE(pass.step({}));
  kernel.state()["eg-a"]->routes.clear();
  EXPECT_FALSE(pass.step({}));
  EXPECT_THAT(pass.report().failed, IsEmpty());
  EXPECT_THAT(pass.report().remaining, testing::ElementsAre(HasSubstr("172.16.0.0/16")));
}

TEST(Pass, DoesWithoutANameThatSomebodyElseHasAndWithAllThatHangsOnIt) {
  FakeKernel kernel;
  kernel.set_foreign("eg-b", {state::ForeignNetns::Kind::kMachine});
  const PassReport report = run(kernel, sample());
  EXPECT_THAT(report.taken, testing::ElementsAre(testing::Key("eg-b")));
  EXPECT_TRUE(report.settled()) << "another pass could do no more";
  EXPECT_FALSE(report.in_sync());
  EXPECT_TRUE(kernel.state().at("eg-a")->firewall.has_value()) << "others are made";
  EXPECT_EQ(kernel.state().at("eg-a")->links.count("x0"), 0U);
  const PassReport again = run(kernel, sample());
  EXPECT_EQ(again.ops_total, 0U) << "nothing is tried again and again";
  EXPECT_THAT(again.taken, SizeIs(1));
}

TEST(Pass, GoesOnWhenANameComesFree) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, sample()).in_sync());
  kernel.set_foreign("eg-b", {});
  EXPECT_TRUE(run(kernel, sample()).settled());
  kernel.remove_foreign("eg-b");
  EXPECT_TRUE(run(kernel, sample()).in_sync());
  EXPECT_EQ(kernel.state().count("eg-b"), 1U);
}

TEST(Pass, RemovesALabAndNothingElse) {
  FakeKernel kernel;
  ASSERT_TRUE(run(kernel, sample()).in_sync());
  kernel.set_foreign("eg-b", {});
  kernel.set_foreign("eg-mine", {});
  EXPECT_TRUE(run(kernel, {}).in_sync()) << "what is not ours is nothing that is left";
  EXPECT_THAT(kernel.state(), IsEmpty());
}

// A clock that moves by a millisecond whenever it is read.
Pass::Clock ticking() {
  return [now = std::chrono::steady_clock::time_point{}]() mutable {
    return now += std::chrono::milliseconds(1);
  };
}

TEST(Pass, WorksInSlicesOfAboutTheBudget) {
  FakeKernel kernel;
  Pass pass(kernel, {std::make_shared<const KernelState>(sample())}, ticking());
  size_t slices = 0;
  size_t before = 0;
  while (pass.step(std::chrono::milliseconds(4))) {
    ++slices;
    EXPECT_GT(kernel.applied(), before) << "a slice that did nothing";
    EXPECT_LE(kernel.applied() - before, 4U);
    before = kernel.applied();
  }
  EXPECT_GE(slices, pass.report().ops_total / 4);
  EXPECT_TRUE(pass.report().in_sync());
}

TEST(Pass, TellsItsProgressOpByOp) {
  FakeKernel kernel;
  Pass pass(kernel, {std::make_shared<const KernelState>(sample())});
  EXPECT_EQ(pass.progress().what, "observe");
  EXPECT_TRUE(pass.step({}));
  const state::ChangeSet ops = state::diff(sample(), {}).value();
  EXPECT_EQ(pass.progress().total, ops.size());
  for (size_t done = 1; done < ops.size(); ++done) {
    EXPECT_TRUE(pass.step({}));
    EXPECT_EQ(pass.progress().done, done);
    EXPECT_EQ(pass.progress().what, to_text(ops[done - 1]));
  }
  EXPECT_TRUE(pass.step({}));
  EXPECT_EQ(pass.progress().done, ops.size());
  EXPECT_FALSE(pass.step({}));
  EXPECT_FALSE(pass.step({})) << "a finished pass stays finished";
}

}  // namespace
}  // namespace egress::reconcile
