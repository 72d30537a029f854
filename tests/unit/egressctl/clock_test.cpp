// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/duration.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {
namespace {

TEST(Duration, OfACommandIsSome) {
  EXPECT_EQ(parse_duration("1h30m").value(), std::chrono::minutes(90));
  for (const char* text : {"", "4", "0s", "0h0m"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error().message, testing::HasSubstr("such as 90s, 4m")) << text;
  }
}

TEST(RenderClock, ShowsTheTimeHowFarItIsAheadAndWhatHasEnded) {
  const Json clock = Json::parse(R"({"now": "2024-05-01T10:00:00.000Z", "offset": 5400})");
  EXPECT_EQ(render_clock(clock, {}),
            "now    2024-05-01T10:00:00.000Z\n"
            "ahead  1h30m\n");
  Json moved = clock;
  moved["endedFlows"] = 3;
  EXPECT_EQ(render_clock(moved, {}),
            "now          2024-05-01T10:00:00.000Z\n"
            "ahead        1h30m\n"
            "ended flows  3\n");
}

}  // namespace
}  // namespace egress::ctl
