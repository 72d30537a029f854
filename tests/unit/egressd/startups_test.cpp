// SPDX-License-Identifier: MIT
// Starts of apps and backups as the daemon performs them.

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <mutex>

#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Lines = std::vector<std::string>;

class StartupsTest : public DaemonTest {
 protected:
  StartupsTest() {
    on_call_ = [this](const probe::Call& call) { return answer_to(call); };
  }
  ~StartupsTest() override { release(); }

  // The site pulls its image from "sql", through the network, which takes its backups, too.
  static std::string lab(int instances = 1, const std::string& more = "") {
    std::string text = testing_support::small_lab(instances) + more +
                       "expectations: [{from: web, startup: true, expect: running}]\n";
    const std::string site = "virtualNetworkSubnet: spoke/integration}";
    text.replace(
        text.find(site), site.size(),
        "virtualNetworkSubnet: spoke/integration, linuxFxVersion: 'DOCKER|10.1.2.4:443/a', "
        "backup: {storageAccountUrl: 'https://10.1.2.4/backups'}, "
        "outboundVnetRouting: {imagePullTraffic: true, backupRestoreTraffic: true}}");
    return text;
  }

  void release() {
    held_ = false;
    if (!std::exchange(has_released_, true)) release_.set_value();
  }
  std::string last_caller() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return last_caller_;
  }

  Json startup(const std::string& app = "web/0") {
    return Json::parse(get("/v1/apps/" + app + "/startup").body);
  }
  Json app_status(size_t index = 0) { return status()["apps"][index]; }

  std::atomic<int> calls_{0};
  std::atomic<bool> answers_{true};
  std::atomic<bool> held_{false};

 private:
  probe::CallSeen answer_to(const probe::Call& call) {
    ++calls_;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      last_caller_ = call.netns;
    }
    if (held_) released_.wait();
    if (!answers_) return {};
    return {.connected = true, .text = R"({"host": "sql"})"};
  }

  std::mutex mutex_{};
  std::string last_caller_{};
  bool has_released_ = false;
  std::promise<void> release_{};
  std::shared_future<void> released_ = release_.get_future().share();
};

TEST_F(StartupsTest, AnApplyEndsWhenItsAppsHaveStarted) {
  start();
  const Reply reply = post("/v1/apply", message(lab(2)));
  EXPECT_EQ(last_line(reply)["result"]["notRunning"], Json::array());
  EXPECT_THAT(reply.body, HasSubstr(R"("what":"start web/0: image-pull")"));
  EXPECT_EQ(calls_, 4) << "of two instances the registry and its blobs";
  EXPECT_EQ(startup("web/1")["state"], "running");
  EXPECT_EQ(startup()["steps"][0]["result"], "ok");
  EXPECT_EQ(startup()["differences"], Json::array());
  EXPECT_FALSE(startup()["startedAt"].is_null());
  EXPECT_EQ(app_status()["state"], "running");
  EXPECT_EQ(app_status()["startup"], nullptr);
  EXPECT_EQ(status()["inSync"], true);
}

TEST_F(StartupsTest, AnAppThatFailsIsNamedAndRefusesItsContext) {
  start();
  answers_ = false;
  const Json result = apply(lab())["result"];
  EXPECT_EQ(result["failed"], Json::array()) << "the kernel is as it should be";
  ASSERT_EQ(result["notRunning"].size(), 1U);
  EXPECT_EQ(result["notRunning"][0]["app"], "web/0");
  EXPECT_EQ(result["notRunning"][0]["step"], "image-pull");
  EXPECT_EQ(app_status()["state"], "failed");
  EXPECT_EQ(app_status()["startup"]["step"], "image-pull");
  const Reply refused = get("/v1/apps/web/0/context");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(Json::parse(refused.body)["error"]["code"], "not-running");
  EXPECT_EQ(get("/v1/apps/web/0/context?force=true").status, 200);
  EXPECT_EQ(get("/v1/apps/web/0/context?traffic=image-pull").status, 200);
  EXPECT_EQ(get("/v1/apps/web/0/context?force=1").status, 400);
}

TEST_F(StartupsTest, WhatDiffersFromThePredictionIsAProblem) {
  start();
  answers_ = false;
  apply(lab());
  EXPECT_THAT(status()["problems"].get<Lines>(),
              Contains("start of web/0: performed and predicted differ: tcp://10.1.2.4:443: "
                       "predicted: reached, performed: timedOut"));
  EXPECT_EQ(status()["inSync"], false);
}

TEST_F(StartupsTest, AChangeStartsThoseThatDoNotRunOnceMore) {
  start();
  answers_ = false;
  apply(lab());
  answers_ = true;
  apply(lab());
  EXPECT_EQ(startup()["state"], "failed") << "nothing has changed";
  EXPECT_EQ(apply(lab(1, "routeTables: {new: {}}\n"))["result"]["notRunning"], Json::array());
  EXPECT_EQ(startup()["state"], "running");
  const int before = calls_;
  apply(lab(1, "routeTables: {newer: {}}\n"));
  EXPECT_EQ(calls_, before) << "who runs goes on";
  EXPECT_EQ(last_line(post("/v1/sites/web/restart"))["result"]["notRunning"], Json::array());
  EXPECT_GT(calls_, before);
}

