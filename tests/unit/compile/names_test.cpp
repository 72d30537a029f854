// SPDX-License-Identifier: MIT
#include "compile/names.hpp"

#include <gmock/gmock.h>

#include <set>

namespace egress::compile {
namespace {

using testing::Each;
using testing::Pair;

TEST(LinkName, KeepsWhatFitsAnInterfaceName) {
  EXPECT_EQ(link_name("h-database"), "h-database");
}

TEST(LinkName, CutsLongNamesAndKeepsThemApart) {
  const std::string a = link_name("h-a-very-long-host-name-one");
  const std::string b = link_name("h-a-very-long-host-name-two");
  EXPECT_EQ(a.size(), 15U);
  EXPECT_EQ(a.substr(0, 10), "h-a-very-l");
  EXPECT_NE(a, b);
}

TEST(AppVnetLink, HasAzuresFormAndChangesWithARestart) {
  const std::string first = app_vnet_link("web", 0, 0);
  EXPECT_THAT(first, testing::MatchesRegex("vnet0[a-z0-9]{8}"));
  EXPECT_NE(first, app_vnet_link("web", 0, 1));
  EXPECT_NE(first, app_vnet_link("web", 1, 0));
}

TEST(EndpointMac, IsUnicastAndLocallyAdministered) {
  const state::MacAddress mac = endpoint_mac("eg-host-sql", "eth0");
  EXPECT_EQ(mac.octets[0], 0x02);
  EXPECT_NE(mac, endpoint_mac("eg-host-web", "eth0"));
}

TEST(AssignSlots, GivesEveryKeyItsOwnNumberInRange) {
  std::vector<std::string> keys;
  for (int i = 0; i < 253; ++i) keys.push_back("app" + std::to_string(i));
  const auto slots = assign_slots(keys, 2, 254);
  std::set<uint32_t> numbers;
  for (const auto& [key, slot] : slots) numbers.insert(slot);
  EXPECT_EQ(numbers.size(), keys.size());
  EXPECT_EQ(*numbers.begin(), 2U);
  EXPECT_EQ(*numbers.rbegin(), 254U);
}

TEST(AssignSlots, KeepsTheNumbersOfKeysThatStay) {
  const auto before = assign_slots({"a", "b", "c"}, 1000, 65000);
  const auto after = assign_slots({"a", "b", "c", "another"}, 1000, 65000);
  for (const auto& [key, slot] : before) EXPECT_THAT(after, testing::Contains(Pair(key, slot)));
}

TEST(AssignSlots, DoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(assign_slots({"a", "b", "c"}, 1, 3), assign_slots({"c", "a", "b"}, 1, 3));
}

}  // namespace
}  // namespace egress::compile
