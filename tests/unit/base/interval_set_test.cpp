// SPDX-License-Identifier: MIT
#include "base/interval_set.hpp"

#include <gtest/gtest.h>

#include <bitset>
#include <random>

namespace egress {
namespace {

using SmallSet = IntervalSet<uint8_t>;
using Members = std::bitset<256>;

Members members_of(const SmallSet& set) {
  Members members;
  for (unsigned value = 0; value < 256; ++value) {
    members[value] = set.contains(static_cast<uint8_t>(value));
  }
  return members;
}

SmallSet random_set(std::mt19937& random) {
  std::vector<Interval<uint8_t>> intervals;
  for (auto count = random() % 6; count > 0; --count) {
    auto first = static_cast<uint8_t>(random());
    auto last = static_cast<uint8_t>(random());
    if (first > last) std::swap(first, last);
    intervals.push_back({first, last});
  }
  return SmallSet(std::move(intervals));
}

bool is_canonical(const SmallSet& set) {
  const auto& intervals = set.intervals();
  for (size_t i = 0; i < intervals.size(); ++i) {
    if (intervals[i].first > intervals[i].last) return false;
    if (i > 0 && intervals[i].first <= intervals[i - 1].last + 1) return false;
  }
  return true;
}

TEST(IntervalSet, JoinsWhatOverlapsOrTouches) {
  EXPECT_EQ(SmallSet({{5, 9}, {1, 3}, {4, 6}}), SmallSet({{1, 9}}));
  EXPECT_EQ(SmallSet({{200, 255}, {0, 100}, {101, 199}}), SmallSet::all());
  EXPECT_EQ(SmallSet({{1, 3}, {5, 6}}).intervals().size(), 2U);
}

TEST(IntervalSet, KnowsNothingAndEverything) {
  EXPECT_TRUE(SmallSet().empty());
  EXPECT_TRUE(SmallSet::all().is_all());
  EXPECT_TRUE(SmallSet::all().complement().empty());
  EXPECT_TRUE(SmallSet().complement().is_all());
  EXPECT_TRUE(AddressSet::all().contains(0xffffffff));
}

TEST(IntervalSet, CalculatesAsSetsOfValuesDo) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    const SmallSet a = random_set(random);
    const SmallSet b = random_set(random);
    EXPECT_EQ(members_of(a.united(b)), members_of(a) | members_of(b));
    EXPECT_EQ(members_of(a.intersected(b)), members_of(a) & members_of(b));
    EXPECT_EQ(members_of(a.without(b)), members_of(a) & ~members_of(b));
    EXPECT_EQ(members_of(a.complement()), ~members_of(a));
    EXPECT_EQ(a == b, members_of(a) == members_of(b));
    for (const SmallSet& set : {a, a.united(b), a.intersected(b), a.without(b), a.complement()}) {
      EXPECT_TRUE(is_canonical(set));
    }
  }
}

TEST(ToPrefixes, CoversASetWithTheFewestPrefixes) {
  const auto texts = [](const AddressSet& set) {
    std::vector<std::string> result;
    for (const Ipv4Prefix& prefix : to_prefixes(set)) result.push_back(prefix.to_string());
    return result;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(AddressSet()), Texts{});
  EXPECT_EQ(texts(AddressSet::all()), Texts{"0.0.0.0/0"});
  EXPECT_EQ(texts(AddressSet({{0x0a000001, 0x0a000006}})),
            (Texts{"10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"}));
  EXPECT_EQ(texts(AddressSet({{0x00000001, 0xffffffff}})).size(), 32U);
  EXPECT_EQ(texts(AddressSet({{0xffffffff, 0xffffffff}})), Texts{"255.255.255.255/32"});
}

TEST(ToPrefixes, GivesBackTheSetItWasGiven) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    std::vector<Interval<uint32_t>> intervals;
    for (auto count = random() % 5; count > 0; --count) {
      auto first = static_cast<uint32_t>(random());
      auto last = static_cast<uint32_t>(random());
      if (first > last) std::swap(first, last);
      intervals.push_back({first, last});
    }
    const AddressSet set(std::move(intervals));
    EXPECT_EQ(address_set(to_prefixes(set)), set);
  }
}

TEST(AddressSet, OfPrefixesJoinsNeighbours) {
  EXPECT_EQ(to_prefixes(address_set({{{0x0a000000}, 25}, {{0x0a000080}, 25}})),
            (std::vector<Ipv4Prefix>{{{0x0a000000}, 24}}));
}

}  // namespace
}  // namespace egress
