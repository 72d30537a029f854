// SPDX-License-Identifier: MIT

// Whatever single op fails, the passes that follow arrive, and the one after that finds nothing to
// do. So nothing depends on a pass having run to its end. Swept over random states and over real
// labs, which together have every kind of object and every verb for it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <random>
#include <set>
#include <variant>
#include <vector>

#include "compile/compile.hpp"
#include "reconcile/pass.hpp"
#include "tests/support/fake_kernel.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/random_state.hpp"

namespace egress::reconcile {
namespace {

using testing_support::FakeKernel;
using testing_support::random_renames;
using testing_support::random_state;

void expect_arrival(FakeKernel& kernel, const state::KernelState& desired,
                    const state::Renames& renames) {
  const PassReport repair = run(kernel, desired, renames);
  for (const auto& failed : repair.failed) ADD_FAILURE() << failed.error.to_string();
  for (const auto& line : repair.remaining) ADD_FAILURE() << "remaining: " << line;
  EXPECT_TRUE(repair.in_sync());
  EXPECT_EQ(run(kernel, desired, renames).ops_total, 0U);
}

void expect_every_single_fault_repaired(const FakeKernel& start, const state::KernelState& desired,
                                        const state::Renames& renames) {
  const size_t ops = state::diff(desired, FakeKernel(start).state(), renames).value().size();
  for (size_t k = 0; k < ops; ++k) {
    SCOPED_TRACE(testing::Message() << "op " << k << " of " << ops << " fails");
    FakeKernel kernel = start;
    kernel.fail_apply(k);
    const PassReport hit = run(kernel, desired, renames);
    // More may fail in its wake: a route whose source address is missing, a name still taken.
    ASSERT_FALSE(hit.failed.empty());
    EXPECT_EQ(hit.failed[0].error.sys_errno, EIO);
    EXPECT_FALSE(hit.in_sync());
    EXPECT_EQ(hit.changed + hit.failed.size() + hit.skipped.size(), hit.ops_total);
    expect_arrival(kernel, desired, renames);
    if (testing::Test::HasFailure()) return;
  }
}

// Also when the daemon dies there instead of going on.
void expect_every_broken_off_pass_finished(const FakeKernel& start,
                                           const state::KernelState& desired,
                                           const state::Renames& renames) {
  FakeKernel dying = start;
  Pass pass(dying, {std::make_shared<const state::KernelState>(desired), renames});
  do {
    SCOPED_TRACE(testing::Message() << "dead after " << pass.progress().done << " of "
                                    << pass.progress().total << " ops");
    FakeKernel kernel = dying;
    expect_arrival(kernel, desired, renames);
    if (testing::Test::HasFailure()) return;
  } while (pass.step({}));
}

class RandomFaultSweep : public testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    std::mt19937 random(GetParam());
    ASSERT_TRUE(run(start_, random_state(random)).in_sync());
    desired_ = random_state(random);
    renames_ = random_renames(random);
  }

  FakeKernel start_{};
  state::KernelState desired_{};
  state::Renames renames_{};
};

TEST_P(RandomFaultSweep, EverySingleFaultIsRepairedByTheNextPass) {
  expect_every_single_fault_repaired(start_, desired_, {});
}

TEST_P(RandomFaultSweep, EveryBrokenOffPassIsFinishedByTheNextOne) {
  expect_every_broken_off_pass_finished(start_, desired_, {});
}

TEST_P(RandomFaultSweep, EverySingleFaultOfAPassThatRenamesIsRepairedByTheNextPass) {
  expect_every_single_fault_repaired(start_, desired_, renames_);
}

TEST_P(RandomFaultSweep, EveryBrokenOffPassThatRenamesIsFinishedByTheNextOne) {
  expect_every_broken_off_pass_finished(start_, desired_, renames_);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFaultSweep, testing::Range(1U, 7U));

// What a file under tests/crash/labs becomes with one instance of each plan: more would be more of
// the same, and a sweep takes time by the square of its ops.
state::KernelState lab_state(const std::string& name, int restarts_of_web = 0) {
  lab::Lab lab = testing_support::lab_in(CRASH_LABS "/" + name + ".yaml");
  for (auto& [plan, farm] : lab.server_farms) farm.capacity = 1;
  return compile::compile(*policy::analyse({.lab = lab,
                                            .leases = testing_support::leases_of(lab),
                                            .restarts = {{"web", restarts_of_web}}}))
      .value();
}

// A namespace after somebody has been at everything in it that can be changed by hand.
void tamper(state::NetnsState& netns) {
  netns.sysctls["net.ipv4.conf.all.rp_filter"].value = "2";
  netns.rules.insert({.priority = 7, .table = 77});
  const state::Route surplus{.table = 77, .kind = state::RouteKind::kBlackhole};
  netns.routes[key_of(surplus)] = surplus;
  for (auto& [key, route] : netns.routes) {
    if (route.kind == state::RouteKind::kUnicast) route.mtu = 1280;
  }
  for (auto& [name, link] : netns.links) link.alias = "somebody else's";
  // Not on a link without any: that would have to be made anew.
  for (const state::Address& own : std::set<state::Address>(netns.addresses)) {
    netns.addresses.insert({own.link, {0x0a636363U}, 32});
  }
  std::set<state::Neighbour> neighbours;
  for (state::Neighbour entry : netns.neighbours) {
    entry.mac = {{2, 0, 0, 0, 0, 99}};
    neighbours.insert(entry);
  }
  netns.neighbours = neighbours;
}

// Where a process is another, it has taken its attachments along.
void tamper_with_processes(state::NetnsState& netns) {
  for (auto& [name, process] : netns.processes) process.arguments = {"another"};
  netns.attachments.clear();
}

