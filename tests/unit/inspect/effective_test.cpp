// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include <gmock/gmock.h>

#include "tests/support/spoke_lab.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;

TEST(EffectiveRules, FindTheHitsOfEachRulesChain) {
  const EffectiveRules effective = effective_rules(
      *policy::analyse({.lab = spoke_lab()}), kIntegration, {{"out/integration/deny/deny-sql", 3}});
  ASSERT_FALSE(effective.rules.empty());
  EXPECT_EQ(effective.rules.front().rule.name, "nsg/deny-sql");
  EXPECT_EQ(effective.rules.front().hits, 3U);
  EXPECT_EQ(effective.rules.back().hits, std::nullopt);
}

TEST(EffectiveRules, ListOutboundRulesBeforeInboundOnes) {
  const EffectiveRules effective =
      effective_rules(*policy::analyse({.lab = spoke_lab()}), kIntegration, {});
  EXPECT_EQ(effective.rules.front().rule.rule.direction, lab::Direction::kOutbound);
  EXPECT_EQ(effective.rules.back().rule.rule.direction, lab::Direction::kInbound);
}

}  // namespace
}  // namespace egress::inspect
