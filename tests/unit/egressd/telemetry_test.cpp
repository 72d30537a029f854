// SPDX-License-Identifier: MIT
// What the daemon tells of itself, and that it lets people trace in a lab.

#include <gmock/gmock.h>

#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Telemetry : public DaemonTest {
 protected:
  void break_routes() { kernel_.state()["eg-vnet-spoke"]->routes.clear(); }
  bool has_routes() { return !kernel_.state()["eg-vnet-spoke"]->routes.empty(); }
  Reply hold(int seconds) { return post("/v1/hold", control::dump(Json{{"seconds", seconds}})); }
};

TEST_F(Telemetry, SaysWhichDaemonAnswersAndWithWhichApi) {
  start();
  const Reply reply = get("/v1/status");
  EXPECT_THAT(reply.headers, HasSubstr("egressd-api: 1"));
  EXPECT_THAT(reply.headers, HasSubstr("egressd-version: "));
  EXPECT_EQ(Json::parse(reply.body)["daemon"]["pid"], ::getpid());
}

TEST_F(Telemetry, DoesNothingForAClientOfAnotherApi) {
  start();
  const Reply refused = send(
      path(),
      {.method = "POST", .path = "/v1/apply", .body = message(kLab), .header = "Egressd-Api: 2"});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.headers, HasSubstr("egressd-api: 1"));
  EXPECT_EQ(kernel_.applied(), 0U);
  const Reply taken = send(path(), {.path = "/v1/status", .header = "EGRESSD-API: 1"});
  EXPECT_EQ(taken.status, 200);
}

TEST_F(Telemetry, LetsChangesByOthersStayWhileRepairsAreHeld) {
  start();
  apply(kLab);
  EXPECT_EQ(hold(600).status, 200);
  break_routes();
  const Json held = status();
  EXPECT_EQ(held["inSync"], false);
  EXPECT_TRUE(held["heldUntil"].is_string());
  ::kill(::getpid(), SIGHUP);  // asks for a pass
  EXPECT_EQ(status()["lastRepair"], nullptr);
  EXPECT_FALSE(has_routes());
  EXPECT_EQ(post("/v1/hold", "{}").status, 200);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["inSync"] == true; }));
  EXPECT_TRUE(has_routes());
  EXPECT_EQ(status()["heldUntil"], nullptr);
}

TEST_F(Telemetry, RepairsAgainWhenTheHoldIsOver) {
  start();
  apply(kLab);
  EXPECT_EQ(hold(1).status, 200);
  break_routes();
  EXPECT_TRUE(status_becomes(
      [](const Json& now) { return now["inSync"] == true && now["heldUntil"] == nullptr; }));
}

TEST_F(Telemetry, OperationsMakeEverythingAsTheLabHasItThoughRepairsAreHeld) {
  start();
  apply(kLab);
  EXPECT_EQ(hold(600).status, 200);
  break_routes();
  apply(testing_support::small_lab(3));
  EXPECT_TRUE(has_routes());
  EXPECT_TRUE(status()["heldUntil"].is_string());
}

TEST_F(Telemetry, RefusesAHoldThatIsNone) {
  start();
  for (const char* body : {"{\"seconds\": -1}", "{\"seconds\": \"long\"}", "[]"}) {
    EXPECT_EQ(post("/v1/hold", body).status, 400) << body;
  }
}

TEST_F(Telemetry, IsHealthyUntilAPassFails) {
  start();
  EXPECT_EQ(get("/v1/health").status, 200);
  apply(kLab);
  EXPECT_EQ(Json::parse(get("/v1/health").body),
            (Json{{"status", "ok"}, {"problems", Json::array()}}));
  kernel_.fail_matching([](const state::Op& op) { return op.verb == state::Verb::kAdd; });
  apply(testing_support::small_lab(3));
  const Reply degraded = get("/v1/health");
  EXPECT_EQ(degraded.status, 503);
  EXPECT_EQ(Json::parse(degraded.body)["status"], "degraded");
  EXPECT_NE(Json::parse(degraded.body)["problems"], Json::array());
}

TEST_F(Telemetry, CountsForPrometheus) {
  start();
  EXPECT_THAT(get("/v1/metrics").body, HasSubstr("egressd_passes_total 0\n"));
  apply(kLab);
  const Reply reply = get("/v1/metrics");
  EXPECT_THAT(reply.headers, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(reply.body, HasSubstr("# TYPE egressd_passes_total counter\n"
                                    "egressd_passes_total 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("egressd_in_sync 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("egressd_app_instances{state=\"running\"}"));
  EXPECT_THAT(reply.body, HasSubstr("egressd_subnet_addresses_in_use{subnet=\"spoke/"));
  EXPECT_THAT(reply.body, Not(HasSubstr("egressd_drift_objects 1")));
  break_routes();
  EXPECT_THAT(get("/v1/metrics").body, HasSubstr("egressd_in_sync 0\n"));
}

}  // namespace
}  // namespace egress::daemon