void tamper_with_attachments(const state::NetnsName& name, state::NetnsState& netns) {
  for (auto& [key, attachment] : netns.attachments) attachment.digest = "another";
  for (const auto& [process, spec] : netns.processes) {
    netns.attachments["surplus"] = state::make_attachment("surplus", {name, process}, "");
  }
}

// The same namespaces and links, where something in each differs from what the lab wants.
state::KernelState drifted(state::KernelState state) {
  bool with_firewall = false;
  bool with_other_processes = false;
  for (auto& [name, netns] : state) {
    tamper(netns.change());
    if (!netns->processes.empty()) with_other_processes = !with_other_processes;
    if (with_other_processes) {
      tamper_with_processes(netns.change());
    } else {
      tamper_with_attachments(name, netns.change());
    }
    with_firewall = !with_firewall;
    netns->firewall = std::nullopt;
    if (with_firewall) netns->firewall = state::make_firewall({});
  }
  return state;
}

// What a lab in which two sets of instances stand has of one instance: the old namespaces, which
// have the names that those of the next set are to get.
constexpr const char* kNext = "-next";

bool is_of_an_instance(const state::NetnsName& name) {
  return name.starts_with("eg-app-") || name.starts_with("eg-worker-");
}

state::Renames renames_in(const state::KernelState& lab) {
  state::Renames renames;
  for (const auto& [name, netns] : lab) {
    if (is_of_an_instance(name)) renames[name + kNext] = name;
  }
  return renames;
}

state::KernelState next_set_of(const state::KernelState& lab) {
  state::Renames back;
  for (const auto& [next, name] : renames_in(lab)) back[name] = next;
  state::KernelState both = state::renamed(lab, back);
  for (const auto& [name, next] : back) both[name] = state::fresh_netns();
  return both;
}

struct LabChange {
  const char* name;
  state::KernelState (*before)();
  state::KernelState (*after)();
};

state::KernelState nothing() {
  return {};
}
state::KernelState full() {
  return lab_state("two-integrations");
}
state::KernelState changed() {
  return lab_state("scaled-in");
}
state::KernelState moved() {
  return lab_state("moved");
}

const std::array kLabChanges = {
    LabChange{"Creation", nothing, full},
    LabChange{"ChangeInPlace", full, changed},
    LabChange{"ChangeBack", changed, full},
    LabChange{"Move", full, moved},
    LabChange{"Restart", full, [] { return lab_state("two-integrations", 1); }},
    LabChange{"Drift", [] { return drifted(full()); }, full},
    LabChange{"Scaling", [] { return next_set_of(full()); }, full},
    LabChange{"Removal", full, nothing},
};

class LabFaultSweep : public testing::TestWithParam<LabChange> {
 protected:
  void SetUp() override {
    start_.state() = GetParam().before();
    desired_ = GetParam().after();
    renames_ = renames_in(desired_);
  }

  FakeKernel start_{};
  state::KernelState desired_{};
  state::Renames renames_{};
};

TEST_P(LabFaultSweep, EverySingleFaultIsRepairedByTheNextPass) {
  expect_every_single_fault_repaired(start_, desired_, renames_);
}

TEST_P(LabFaultSweep, EveryBrokenOffPassIsFinishedByTheNextOne) {
  expect_every_broken_off_pass_finished(start_, desired_, renames_);
}

INSTANTIATE_TEST_SUITE_P(Labs, LabFaultSweep, testing::ValuesIn(kLabChanges),
                         [](const auto& tested) { return std::string(tested.param.name); });

using state::Verb;
using Verbs = std::set<Verb>;
const Verbs kAddRemove = {Verb::kAdd, Verb::kRemove};
const Verbs kChange = {Verb::kChange};
const Verbs kAllVerbs = {Verb::kAdd, Verb::kChange, Verb::kRemove};

// Which verbs diff() has for each kind of object. A new kind does not compile without its own.
Verbs verbs_of(const state::NetnsObject&) {
  return kAddRemove;
}
Verbs verbs_of(const state::NetnsRename&) {
  return kChange;
}
Verbs verbs_of(const state::Sysctl&) {
  return kChange;
}
Verbs verbs_of(const state::FirewallChange&) {
  return kAllVerbs;
}
Verbs verbs_of(const state::LinkPair&) {
  return kAddRemove;
}
Verbs verbs_of(const state::LinkSettings&) {
  return kChange;
}
Verbs verbs_of(const state::Address&) {
  return kAddRemove;
}
Verbs verbs_of(const state::Neighbour&) {
  return kAllVerbs;
}
Verbs verbs_of(const state::Route&) {
  return kAllVerbs;
}
Verbs verbs_of(const state::Rule&) {
  return kAddRemove;
}
Verbs verbs_of(const state::Process&) {
  return kAddRemove;
}

Verbs verbs_of(const state::Attachment&) {
  return kAllVerbs;
}

template <typename... Kinds>
std::vector<Verbs> verbs_of_kinds(const std::variant<Kinds...>&) {
  return {verbs_of(Kinds{})...};
}

TEST(LabFaultSweep, MeetsEveryKindOfObjectWithEveryVerb) {
  std::vector<Verbs> met(std::variant_size_v<state::Object>);
  for (const LabChange& change : kLabChanges) {
    const state::KernelState after = change.after();
    const auto ops = state::diff(after, change.before(), renames_in(after)).value();
    for (const state::Op& op : ops) met.at(op.object.index()).insert(op.verb);
  }
  EXPECT_EQ(met, verbs_of_kinds(state::Object{}));
}

}  // namespace
}  // namespace egress::reconcile
