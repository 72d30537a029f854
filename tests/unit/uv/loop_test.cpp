// SPDX-License-Identifier: MIT
#include "uv/loop.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "base/unique_fd.hpp"

namespace egress::uv {
namespace {

TEST(Loop, RunsATimerOnce) {
  Loop loop;
  int runs = 0;
  Timer timer(loop, [&] { ++runs; });
  timer.start(std::chrono::milliseconds(1));
  loop.run();
  EXPECT_EQ(runs, 1);
}

TEST(Loop, LetsACallbackDestroyItsOwnHandle) {
  Loop loop;
  std::unique_ptr<Timer> timer;
  bool ran = false;
  timer = std::make_unique<Timer>(loop, [&] {
    timer.reset();
    ran = true;
  });
  timer->start(std::chrono::milliseconds(1));
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(Loop, ServesDescriptorsWhileAnIdleHandleWorks) {
  Loop loop;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  int turns = 0;
  std::unique_ptr<Idle> idle;
  std::unique_ptr<Poll> poll;
  idle = std::make_unique<Idle>(loop, [&] {
    if (++turns != 3) return;
    EXPECT_EQ(::write(writer.get(), "x", 1), 1);
  });
  poll = std::make_unique<Poll>(loop, reader.get(), [&] {
    poll.reset();
    idle.reset();
  });
  poll->start();
  idle->start();
  loop.run();
  EXPECT_GE(turns, 3);
}

TEST(Loop, RestartsATimerFromItsOwnCallbackWithoutStarvingOthers) {
  Loop loop;
  int runs = 0;
  std::unique_ptr<Timer> again;
  std::unique_ptr<Timer> other;
  again = std::make_unique<Timer>(loop, [&] {
    ++runs;
    if (again) again->start(std::chrono::milliseconds(0));
  });
  other = std::make_unique<Timer>(loop, [&] {
    again.reset();
    other.reset();
  });
  again->start(std::chrono::milliseconds(0));
  other->start(std::chrono::milliseconds(5));
  loop.run();
  EXPECT_GT(runs, 0);
}

}  // namespace
}  // namespace egress::uv
