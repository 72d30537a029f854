// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;

TEST_F(DaemonTest, TestsNoClassOfTrafficThatTheLabInForceDoesNotAskFor) {
  start();
  apply(kLab);
  const std::string text =
      kLab + "expectations: [{from: web, to: tcp://sql:443, traffic: image-pull, expect: drop}]\n";
  const Reply refused = post("/v1/test", message(text));
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("image-pull of site 'web'"));
  apply(text);
  EXPECT_EQ(post("/v1/test", message(text)).status, 200);
}

TEST_F(DaemonTest, MakesNamespacesForAClassOfTrafficThatSomebodyAsksFor) {
  start();
  const std::string body = R"({"traffic": "image-pull"})";
  const char* context = "/v1/apps/web/0/context?traffic=image-pull";
  EXPECT_EQ(post("/v1/sites/web/traffic", body).status, 409);
  apply(kLab);
  EXPECT_EQ(post("/v1/sites/nobody/traffic", body).status, 404);
  EXPECT_EQ(post("/v1/sites/web/traffic", R"({"traffic": "images"})").status, 400);
  EXPECT_EQ(post("/v1/sites/web/traffic").status, 400);
  const Reply early = get(context);
  EXPECT_EQ(early.status, 409);
  EXPECT_THAT(early.body, HasSubstr("POST /v1/sites/web/traffic"));

  EXPECT_GT(last_line(post("/v1/sites/web/traffic", body))["result"]["changed"], 0);
  EXPECT_EQ(last_line(post("/v1/sites/web/traffic", body))["result"]["changed"], 0);
  const Json found = Json::parse(get(context).body);
  EXPECT_EQ(found["netns"], "eg-app-web-0-image-pull");
  EXPECT_TRUE(found["environment"].empty());
  EXPECT_EQ(get("/v1/apps/web/0/context?traffic=images").status, 400);
}

}  // namespace
}  // namespace egress::daemon
