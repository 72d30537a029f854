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

// Labs in force have these numbers.
TEST(AssignSlots, GivesTheNumbersItAlwaysGave) {
  EXPECT_THAT(assign_slots("tables", {"subnet/apps"}, 1000, 65000).value(),
              testing::ElementsAre(Pair("subnet/apps", 19022U)));
}

}  // namespace
}  // namespace egress
