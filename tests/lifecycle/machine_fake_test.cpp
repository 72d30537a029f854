// SPDX-License-Identifier: MIT
// Whatever operations come one after the other, the lab in force is the one that they should make
// of the first: on a kernel that is a map.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/lifecycle/run.hpp"
#include "tests/lifecycle/shrink.hpp"
#include "tests/support/fake_kernel.hpp"

namespace egress::life {
namespace {

using ::testing::HasSubstr;

class FakeWorld : public World {
 public:
  kernel::Kernel& kernel() override { return *kernel_; }
  void clear() override {
    kernel_ = std::make_unique<testing_support::FakeKernel>();
    kernel_->fail_matching(failing_);
  }
  void fail_matching(std::function<bool(const state::Op&)> failing) {
    failing_ = std::move(failing);
    clear();
  }

 private:
  std::function<bool(const state::Op&)> failing_{};
  std::unique_ptr<testing_support::FakeKernel> kernel_ =
      std::make_unique<testing_support::FakeKernel>();
};

// In parts, so that a run of the tests shares them out.
class LivesOfLabs : public testing::TestWithParam<uint64_t> {
 protected:
  static constexpr uint64_t kParts = 8;
  static constexpr uint64_t kSequences = 1000;
};

TEST_P(LivesOfLabs, AreWhatTheirStepsShouldMakeOfThem) {
  constexpr uint64_t kEach = kSequences / kParts;
  FakeWorld world;
  Coverage coverage;
  const Drawn sequences = drawn({.seed = 1 + GetParam() * kEach, .sequences = kEach});
  ASSERT_EQ(fault_in(world, sequences, coverage), "");
  auto& [done, refused] = coverage;
  for (const char* command : {"scale", "connect", "set", "unset", "delete", "purge"}) {
    EXPECT_GT(done[std::string("egressctl ") + command], 0) << command;
    EXPECT_GT(refused[std::string("egressctl ") + command], 0) << command;
  }
  for (const char* command : {"disconnect", "restart", "clock", "apply", "export"}) {
    EXPECT_GT(done[std::string("egressctl ") + command], 0) << command;
  }
  EXPECT_GT(done["kill -9"], 0);
}

INSTANTIATE_TEST_SUITE_P(Parts, LivesOfLabs, testing::Range<uint64_t>(0, 8));

TEST(LifeOfALab, TracesAFaultToTheStepsThatShowIt) {
  FakeWorld world;
  world.fail_matching([](const state::Op& op) { return op.netns == "eg-worker-plan-4"; });
  Coverage coverage;
  const std::string fault = fault_in(world, Drawn{.sequences = 20}, coverage);
  EXPECT_THAT(fault, HasSubstr("1 of 20 steps are enough"));
  EXPECT_THAT(fault, HasSubstr("capacity"));
  EXPECT_THAT(fault, HasSubstr("eg-worker-plan-4"));
}

TEST(Shrinking, LeavesWhatIsNeededAndAsksNoMoreThanItMay) {
  Steps steps(20);
  for (uint32_t i = 0; i < steps.size(); ++i) steps[i].numbers[0] = i;
  size_t asked = 0;
  const auto needs_3_and_17 = [&](const Steps& some) {
    ++asked;
    const auto has = [&](uint32_t number) {
      return std::any_of(some.begin(), some.end(),
                         [&](const Step& step) { return step.numbers[0] == number; });
    };
    return has(3) && has(17);
  };
  const Steps enough = shrink(steps, needs_3_and_17, 1000);
  ASSERT_EQ(enough.size(), 2U);
  EXPECT_EQ(enough[0].numbers[0], 3U);
  EXPECT_EQ(enough[1].numbers[0], 17U);
  asked = 0;
  EXPECT_GT(shrink(steps, needs_3_and_17, 4).size(), 2U);
  EXPECT_EQ(asked, 4U);
}

}  // namespace
}  // namespace egress::life
