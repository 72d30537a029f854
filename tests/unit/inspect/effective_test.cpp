// SPDX-License-Identifier: MIT
#include "inspect/effective.hpp"

#include <gmock/gmock.h>

#include "tests/support/spoke_lab.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;

EffectiveRules rules_of(const lab::Lab& lab, const ChainHits& hits = {}) {
  const auto network = policy::analyse({.lab = lab});
  return effective_rules(network->subnets[network->sites.at("web").subnet], hits);
}

TEST(EffectiveRules, FindTheHitsOfEachRulesChain) {
  const EffectiveRules effective = rules_of(spoke_lab(), {{"out/integration/deny/deny-sql", 3}});
  ASSERT_FALSE(effective.rules.empty());
  EXPECT_EQ(effective.rules.front().rule.name, "nsg/deny-sql");
  EXPECT_EQ(effective.rules.front().hits, 3U);
  EXPECT_EQ(effective.rules.back().hits, std::nullopt);
}

TEST(EffectiveRules, ListOutboundRulesBeforeInboundOnes) {
  const EffectiveRules effective = rules_of(spoke_lab());
  EXPECT_EQ(effective.rules.front().rule.rule.direction, lab::Direction::kOutbound);
  EXPECT_EQ(effective.rules.back().rule.rule.direction, lab::Direction::kInbound);
}

}  // namespace
}  // namespace egress::inspect
