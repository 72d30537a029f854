// SPDX-License-Identifier: MIT
#include "flows/ageing.hpp"

#include <gmock/gmock.h>

namespace egress::flows {
namespace {

using state::TrackedFlow;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TrackedFlow flow_with(uint32_t timeout_seconds) {
  return {.protocol = 6, .source_port = 4000, .timeout_seconds = timeout_seconds};
}

TEST(Ageing, EndsWhatIsIdleForAllThatIsLeftOfItsTimeOut) {
  const Aged result = aged({flow_with(59), flow_with(60), flow_with(61)}, seconds(60));
  EXPECT_THAT(result.ended, ElementsAre(flow_with(59), flow_with(60)));
  EXPECT_THAT(result.remaining, ElementsAre(flow_with(1)));
}

TEST(Ageing, TakesFromLongTimeOutsAndForLongTimes) {
  EXPECT_THAT(aged({flow_with(432'000)}, seconds(1)).remaining, ElementsAre(flow_with(431'999)));
  EXPECT_THAT(aged({flow_with(0xffffffffU)}, seconds(0x1'0000'0000)).remaining, IsEmpty());
}

}  // namespace
}  // namespace egress::flows
