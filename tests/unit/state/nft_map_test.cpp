// SPDX-License-Identifier: MIT
#include "state/nft_map.hpp"

#include <gmock/gmock.h>

namespace egress::state {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const NftMap& map) {
  std::vector<std::string> all;
  for (const NftRow& row : map.rows) all.push_back(element_text(map, row));
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
    return type_text(map) + " { " + element_text(map, map.rows.front()) + " }";
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

}  // namespace
}  // namespace egress::state
