// SPDX-License-Identifier: MIT
#include "inspect/startup.hpp"

#include <gtest/gtest.h>

namespace egress::inspect {
namespace {

TEST(NotRunning, SaysWhichStepKeptTheAppFromIt) {
  AppStartup startup{.app = {"web", 1}};
  EXPECT_FALSE(not_running(startup));
  startup.state = AppState::kStarting;
  EXPECT_EQ(not_running(startup)->code, "starting");
  EXPECT_EQ(not_running(startup)->message, "web/1 is starting");
  startup.state = AppState::kFailed;
  startup.report = {.running = false,
                    .failed_step = lab::TrafficClass::kContentShare,
                    .reason = "mount error(13): Permission denied"};
  EXPECT_EQ(not_running(startup)->code, "not-running");
  EXPECT_EQ(not_running(startup)->message,
            "web/1 does not run: content-share failed: mount error(13): Permission denied");
}

}  // namespace
}  // namespace egress::inspect
