// SPDX-License-Identifier: MIT
// The order in which what gets stricter and what gets looser come.
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "state/ops.hpp"
#include "tests/support/values.hpp"

namespace egress::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::prefix;

Firewall firewall(const std::string& rule) {
  return make_firewall({.chains = {{"list", {.rules = {{rule}}}}}});
}

KernelState with_firewalls(const std::map<NetnsName, std::string>& rules) {
  KernelState state;
  for (const auto& [netns, rule] : rules) {
    NetnsState made = fresh_netns();
    made.firewall = firewall(rule);
    state[netns] = made;
  }
  return state;
}

// "eg-a: old -> both", where rules are what they are of.
std::vector<std::string> turns(const ChangeSet& ops) {
  std::map<std::string, std::string> names;
  for (const char* each : {"old", "both", "new"}) names[firewall(each).digest] = each;
  std::vector<std::string> lines;
  for (const Op& op : ops) {
    const auto& change = std::get<FirewallChange>(op.object);
    lines.push_back(op.netns + ": " + names[change.observed.digest] + " -> " +
                    names[change.desired.digest] +
                    (op.phase == Phase::kOpenFirewall ? " at last" : ""));
  }
  return lines;
}

std::vector<std::string> by_way(const KernelState& desired, const KernelState& observed,
                                const Firewalls& meanwhile) {
  return turns(by_way_of(diff(desired, observed).value(), meanwhile));
}

const KernelState kOld = with_firewalls({{"eg-a", "old"}, {"eg-b", "old"}, {"eg-c", "old"}});
const KernelState kNew = with_firewalls({{"eg-a", "new"}, {"eg-b", "new"}, {"eg-c", "new"}});

TEST(ByWayOf, LetsAllFirewallsGetThereBeforeTheFirstGoesOn) {
  EXPECT_THAT(by_way(kNew, kOld, {{"eg-a", firewall("both")}, {"eg-b", firewall("both")}}),
              ElementsAre("eg-a: old -> both", "eg-b: old -> both", "eg-c: old -> new",
                          "eg-a: both -> new at last", "eg-b: both -> new at last"));
}

TEST(ByWayOf, LeavesWhatMeanwhileStaysAsItIsForTheEnd) {
  EXPECT_THAT(by_way(kNew, kOld, {{"eg-a", firewall("old")}}),
              ElementsAre("eg-b: old -> new", "eg-c: old -> new", "eg-a: old -> new at last"));
}

TEST(ByWayOf, ChangesWhatIsThereMeanwhileAtOnce) {
  EXPECT_THAT(by_way(kNew, kOld, {{"eg-a", firewall("new")}}),
              ElementsAre("eg-a: old -> new", "eg-b: old -> new", "eg-c: old -> new"));
}

TEST(ByWayOf, GoesOnWhereAPassWasCutShort) {
  EXPECT_THAT(
      by_way(kNew, with_firewalls({{"eg-a", "both"}, {"eg-b", "old"}, {"eg-c", "new"}}),
             {{"eg-a", firewall("both")}, {"eg-b", firewall("both")}, {"eg-c", firewall("both")}}),
      ElementsAre("eg-b: old -> both", "eg-a: both -> new at last", "eg-b: both -> new at last"));
}

TEST(ByWayOf, KnowsNoWayToWhatIsNotThereAndToNothing) {
  KernelState without = kOld;
  without["eg-a"]->firewall.reset();
  const Firewalls meanwhile{{"eg-a", firewall("both")}};
  EXPECT_THAT(by_way(kNew, without, meanwhile),
              ElementsAre("eg-a:  -> new", "eg-b: old -> new", "eg-c: old -> new"));
  KernelState bare = kOld;
  bare["eg-a"]->firewall.reset();
  EXPECT_THAT(by_way(bare, kOld, meanwhile), ElementsAre("eg-a: old -> "));
  EXPECT_THAT(by_way(kOld, kOld, meanwhile), IsEmpty());
}

TEST(Diff, LeadsNowhereBeforeItLeadsAnywhere) {
  KernelState observed{{"eg-a", fresh_netns()}, {"eg-b", fresh_netns()}};
  KernelState desired = observed;
  const auto add = [](NetnsState& netns, const char* to, RouteKind kind) {
    const Route route{.destination = prefix(to), .kind = kind};
    netns.routes[key_of(route)] = route;
  };
  add(desired["eg-a"].change(), "10.1.0.0/16", RouteKind::kThrow);
  add(desired["eg-b"].change(), "10.2.0.0/16", RouteKind::kBlackhole);
  add(observed["eg-b"].change(), "10.3.0.0/16", RouteKind::kBlackhole);
  std::vector<Phase> phases;
  for (const Op& op : diff(desired, observed).value()) phases.push_back(op.phase);
  EXPECT_THAT(phases, ElementsAre(Phase::kBlackholes, Phase::kRoutes, Phase::kRemoveRoutes));
}

}  // namespace
}  // namespace egress::state
