// SPDX-License-Identifier: MIT

// Whatever single op fails, the passes that follow arrive, and the one after that finds nothing to
// do. So nothing depends on a pass having run to its end.

#include <gtest/gtest.h>

#include <cerrno>
#include <random>

#include "reconcile/pass.hpp"
#include "tests/support/fake_kernel.hpp"
#include "tests/support/random_state.hpp"

namespace egress::reconcile {
namespace {

using testing_support::FakeKernel;
using testing_support::random_state;
using testing_support::Responders;

void expect_arrival(FakeKernel& kernel, const state::KernelState& desired) {
  const PassReport repair = run(kernel, desired);
  for (const auto& failed : repair.failed) ADD_FAILURE() << failed.error.to_string();
  for (const auto& line : repair.remaining) ADD_FAILURE() << "remaining: " << line;
  EXPECT_TRUE(repair.in_sync());
  EXPECT_EQ(run(kernel, desired).ops_total, 0U);
}

class FaultSweep : public testing::TestWithParam<uint32_t> {};

TEST_P(FaultSweep, EverySingleFaultIsRepairedByTheNextPass) {
  std::mt19937 random(GetParam());
  const state::KernelState before = random_state(random, Responders::kWith);
  const state::KernelState desired = random_state(random, Responders::kWith);
  FakeKernel start;
  ASSERT_TRUE(run(start, before).in_sync());
  const size_t ops = state::diff(desired, start.state()).size();
  for (size_t k = 0; k < ops; ++k) {
    SCOPED_TRACE(testing::Message() << "op " << k << " of " << ops << " fails");
    FakeKernel kernel = start;
    kernel.fail_apply(k);
    const PassReport hit = run(kernel, desired);
    // More may fail in its wake: a route whose source address is missing, a name still taken.
    ASSERT_FALSE(hit.failed.empty());
    EXPECT_EQ(hit.failed[0].error.sys_errno, EIO);
    EXPECT_FALSE(hit.in_sync());
    EXPECT_EQ(hit.changed + hit.failed.size() + hit.skipped.size(), hit.ops_total);
    expect_arrival(kernel, desired);
    if (HasFailure()) return;
  }
}

// Also when the daemon dies there instead of going on.
TEST_P(FaultSweep, EveryBrokenOffPassIsFinishedByTheNextOne) {
  std::mt19937 random(GetParam());
  const state::KernelState before = random_state(random, Responders::kWith);
  const state::KernelState desired = random_state(random, Responders::kWith);
  FakeKernel start;
  ASSERT_TRUE(run(start, before).in_sync());
  const size_t ops = state::diff(desired, start.state()).size();
  for (size_t k = 0; k < ops; ++k) {
    SCOPED_TRACE(testing::Message() << "dead after " << k << " of " << ops << " ops");
    FakeKernel kernel = start;
    Pass pass(kernel, desired);
    while (kernel.applied() < start.applied() + k) pass.step({});
    expect_arrival(kernel, desired);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FaultSweep, testing::Range(1U, 7U));

}  // namespace
}  // namespace egress::reconcile
