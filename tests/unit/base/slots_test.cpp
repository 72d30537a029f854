// SPDX-License-Identifier: MIT
#include "base/slots.hpp"

#include <gmock/gmock.h>

#include <set>

namespace egress {
namespace {

using testing::Pair;

TEST(AssignSlots, GivesEveryKeyItsOwnNumberInRange) {
  std::vector<std::string> keys;
  for (int i = 0; i < 253; ++i) keys.push_back("app" + std::to_string(i));
  const auto slots = assign_slots("apps", keys, 2, 254).value();
  std::set<uint32_t> numbers;
  for (const auto& [key, slot] : slots) numbers.insert(slot);
  EXPECT_EQ(numbers.size(), keys.size());
  EXPECT_EQ(*numbers.begin(), 2U);
  EXPECT_EQ(*numbers.rbegin(), 254U);
}

TEST(AssignSlots, KeepsTheNumbersOfKeysThatStay) {
  const auto before = assign_slots("tables", {"a", "b", "c"}, 1000, 65000).value();
  const auto after = assign_slots("tables", {"a", "b", "c", "another"}, 1000, 65000).value();
  for (const auto& [key, slot] : before) EXPECT_THAT(after, testing::Contains(Pair(key, slot)));
}

TEST(AssignSlots, DoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(*assign_slots("gates", {"a", "b", "c"}, 1, 3),
            *assign_slots("gates", {"c", "a", "b"}, 1, 3));
}

TEST(AssignSlots, RefusesMoreKeysThanNumbersAndSaysOfWhat) {
  const auto slots = assign_slots("apps in plan 'p'", {"a", "b", "c"}, 1, 2);
  ASSERT_FALSE(slots.ok());
  EXPECT_EQ(slots.error().code, Errc::kInvalid);
  EXPECT_EQ(slots.error().message, "3 apps in plan 'p', of which there can be 2");
}

// "a5" sorts before "web", and its hash meets that of "web".
TEST(AssignSlots, LeaveAKeyItsNumberWhenOneComesThatWouldHaveIt) {
  const Numbers before = assign_slots("apps", {"web"}, 2, 5).value();
  EXPECT_NE(assign_slots("apps", {"a5", "web"}, 2, 5)->at("web"), before.at("web"));
  const Numbers both = assign_slots("apps", {"a5", "web"}, 2, 5, before).value();
  EXPECT_EQ(both.at("web"), before.at("web"));
  EXPECT_NE(both.at("a5"), before.at("web"));
  const Numbers rest = assign_slots("apps", {"a5"}, 2, 5, both).value();
  EXPECT_THAT(rest, testing::ElementsAre(Pair("a5", both.at("a5"))));
}

TEST(AssignSlots, NumberAnewWhatHoldsNoneOfTheRangeOrAnothers) {
  const Numbers fresh = assign_slots("apps", {"a", "b"}, 2, 254).value();
  EXPECT_EQ(*assign_slots("apps", {"a", "b"}, 2, 254, {{"a", 1}, {"b", 255}, {"c", 7}}), fresh);
  const Numbers shared = assign_slots("apps", {"a", "b"}, 2, 254, {{"a", 9}, {"b", 9}}).value();
  EXPECT_THAT(shared, testing::ElementsAre(Pair("a", 9U), Pair("b", fresh.at("b"))));
}

// Labs in force have these numbers.
TEST(AssignSlots, GivesTheNumbersItAlwaysGave) {
  EXPECT_THAT(assign_slots("tables", {"subnet/apps"}, 1000, 65000).value(),
              testing::ElementsAre(Pair("subnet/apps", 19022U)));
}

}  // namespace
}  // namespace egress
