// SPDX-License-Identifier: MIT

// Slots are named as sites are, and stand in the file in their apps (lab/slots.hpp).

#include "tests/unit/lifecycle/transition_table.hpp"

namespace egress::lifecycle {
namespace {

using testing::ElementsAre;

const lab::Lab& slot_lab() {
  static const lab::Lab lab = with(small_lab(), R"(
sites:
  web: {slots: {staging: {}, test: {virtualNetworkSubnet: spoke/spare}}}
expectations:
  - {from: web-test, to: 'tcp://10.1.2.4:1433', expect: allow}
  - {from: api, to: 'tcp://10.1.2.4:1433', expect: allow}
  - {from: web-staging, to: 'tcp://10.1.2.4:1433', expect: allow}
)");
  return lab;
}

std::vector<std::string> paths_of(const Operation& operation) {
  const auto edits = edits_of(operation, slot_lab());
  EXPECT_TRUE(edits.ok()) << edits.error().to_string();
  std::vector<std::string> paths;
  for (const lab::Edit& edit : edits.ok() ? edits->edits : std::vector<lab::Edit>{}) {
    paths.push_back(edit.path);
  }
  return paths;
}

TEST(SlotEdits, ConnectAndDisconnectASlot) {
  lab::Lab expected = slot_lab();
  expected.sites.at("web-staging").virtual_network_subnet = lab::SubnetRef{"spoke", "integration"};
  EXPECT_TRUE(after(Connect{"Web-Staging", {"spoke", "integration"}}, slot_lab()) == expected);
  expected = slot_lab();
  expected.sites.at("web-test").virtual_network_subnet.reset();
  EXPECT_TRUE(after(Disconnect{"web-test"}, slot_lab()) == expected);
}

TEST(SlotEdits, SetWhatIsNamedByEitherPath) {
  lab::Lab expected = slot_lab();
  expected.sites.at("web-staging").linux_fx_version = "PYTHON|3.12";
  for (const char* path :
       {"sites.web.slots.staging.linuxFxVersion", "sites.web-staging.linuxFxVersion",
        "sites.web.slots.staging.siteConfig.linuxFxVersion"}) {
    EXPECT_TRUE(after(Set{path, "PYTHON|3.12"}, slot_lab()) == expected) << path;
  }
  EXPECT_THAT(paths_of(Unset{"sites.web-test.virtualNetworkSubnet"}),
              ElementsAre("sites.web.slots.test.virtualNetworkSubnet"));
}

TEST(SlotEdits, SwapWhatRunsAndSettingsThatAreNoSlotsOwn) {
  lab::Lab before = slot_lab();
  lab::Site& app = before.sites.at("web");
  lab::Site& slot = before.sites.at("web-test");
  app.linux_fx_version = "PYTHON|3.11";
  app.app_settings = {{"WEBSITE_DNS_SERVER", "10.1.2.4"}, {"SIDE", "production"}, {"OLD", "1"}};
  app.slot_setting_names = {"side"};
  slot.linux_fx_version.clear();
  slot.app_settings = {{"SIDE", "staging"}, {"NEW", "1"}};
  slot.dependencies = {"tcp://10.1.2.4:1433"};
  lab::Lab expected = before;
  lab::Site& app_after = expected.sites.at("web");
  lab::Site& slot_after = expected.sites.at("web-test");
  std::swap(app_after.linux_fx_version, slot_after.linux_fx_version);
  std::swap(app_after.dependencies, slot_after.dependencies);
  app_after.app_settings = {{"SIDE", "production"}, {"NEW", "1"}};
  slot_after.app_settings = {{"SIDE", "staging"}, {"OLD", "1"}, {"WEBSITE_DNS_SERVER", "10.1.2.4"}};
  EXPECT_TRUE(after(Swap{"WEB", "Test"}, before) == expected);
  EXPECT_TRUE(after(Swap{"web", "test"}, expected) == before);
  EXPECT_THAT(made_by(Swap{"web", "test"}, before).effects.restarts,
              ElementsAre("web", "web-test"));
}

TEST(SlotEdits, SwapWithNoSlotThatIsNotThere) {
  for (const Swap& swap : {Swap{"web", "tset"}, Swap{"api", "test"}, Swap{"nobody", "test"}}) {
    const auto edits = edits_of(swap, slot_lab());
    ASSERT_FALSE(edits.ok());
    EXPECT_EQ(edits.error().code, Errc::kNotFound);
  }
  EXPECT_THAT(edits_of(Swap{"web", "tset"}, slot_lab()).error().message,
              testing::HasSubstr("did you mean 'test'?"));
}

TEST(SlotEdits, DeleteASlotWithItsExpectations) {
  lab::Lab expected = slot_lab();
  expected.sites.erase("web-test");
  expected.expectations.erase(expected.expectations.begin());
  for (const Delete& deletion : {Delete{"site", "web-test"}, Delete{"slot", "web/test"}}) {
    EXPECT_TRUE(after(deletion, slot_lab()) == expected) << deletion.kind;
  }
}

TEST(SlotEdits, DeleteAnAppWithItsSlots) {
  const lab::Lab left = after(Delete{"site", "web"}, slot_lab());
  EXPECT_EQ(left.sites.size(), 1U);
  EXPECT_EQ(left.expectations.size(), 1U);
}

Effects effects_of(const Operation& operation) {
  const lab::Lab next = after(operation, slot_lab());
  const State state;
  const auto made = transition({.before = &slot_lab(),
                                .after = next,
                                .state = state,
                                .cause = Cause::kOperation,
                                .operation = &operation,
                                .now = kNow});
  EXPECT_TRUE(std::holds_alternative<Transition>(made));
  const Transition* done = std::get_if<Transition>(&made);
  return done == nullptr ? Effects{} : done->effects;
}

TEST(SlotTransition, LeavesALinkWhereASlotIsDeletedThatIsIntegrated) {
  EXPECT_THAT(effects_of(Delete{"site", "web-test"}).left_behind,
              ElementsAre(OrphanedLink{{"spoke", "spare"}, "plan", "web-test"}));
}

TEST(SlotTransition, RestartsTheSlotAloneThatConnects) {
  EXPECT_THAT(effects_of(Connect{"web-staging", {"spoke", "spare"}, {}}).restarts,
              ElementsAre("web-staging"));
}

TEST(SlotTransition, NamesTheSlotThatMayNotConnect) {
  const auto refused =
      refused_to_operation({.before = with(slot_lab(), "roleAssignments: []"),
                            .operation = Connect{"web-staging", {"spoke", "spare"}, {}}});
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().path, "sites.web.slots.staging.virtualNetworkSubnet");
}

}  // namespace
}  // namespace egress::lifecycle
