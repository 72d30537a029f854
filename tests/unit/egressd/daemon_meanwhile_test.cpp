// SPDX-License-Identifier: MIT
// Changes of a lab take force stricter things first.
#include <gmock/gmock.h>

#include <mutex>
#include <utility>
#include <vector>

#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::small_lab_turned;

class DaemonMeanwhileTest : public DaemonTest {
 protected:
  DaemonMeanwhileTest() {
    kernel_.fail_matching([this](const state::Op& op) {
      if (!std::holds_alternative<state::FirewallChange>(op.object)) return false;
      const std::lock_guard lock(mutex_);
      if (op.netns == "eg-vnet-spoke") phases_.push_back(op.phase);
      return fails_ && op.phase == state::Phase::kFirewall && op.netns == "eg-vnet-spoke";
    });
  }

  ~DaemonMeanwhileTest() override { stop(); }

  // Of the changes of the network's firewall since the last call.
  std::vector<state::Phase> phases() {
    const std::lock_guard lock(mutex_);
    return std::exchange(phases_, {});
  }
  void fail(bool fails) {
    const std::lock_guard lock(mutex_);
    fails_ = fails;
  }

 private:
  std::mutex mutex_{};
  std::vector<state::Phase> phases_{};
  bool fails_ = false;
};

TEST_F(DaemonMeanwhileTest, OpensListsLastWhileOthersClose) {
  start();
  apply(kLab);
  EXPECT_THAT(phases(), ElementsAre(state::Phase::kFirewall));
  EXPECT_EQ(apply(small_lab_turned())["result"]["drift"], Json::array());
  EXPECT_THAT(phases(), ElementsAre(state::Phase::kFirewall, state::Phase::kOpenFirewall));
}

TEST_F(DaemonMeanwhileTest, HoldsThemBackUntilAllIsClosed) {
  start();
  apply(kLab);
  phases();
  fail(true);
  const Json failed = apply(small_lab_turned())["result"]["failed"];
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_THAT(failed[1]["message"].get<std::string>(), HasSubstr("skipped: what comes before it"));
  fail(false);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["inSync"] == true; }));
  EXPECT_EQ(phases().back(), state::Phase::kOpenFirewall);
}

}  // namespace
}  // namespace egress::daemon
