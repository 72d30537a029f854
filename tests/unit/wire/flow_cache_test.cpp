// SPDX-License-Identifier: MIT
#include "wire/flow_cache.hpp"

#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress::wire::test {
namespace {

using namespace testing_support;
using std::chrono::seconds;

constexpr uint16_t kWire = 3;

class FlowCacheTest : public ::testing::Test {
 protected:
  static FlowKey flow(uint16_t port) {
    return {.protocol = kTcp,
            .source = ip("10.1.1.4"),
            .destination = ip("10.1.2.4"),
            .source_port = port,
            .destination_port = 443};
  }
  FlowCache::Found look(uint16_t port, bool begins = true, uint16_t wire = kWire) {
    return cache_.look(wire, flow(port), begins, now_, generation_);
  }
  void settle(uint16_t port, Standing standing) { cache_.settle(look(port).ticket, standing); }

  FlowCache cache_{};
  TimePoint now_{seconds(1000)};
  uint32_t generation_ = 1;
};

TEST_F(FlowCacheTest, AsksOnceAndRemembersTheAnswer) {
  const auto first = look(1);
  EXPECT_TRUE(first.ask);
  EXPECT_EQ(first.standing, Standing::kAsked);
  EXPECT_FALSE(look(1).ask) << "an answer is on its way";
  cache_.settle(first.ticket, Standing::kDenied);
  EXPECT_EQ(look(1).standing, Standing::kDenied);
  EXPECT_FALSE(look(1).ask);
  EXPECT_TRUE(look(2).ask);
  EXPECT_TRUE(look(1, true, kWire + 1).ask) << "of another wire";
}

TEST_F(FlowCacheTest, AsksAgainWhereNobodyKnew) {
  settle(1, Standing::kAsked);
  EXPECT_TRUE(look(1).ask);
}

TEST_F(FlowCacheTest, AsksForPacketsThatMayBeginAFlowAlone) {
  EXPECT_FALSE(look(1, false).ask);
  EXPECT_TRUE(look(1).ask);
}

TEST_F(FlowCacheTest, AsksAgainAboutWhatIsDeniedAfterTenSecondsHoweverManyCome) {
  settle(1, Standing::kDenied);
  for (int second = 0; second < 10; ++second) {
    EXPECT_EQ(look(1).standing, Standing::kDenied) << second;
    now_ += seconds(1);
  }
  const auto found = look(1);
  EXPECT_TRUE(found.ask);
  EXPECT_EQ(found.standing, Standing::kAsked);
}

TEST_F(FlowCacheTest, DropsNothingOnceADenialIsOldThoughNobodyIsAsked) {
  settle(1, Standing::kDenied);
  now_ += FlowCache::kDeniedFor;
  EXPECT_EQ(look(1, false).standing, Standing::kAsked);
  EXPECT_TRUE(look(1).ask);
}

TEST_F(FlowCacheTest, AsksAgainAboutWhatPassesOnlyWhenItWasIdle) {
  settle(1, Standing::kPasses);
  for (int minute = 0; minute < 20; ++minute) {
    now_ += seconds(60);
    EXPECT_FALSE(look(1).ask) << minute;
  }
  now_ += FlowCache::kIdle;
  EXPECT_TRUE(look(1).ask);
}

TEST_F(FlowCacheTest, AsksAnewForAnotherNetwork) {
  settle(1, Standing::kPasses);
  settle(2, Standing::kDenied);
  const auto waiting = look(3);
  ++generation_;
  EXPECT_TRUE(look(1).ask);
  EXPECT_EQ(look(2).standing, Standing::kAsked);
  EXPECT_TRUE(look(3).ask);
  cache_.settle(waiting.ticket, Standing::kDenied);
  EXPECT_EQ(look(3).standing, Standing::kAsked) << "by an answer about the network before";
}

TEST_F(FlowCacheTest, ForgetsTheFlowsOfAWire) {
  settle(1, Standing::kDenied);
  cache_.forget(kWire);
  const auto found = look(1);
  EXPECT_EQ(found.standing, Standing::kAsked);
  EXPECT_TRUE(found.ask);
}

TEST_F(FlowCacheTest, KeepsTheYoungestOfMoreFlowsThanItHasRoomFor) {
  const auto oldest = cache_.look(kWire, flow(0), true, now_, generation_);
  for (uint32_t number = 1; number < 4 * FlowCache::kEntries; ++number) {
    now_ += std::chrono::microseconds(1);
    const FlowKey other{.protocol = kUdp, .source = {number}, .destination = ip("10.1.2.4")};
    ASSERT_TRUE(cache_.look(kWire, other, true, now_, generation_).ask) << number;
    ASSERT_FALSE(cache_.look(kWire, other, true, now_, generation_).ask) << number;
  }
  EXPECT_TRUE(look(0).ask);
  cache_.settle(oldest.ticket, Standing::kDenied);
  EXPECT_EQ(look(0).standing, Standing::kAsked) << "by the answer to a question of before";
}

}  // namespace
}  // namespace egress::wire::test