TEST_F(StartupsTest, AnOperationEndsWhenTheAppsThatItTouchedHaveStarted) {
  start();
  apply(lab());
  const auto operate = [this](const lifecycle::Operation& operation) {
    const control::OperationRequest request{operation};
    return last_line(post("/v1/operations", control::dump(control::to_json(request))))["result"];
  };
  const int before = calls_;
  EXPECT_EQ(operate(lifecycle::Scale{.server_farm = "plan", .capacity = 2})["notRunning"],
            Json::array());
  EXPECT_EQ(calls_, before + 2) << "of the new instance alone";
  answers_ = false;
  EXPECT_EQ(operate(lifecycle::Disconnect{"web"})["notRunning"].size(), 2U);
}

TEST_F(StartupsTest, AnAppIsStartingUntilItsCallsHaveEnded) {
  start();
  held_ = true;
  auto applying = std::async(std::launch::async, [this] { return apply(lab()); });
  ASSERT_TRUE(testing_support::eventually([&] { return calls_ == 1; }));
  EXPECT_EQ(startup()["state"], "starting");
  EXPECT_EQ(app_status()["state"], "starting");
  EXPECT_EQ(Json::parse(get("/v1/apps/web/0/context").body)["error"]["code"], "starting");
  release();
  EXPECT_EQ(applying.get()["result"]["notRunning"], Json::array());
  EXPECT_EQ(startup()["state"], "running");
}

TEST_F(StartupsTest, AChangeMeanwhileHasThePendingStartsBeginAnew) {
  start();
  held_ = true;
  answers_ = false;
  auto first = std::async(std::launch::async, [this] { return apply(lab()); });
  ASSERT_TRUE(testing_support::eventually([&] { return calls_ == 1; }));
  auto second =
      std::async(std::launch::async, [this] { return apply(lab(1, "routeTables: {new: {}}\n")); });
  ASSERT_TRUE(status_becomes([](const Json& status) { return status["version"] == 2; }));
  answers_ = true;
  release();
  EXPECT_EQ(second.get()["result"]["notRunning"], Json::array());
  EXPECT_EQ(first.get()["result"]["notRunning"], Json::array());
  EXPECT_EQ(startup()["state"], "running");
}

TEST_F(StartupsTest, TheNextDaemonPerformsWhatIsLeftAndNothingElse) {
  start();
  apply(lab(2));
  const int before = calls_;
  stop();
  start();
  ASSERT_TRUE(status_becomes([](const Json& status) { return status["inSync"] == true; }));
  EXPECT_EQ(startup()["state"], "running");
  EXPECT_EQ(calls_, before);
  stop();
  ASSERT_TRUE(store::Store(folder_ / "egressd.db")
                  .save({.forgotten_startups = {{.site = "web", .instance = 1, .incarnation = 0}}})
                  .ok());
  start();
  ASSERT_TRUE(
      status_becomes([](const Json& status) { return status["apps"][1]["state"] == "running"; }));
  EXPECT_EQ(calls_, before + 2);
}

TEST_F(StartupsTest, TheEndOfTheDaemonLetsNobodyWait) {
  start();
  held_ = true;
  auto applying = std::async(std::launch::async, [this] { return apply(lab()); });
  ASSERT_TRUE(testing_support::eventually([&] { return calls_ == 1; }));
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(applying.get()["result"]["failed"], Json::array());
  release();
  thread_.join();
  socket_.reset();
}

TEST_F(StartupsTest, StartsAreExpectedToDoWhatTheyDid) {
  start();
  const auto tested = [this] {
    return Json::parse(post("/v1/test", message(lab())).body)["results"][0];
  };
  apply(lab());
  EXPECT_EQ(tested()["ok"], true);
  answers_ = false;
  post("/v1/sites/web/restart");
  EXPECT_EQ(tested()["ok"], false);
  EXPECT_THAT(tested()["differences"].get<Lines>(),
              Each(HasSubstr("performed: startup: expected running, got failed by image-pull")));
}

TEST_F(StartupsTest, ABackupIsMadeByItsOwnWay) {
  start();
  apply(lab());
  const Json done = last_line(post("/v1/sites/WEB/backup"))["result"];
  EXPECT_EQ(done["report"]["state"], "done");
  EXPECT_EQ(done["report"]["site"], "web");
  EXPECT_EQ(last_caller(), "eg-app-web-0-backup-restore");
  EXPECT_EQ(kernel_.state().count("eg-app-web-0-backup-restore"), 1U);
  answers_ = false;
  const Json failed = last_line(post("/v1/sites/web/backup"))["result"];
  EXPECT_EQ(failed["report"]["state"], "failed");
  EXPECT_EQ(failed["report"]["failedStep"], "backup-restore");
  EXPECT_EQ(startup()["state"], "running") << "a backup is no start";
}

TEST_F(StartupsTest, ABackupNeedsALabAndASiteThatDeclaresOne) {
  start();
  EXPECT_EQ(post("/v1/sites/web/backup").status, 409);
  apply(kLab);
  const Reply refused = post("/v1/sites/web/backup");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("site 'web' declares no backup"));
  EXPECT_EQ(post("/v1/sites/nobody/backup").status, 404);
  EXPECT_EQ(get("/v1/apps/nobody/0/startup").status, 404);
  EXPECT_EQ(startup()["state"], "running") << "it asks the platform for nothing";
}

}  // namespace
}  // namespace egress::daemon
