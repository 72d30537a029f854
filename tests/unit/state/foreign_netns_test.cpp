// SPDX-License-Identifier: MIT
#include "state/foreign_netns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/ops.hpp"
#include "tests/support/values.hpp"

namespace egress::state {
namespace {

using testing_support::ip;
using testing_support::prefix;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using Kind = ForeignNetns::Kind;

void add(NetnsState& netns, const Route& route) {
  netns.routes[key_of(route)] = route;
}

// A router between two others: everything it has towards one of them and towards the other.
KernelState star() {
  KernelState state;
  for (const char* name : {"eg-left", "eg-router", "eg-right"}) state[name] = fresh_netns();
  NetnsState& router = state["eg-router"].change();
  for (const auto& [link, netns, address] :
       {std::tuple{"l0", "eg-left", "10.0.1.1"}, std::tuple{"r0", "eg-right", "10.0.2.1"}}) {
    router.links[link] = {.name = link, .peer = {netns, "up0"}, .mac = {{2}}};
    state[netns]->links["up0"] = {.name = "up0", .peer = {"eg-router", link}, .mac = {{4}}};
    router.addresses.insert({link, ip(address), 24});
    router.neighbours.insert({link, ip("169.254.0.1"), {{6}}});
    add(router, {.table = link == std::string("l0") ? 100U : 200U,
                 .destination = prefix("172.16.0.0/16"),
                 .link = link});
  }
  add(router, {.table = 300,
               .destination = prefix("192.168.0.0/16"),
               .link = "r0",
               .source = ip("10.0.1.1")});
  router.rules.insert({.priority = 1000, .table = 100, .iif = "l0"});
  for (const char* netns : {"eg-left", "eg-right"}) {
    state[netns]->processes["program"] = {"program", "/bin/program"};
    router.attachments[netns] = make_attachment(netns, {netns, "program"}, "settings");
  }
  return state;
}

TEST(ForeignNetns, AreTakenWhenTheirNamesAreNeeded) {
  const ForeignNames foreign = {{"eg-left", {Kind::kMachine}}, {"eg-mine", {Kind::kUnmarked}}};
  EXPECT_THAT(taken_names(star(), foreign),
              ElementsAre(Pair("eg-left", ForeignNetns{Kind::kMachine})));
  EXPECT_THAT(taken_names({}, foreign), IsEmpty());
  EXPECT_TRUE(check_free({}, foreign).ok());
}

TEST(ForeignNetns, AreNamedWithWhatTheyAreAndHowTheNameComesFree) {
  const ForeignNames foreign = {{"eg-left", {Kind::kOtherLab, {"eg", "/srv/other"}}},
                                {"eg-right", {Kind::kUnmarked}}};
  const Status taken = check_free(star(), foreign);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Errc::kConflict);
  for (const char* part : {"eg-left", "prefix 'eg'", "/srv/other", "egressctl down", "1 more"}) {
    EXPECT_THAT(taken.error().message, HasSubstr(part));
  }
  EXPECT_THAT(to_text("eg-x", {Kind::kUnmarked}), HasSubstr("not made by egressd"));
  EXPECT_THAT(to_text("eg-x", {Kind::kUnmarked}), HasSubstr("ip netns del"));
  EXPECT_THAT(to_text("eg-x", {Kind::kMachine}), HasSubstr("machine's own"));
  EXPECT_THAT(to_text("eg-x", {Kind::kNoNamespace}), HasSubstr("a file"));
  EXPECT_THAT(to_text("eg-x", {Kind::kSecondName}), HasSubstr("a second name"));
}

TEST(ForeignNetns, LeaveWhatNeedsNothingOfThem) {
  const KernelState all = star();
  const KernelState left = without(all, {{"eg-left", {}}});
  EXPECT_EQ(left.count("eg-left"), 0U);
  EXPECT_EQ(left.at("eg-right"), all.at("eg-right"));
  const NetnsState& router = *left.at("eg-router");
  EXPECT_EQ(router.links.count("l0"), 0U);
  EXPECT_EQ(router.links.count("r0"), 1U);
  EXPECT_THAT(router.addresses, ElementsAre(Address{"r0", ip("10.0.2.1"), 24}));
  EXPECT_THAT(router.neighbours, ElementsAre(Neighbour{"r0", ip("169.254.0.1"), {{6}}}));
  ASSERT_EQ(router.routes.size(), 1U) << "one needs the link, another an address on it";
  EXPECT_EQ(router.routes.begin()->second.table, 200U);
  EXPECT_EQ(router.rules, all.at("eg-router")->rules) << "a rule may name a link that is not there";
  EXPECT_THAT(router.attachments, ElementsAre(testing::Key("eg-right")));
  EXPECT_EQ(without(all, {}), all);
}

TEST(ForeignNetns, AppearInNoOperation) {
  const KernelState desired = without(star(), {{"eg-left", {}}});
  const ChangeSet ops = diff(desired, {}).value();
  EXPECT_FALSE(ops.empty());
  for (const Op& op : ops) EXPECT_THAT(to_text(op), Not(HasSubstr("eg-left")));
}

}  // namespace
}  // namespace egress::state
