// SPDX-License-Identifier: MIT
// The contract for namespaces that get another name.
#include <gmock/gmock.h>

#include "tests/support/kernel_contract.hpp"
#include "tests/support/kernel_contract_values.hpp"
#include "tests/support/random_state.hpp"

namespace egress::testing_support {

using state::KernelState;
using state::NetnsObject;
using state::NetnsRename;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;

namespace {

// Two connected namespaces with something of each kind in them: a program in eg-b that is attached
// in both.
KernelState furnished() {
  KernelState state{{"eg-a", state::fresh_netns()}, {"eg-b", state::fresh_netns()}};
  for (auto& [name, netns] : state) netns->links["lo"].up = true;
  state["eg-a"]->links["x0"] = up(connecting_pair().here);
  state["eg-b"]->links["y0"] = up(connecting_pair().there);
  state["eg-a"]->addresses = {{"x0", ip("10.0.0.1"), 24}};
  state["eg-a"]->routes = {{key_of(on_link("172.16.0.0/16")), on_link("172.16.0.0/16")}};
  state["eg-b"]->neighbours = {{"y0", ip("10.0.0.9"), {{2, 0, 0, 0, 0, 9}}}};
  state["eg-b"]->rules.insert({.priority = 7, .table = 7});
  state["eg-b"]->firewall = state::make_firewall({.chains = {{"in", {.rules = {{"accept"}}}}}});
  state["eg-b"]->processes["program"] = {.name = "program", .program = EGRESS_ATTACHABLE_PROGRAM};
  for (const char* netns : {"eg-a", "eg-b"}) {
    state[netns]->attachments["one"] =
        state::make_attachment("one", {"eg-b", "program"}, "settings");
  }
  return state;
}

}  // namespace

TEST_P(KernelContract, ARenamedNamespaceKeepsAllThatIsInItAndLeadsThere) {
  converge(furnished());
  for (const state::Renames& renames : {state::Renames{{"eg-b", "eg-c"}}, {{"eg-c", "eg-b"}}}) {
    const KernelState after = state::renamed(observe(), renames);
    for (const auto& [from, to] : renames) EXPECT_OK(change(from, NetnsRename{to}));
    EXPECT_EQ(observe(), after);
  }
  converge(furnished());
}

TEST_P(KernelContract, BothEndsOfALinkMayBeInRenamedNamespaces) {
  const KernelState before = furnished();
  converge(before);
  EXPECT_OK(change("eg-a", NetnsRename{"eg-c"}));
  EXPECT_OK(change("eg-b", NetnsRename{"eg-a"}));
  EXPECT_OK(change("eg-a", state::Sysctl{"net.ipv4.conf.all.rp_filter", "1"}));
  const KernelState after = observe();
  EXPECT_THAT(after, ElementsAre(Key("eg-a"), Key("eg-c")));
  EXPECT_EQ(after.at("eg-c")->links.at("x0").peer, (state::LinkPeer{"eg-a", "y0"}));
  EXPECT_EQ(after.at("eg-a")->links.at("y0").peer, (state::LinkPeer{"eg-c", "x0"}));
  EXPECT_EQ(after.at("eg-a")->processes, before.at("eg-b")->processes);
}

TEST_P(KernelContract, RenamingWhatHasItsNameAlreadyIsSuccess) {
  EXPECT_EQ(code_of(change("eg-a", NetnsRename{"eg-b"})), Errc::kNotFound);
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(change("eg-a", NetnsRename{"eg-b"}));
  EXPECT_OK(change("eg-a", NetnsRename{"eg-b"}));
  EXPECT_THAT(observe(), ElementsAre(Key("eg-b")));
}

TEST_P(KernelContract, NoNamespaceGetsANameThatAnotherHas) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  make_foreign("eg-c");
  observe();
  for (const char* name : {"eg-b", "eg-c"}) {
    EXPECT_EQ(code_of(change("eg-a", NetnsRename{name})), Errc::kExists) << name;
  }
  EXPECT_THAT(observe(), ElementsAre(Key("eg-a"), Key("eg-b")));
  remove_foreign("eg-c");
}

TEST_P(KernelContract, ARenamedNamespacesOldNameIsFree) {
  converge(furnished());
  EXPECT_OK(change("eg-b", NetnsRename{"eg-c"}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_EQ(observe("eg-b").links.size(), 1U);
  EXPECT_THAT(observe("eg-b").processes, IsEmpty());
  EXPECT_THAT(observe("eg-b").attachments, IsEmpty());
  EXPECT_EQ(observe("eg-a").links.at("x0").peer.netns, "eg-c");
}

TEST_P(KernelContract, ANamespaceTakesTheNameOfOneThatIsRemovedForIt) {
  KernelState both = furnished();
  both["eg-b-next"] = both.at("eg-b");
  both["eg-b-next"]->links.erase("y0");
  both["eg-b-next"]->neighbours.clear();
  both["eg-b-next"]->attachments.clear();
  both["eg-b-next"]->rules.insert({.priority = 8, .table = 8});
  converge(both);
  KernelState alone{{"eg-a", both.at("eg-a")}, {"eg-b", both.at("eg-b-next")}};
  alone["eg-a"]->links.erase("x0");
  alone["eg-a"]->addresses.clear();
  alone["eg-a"]->routes.clear();
  alone["eg-b"]->processes["program"].arguments = {"another"};
  converge(alone, {{"eg-b-next", "eg-b"}});
  EXPECT_EQ(observe("eg-b").rules.count({.priority = 8, .table = 8}), 1U);
}

TEST_P(KernelContract, EveryRandomChangeWithRenamesConvergesInOnePass) {
  constexpr int kChanges = 12;
  for (uint32_t seed = 1; seed <= kChanges; ++seed) {
    SCOPED_TRACE(testing::Message() << "change " << seed);
    std::mt19937 random(seed);
    const KernelState desired = random_state(random);
    converge(desired, random_renames(random));
    if (HasFailure()) return;
  }
}

}  // namespace egress::testing_support
