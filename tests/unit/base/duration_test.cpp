// SPDX-License-Identifier: MIT
#include "base/duration.hpp"

#include <gmock/gmock.h>

namespace egress {
namespace {

using std::chrono::seconds;

TEST(Duration, IsNumbersEachWithItsUnit) {
  const std::vector<std::pair<const char*, int>> cases{
      {"90s", 90}, {"4m", 240}, {"1h30m", 5400}, {"2d", 172'800}, {"1d1h1m1s", 90'061}, {"0s", 0}};
  for (const auto& [text, expected] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, seconds(expected)) << text;
  }
}

TEST(Duration, IsRefusedWhereItIsNone) {
  for (const char* text : {"", "4", "m", "4x", "-4m", "4 m", "1h30", "4294967296s", "24856d",
                           "99999999999d", "4m\n"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error().message, testing::HasSubstr("such as 90s, 4m")) << text;
  }
}

TEST(Duration, ReadsAsItWasTyped) {
  for (const char* text : {"1s", "1m30s", "1h", "1d2h3m4s", "365d"}) {
    EXPECT_EQ(duration_text(parse_duration(text).value()), text);
  }
  EXPECT_EQ(duration_text(seconds(0)), "0s");
}

}  // namespace
}  // namespace egress
