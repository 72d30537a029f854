// SPDX-License-Identifier: MIT
#include "uv/workers.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.hpp"

namespace egress::uv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Workers, WorksOnAnotherThreadAndTellsOnTheLoops) {
  Loop loop;
  Workers workers(loop, 2);
  std::thread::id told_by;
  std::thread::id worked_by;
  workers.run(
      "work", [] { return std::this_thread::get_id(); },
      [&](Result<std::thread::id> worker) {
        worked_by = worker.value();
        told_by = std::this_thread::get_id();
      });
  loop.run();
  EXPECT_EQ(told_by, std::this_thread::get_id());
  EXPECT_NE(worked_by, told_by);
}

TEST(Workers, TellsThatMemoryRanOut) {
  Loop loop;
  Workers workers(loop, 1);
  std::string told;
  workers.run(
      "count the stars", []() -> int { throw std::bad_alloc(); },
      [&](const Result<int>& counted) { told = counted.error().to_string(); });
  loop.run();
  EXPECT_THAT(told, HasSubstr("count the stars"));
}

TEST(Workers, DoesNoMoreAtOnceThanItMayAndTheRestInOrder) {
  Loop loop;
  Workers workers(loop, 1);
  std::atomic<int> at_work{0};
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) {
    workers.run(
        "work",
        [&at_work, i] {
          EXPECT_EQ(++at_work, 1);
          --at_work;
          return i;
        },
        [&order](const Result<int>& done) { order.push_back(*done); });
  }
  loop.run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST(Workers, GoesOnAfterAnExceptionInWhatIsToldAndLetsItGo) {
  Loop loop;
  Workers workers(loop, 1);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  workers.run(
      "work", [] { return 1; },
      [held = std::move(held)](const Result<int>&) { throw std::bad_alloc(); });
  bool next = false;
  workers.run(
      "work", [] { return 2; },
      [&](const Result<int>&) {
        next = true;
        EXPECT_TRUE(watched.expired());
      });
  loop.run();
  EXPECT_TRUE(next);
}

TEST(Workers, TellsNobodyAfterItsEnd) {
  Loop loop;
  std::promise<void> may_end;
  std::atomic<bool> begun{false};
  bool told = false;
  {
    Workers workers(loop, 1);
    workers.run(
        "work",
        [&begun, may_end = may_end.get_future().share()] {
          begun = true;
          may_end.wait();
          return 1;
        },
        [&](const Result<int>&) { told = true; });
    workers.run(
        "wait in vain", [] { return 1; }, [&](const Result<int>&) { told = true; });
    EXPECT_TRUE(testing_support::eventually([&] {
      uv_run(loop.get(), UV_RUN_NOWAIT);
      return begun.load();
    }));
  }
  may_end.set_value();
  loop.run();
  EXPECT_FALSE(told);
}

TEST(Workers, LeavesSignalsToOtherThreads) {
  Loop loop;
  Workers workers(loop, 1);
  bool blocked = false;
  workers.run(
      "look",
      [] {
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        return sigismember(&mask, SIGTERM) == 1;
      },
      [&](const Result<bool>& seen) { blocked = *seen; });
  loop.run();
  EXPECT_TRUE(blocked);
}

}  // namespace
}  // namespace egress::uv
