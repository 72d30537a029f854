// SPDX-License-Identifier: MIT
// What happens to others, and to the lab, while packets are under way; and what time does to
// leases.

#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

constexpr const char* kVerify = R"({"site":"web","url":"tcp://10.1.2.4:443","verify":true})";

class ProbingDaemonTest : public DaemonTest {
 protected:
  ~ProbingDaemonTest() override { let_go(); }

  // Asks for probes, which then wait for let_go().
  void begin_probes(size_t count) {
    on_probe_ = [this] {
      ++probing_;
      released_.wait();
    };
    start();
    apply(kLab);
    for (size_t i = 0; i < count; ++i) {
      replies_.push_back(
          std::async(std::launch::async, [this] { return post("/v1/explain", kVerify); }));
    }
    EXPECT_TRUE(testing_support::eventually([&] { return probing_ >= count; }));
  }
  void begin_probe() { begin_probes(1); }
  void let_go() {
    if (!std::exchange(gone_, true)) release_.set_value();
  }
  Reply answer() {
    let_go();
    return replies_.front().get();
  }

  std::vector<std::future<Reply>> replies_{};

 private:
  std::atomic<size_t> probing_{0};
  std::promise<void> release_{};
  std::shared_future<void> released_ = release_.get_future().share();
  bool gone_ = false;
};

TEST_F(ProbingDaemonTest, AnswersOthersWhilePacketsAreUnderWay) {
  begin_probe();
  EXPECT_EQ(status()["inSync"], true);
  EXPECT_EQ(post("/v1/plan", message(testing_support::small_lab(2))).status, 200);
  EXPECT_EQ(get("/v1/graph").status, 200);
  const Reply reply = answer();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(Json::parse(reply.body)["observed"]["agrees"], false);
}

// Where a plan is computed, nothing gets on here: it is under way for as long as the probes are.
TEST_F(ProbingDaemonTest, AnswersOthersWhileAPlanIsUnderWay) {
  std::atomic<int> times_asked{0};
  clock_.now = [&] {
    ++times_asked;
    return Clock().now();
  };
  begin_probes(kWorksAtOnce);
  const int before = times_asked;
  std::future<Reply> plan = std::async(std::launch::async, [this] {
    return post("/v1/plan", message(testing_support::small_lab(2)));
  });
  // Then the daemon has the request.
  EXPECT_TRUE(testing_support::eventually([&] { return times_asked != before; }));
  EXPECT_EQ(status()["inSync"], true);
  EXPECT_EQ(get("/v1/graph").status, 200);
  EXPECT_EQ(plan.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  let_go();
  EXPECT_EQ(plan.get().status, 200);
}

TEST_F(ProbingDaemonTest, ComparesNoPacketWithALabThatCameMeanwhile) {
  begin_probe();
  EXPECT_EQ(apply(testing_support::small_lab(2))["result"]["failed"], Json::array());
  const Reply reply = answer();
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(Json::parse(reply.body)["error"]["code"], "busy");
}

TEST_F(ProbingDaemonTest, ComparesNoPacketWithALabThatIsGone) {
  begin_probe();
  EXPECT_EQ(last_line(post("/v1/down"))["result"]["failed"], Json::array());
  EXPECT_EQ(answer().status, 409);
}

TEST_F(ProbingDaemonTest, TellsWhoWaitsForAProbeThatItEnds) {
  begin_probe();
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(replies_.front().get().status, 503);
  let_go();
  thread_.join();
  socket_.reset();
}

TEST_F(ProbingDaemonTest, RefusesProbesDuringAnOperation) {
  start();
  slow_down();
  std::future<Reply> applying = begin_apply(kLab);
  for (const auto& [request, body] :
       {std::pair<const char*, std::string>{"/v1/explain", kVerify},
        std::pair<const char*, std::string>{"/v1/test", message(kLab)}}) {
    const Reply refused = post(request, body);
    EXPECT_EQ(refused.status, 409) << request;
    EXPECT_EQ(Json::parse(refused.body)["error"]["code"], "busy") << request;
  }
  EXPECT_EQ(last_line(applying.get())["result"]["drift"], Json::array());
}

TEST_F(DaemonTest, GivesALeaseBackOnceItsTimeHasCome) {
  const ipam::TimePoint noon{std::chrono::hours(500'000)};
  const ipam::Lease releasing{.holder = {"plan", 1, {"spoke", "integration"}},
                              .address = {0x0a010105},
                              .state = ipam::LeaseState::kReleasing,
                              .since = noon,
                              .release_at = noon + std::chrono::hours(12)};
  ASSERT_TRUE(store::Store(folder_ / "egressd.db").save({.leases = {.stored = {releasing}}}).ok());
  std::atomic<int> hours{0};
  clock_.now = [&] { return noon + std::chrono::hours(hours); };
  start();
  apply(kLab);
  const Json pending = status()["pendingReleases"];
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0]["address"], "10.1.1.5");
  EXPECT_EQ(pending[0]["state"], "releasing");
  hours = 11;
  apply(kLab);
  EXPECT_EQ(status()["pendingReleases"].size(), 1U);
  hours = 12;
  apply(kLab);
  EXPECT_EQ(status()["pendingReleases"], Json::array());
}

}  // namespace
}  // namespace egress::daemon
