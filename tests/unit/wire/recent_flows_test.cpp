// SPDX-License-Identifier: MIT
#include "wire/recent_flows.hpp"

#include <gtest/gtest.h>

namespace egress::wire::test {
namespace {

FlowKey flow(int port) {
  return {.source_port = static_cast<uint16_t>(port)};
}

TEST(RecentFlows, AreTakenOnce) {
  RecentFlows recent(4);
  EXPECT_FALSE(recent.take(flow(1)));
  recent.add(flow(1));
  EXPECT_TRUE(recent.take(flow(1)));
  EXPECT_FALSE(recent.take(flow(1)));
}

TEST(RecentFlows, ForgetTheFirstOfTooMany) {
  RecentFlows recent(4);
  for (const int port : {1, 2, 3, 4, 5}) recent.add(flow(port));
  EXPECT_FALSE(recent.take(flow(1)));
  EXPECT_TRUE(recent.take(flow(2)));
  EXPECT_TRUE(recent.take(flow(5)));
}

TEST(RecentFlows, OneThatBeganAgainIsYoung) {
  RecentFlows recent(4);
  for (const int port : {1, 2, 3, 1, 5}) recent.add(flow(port));
  EXPECT_TRUE(recent.take(flow(1)));
}

TEST(RecentFlows, AreForgottenTogether) {
  RecentFlows recent(2);
  for (const int port : {1, 2, 3}) recent.add(flow(port));
  recent.clear();
  EXPECT_FALSE(recent.take(flow(3)));
  recent.add(flow(3));
  EXPECT_TRUE(recent.take(flow(3)));
}

}  // namespace
}  // namespace egress::wire::test
