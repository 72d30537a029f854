// SPDX-License-Identifier: MIT
#include "wire/comparison.hpp"

#include <gtest/gtest.h>

namespace egress::wire::test {
namespace {

struct Case {
  const char* what = "";
  bool leaves = false;  // by the evaluator
  KernelWord kernel{};
  Agreement agreement = Agreement::kAgreed;
  Standing standing = Standing::kPasses;  // of what nobody refuses
};

constexpr KernelWord kNothing{};
constexpr KernelWord kBegan{.began = true, .known = true};
constexpr KernelWord kBeganAndEnded{.began = true};
constexpr KernelWord kKnown{.known = true};
constexpr KernelWord kLost{.complete = false};
constexpr KernelWord kBeganAndLost{.began = true, .complete = false};

const Case kCases[] = {
    {"both let it out", true, kBegan, Agreement::kAgreed, Standing::kPasses},
    {"and a reset ended it at once", true, kBeganAndEnded, Agreement::kAgreed, Standing::kPasses},
    {"it began before", true, kKnown, Agreement::kSpared, Standing::kPasses},
    {"the kernel drops it", true, kNothing, Agreement::kKernelDropped, Standing::kPasses},
    {"the kernel lets it out", false, kBegan, Agreement::kKernelPassed, Standing::kPasses},
    {"and forgot it", false, kBeganAndEnded, Agreement::kKernelPassed, Standing::kPasses},
    {"it was admitted before, or answers", false, kKnown, Agreement::kSpared, Standing::kPasses},
    {"both end it", false, kNothing, Agreement::kAgreed, Standing::kDenied},
    {"what was told was lost", false, kLost, Agreement::kUntold, Standing::kAsked},
    {"likewise", true, kLost, Agreement::kUntold, Standing::kAsked},
    {"but not all of it", false, kBeganAndLost, Agreement::kUntold, Standing::kAsked},
};

TEST(Comparison, OfEvaluatorAndKernelIsTheTablesCellByCell) {
  for (const Case& each : kCases) {
    const Decision decision{.silent = true, .leaves = each.leaves};
    const Agreement agreement = compare(decision, each.kernel);
    EXPECT_EQ(agreement, each.agreement) << each.what;
    EXPECT_EQ(standing_of(decision, agreement), each.standing) << each.what;
  }
}

TEST(Comparison, NothingIsDroppedThatSomebodyRefuses) {
  const Decision refused{.silent = false, .leaves = false};
  EXPECT_EQ(standing_of(refused, compare(refused, kNothing)), Standing::kPasses);
}

}  // namespace
}  // namespace egress::wire::test
