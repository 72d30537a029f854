// SPDX-License-Identifier: MIT
#include "state/nft_map.hpp"

#include <gmock/gmock.h>

namespace egress::state {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const NftMap& map) {
  std::vector<std::string> all;
  for (const NftRow& row : rows_of(map)) all.push_back(element_text(map, row));
  return all;
}

TEST(NftMap, IsTheSameInWhateverOrderItsElementsCome) {
  const NftMap declared{.key = {NftField::kIifname}, .data = NftData::kVerdict};
  const NftElement a{{"port-a"}, "from/data"};
  const NftElement b{{"port-b"}, "from/apps"};
  const NftMap map = make_map(declared, {b, a, b});
  EXPECT_EQ(map, make_map(declared, {a, b}));
  EXPECT_THAT(texts(map),
              ElementsAre("\"port-a\" : goto from/data", "\"port-b\" : goto from/apps"));
}

TEST(NftMap, HoldsPrefixesAsIntervalsAndNamesTheFieldsOfItsKey) {
  const NftMap map = make_map({.key = {NftField::kSaddr}, .interval = true},
                              {{{Ipv4Prefix{{0x0a000000}, 8}}}, {{Ipv4Address{0x01020304}}}});
  EXPECT_STREQ(keyword(map), "set");
  EXPECT_EQ(type_text(map), "typeof ip saddr");
  EXPECT_THAT(texts(map), ElementsAre("1.2.3.4", "10.0.0.0-10.255.255.255"));
}

TEST(NftMap, WritesEveryKindOfFieldAndData) {
  const auto text = [](std::vector<NftField> key, NftData data, std::vector<NftValue> first,
                       NftValue value) {
    const NftMap map = make_map({.key = std::move(key), .data = data}, {{std::move(first), value}});
    return type_text(map) + " { " + element_text(map, map.rows.list().front()) + " }";
  };
  EXPECT_EQ(text({NftField::kOifname, NftField::kDaddr}, NftData::kAddress,
                 {"eth0", Ipv4Address{0x0a000001}}, Ipv4Address{0xf0000001}),
            "typeof oifname . ip daddr : ip saddr { \"eth0\" . 10.0.0.1 : 240.0.0.1 }");
  EXPECT_EQ(text({NftField::kMark, NftField::kProtocol, NftField::kDport}, NftData::kMark,
                 {uint32_t{1}, uint32_t{17}, uint32_t{53}}, uint32_t{2}),
            "typeof meta mark . meta l4proto . th dport : meta mark "
            "{ 0x00000001 . udp . 53 : 0x00000002 }");
  EXPECT_EQ(text({NftField::kIifname}, NftData::kZone, {"eth0"}, uint32_t{7}),
            "typeof iifname : ct zone { \"eth0\" : 7 }");
}

// Two gates number the same classes differently.
TEST(NftMap, HasTheMarksForWhichItsRowsHavePlaces) {
  const NftRows rows{{{1, 80}, {1, 90}, 2}, {{2, 80}, {2, 80}, 1}};
  NftMap map{.key = {NftField::kMark, NftField::kSport},
             .data = NftData::kMark,
             .interval = true,
             .marks = {0, 9, 7},
             .rows = rows};
  EXPECT_THAT(texts(map),
              ElementsAre("0x00000007 . 80 : 0x00000009", "0x00000009 . 80-90 : 0x00000007"));
  NftMap plain = map;
  plain.marks.clear();
  plain.rows = rows_of(map);
  EXPECT_TRUE(difference(map, plain).added.empty());
  EXPECT_TRUE(difference(map, plain).removed.empty());
  NftMap other = map;
  other.marks[1] = 8;
  EXPECT_EQ(difference(other, map).added,
            (std::vector<NftRow>{{{7, 80}, {7, 80}, 8}, {{8, 80}, {8, 90}, 7}}));
  EXPECT_EQ(difference(other, map).removed, rows_of(map));
}

TEST(NftMap, HasPlacesForMarksInItsKeyAloneOrItsDataAlone) {
  const NftMap addresses{
      .key = {NftField::kDaddr}, .data = NftData::kMark, .marks = {0, 9}, .rows = {{{1}, {1}, 1}}};
  EXPECT_THAT(texts(addresses), ElementsAre("0.0.0.1 : 0x00000009"));
  const NftMap verdicts{.key = {NftField::kMark},
                        .data = NftData::kVerdict,
                        .chains = {"a", "b"},
                        .marks = {0, 9},
                        .rows = {{{1}, {1}, 1}}};
  EXPECT_THAT(texts(verdicts), ElementsAre("0x00000009 : goto b"));
}

}  // namespace
}  // namespace egress::state
