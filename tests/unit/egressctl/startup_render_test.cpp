// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "egressctl/render/render.hpp"
#include "tests/unit/egressctl/screens.hpp"

namespace egress::ctl {
namespace {

TEST(RenderStartup, HasABlockForEachStep) {
  const Json startup = Json::parse(R"({"site": "web", "instance": 0, "state": "failed", "steps": [
    {"step": "key-vault", "what": "keys.vault.azure.net", "result": "ok", "log": ["DB: resolved."],
     "calls": [{"purpose": "vault", "url": "tcp://keys.vault.azure.net:443", "address": "13.69.64.74",
                "path": "direct", "source": "198.51.100.3", "result": "forbidden",
                "publicAttempt": true},
               {"purpose": "vault", "url": "tcp://keys.vault.azure.net:443", "address": "13.69.64.74",
                "path": "virtualNetwork", "source": "10.1.1.4", "result": "reached",
                "publicAttempt": false}]},
    {"step": "image-pull", "what": "far.example/web", "result": "failed", "log": [],
     "calls": [{"purpose": "registry", "url": "tcp://far.example:443", "address": null, "path": null,
                "source": null, "result": "notInLab", "publicAttempt": false},
               {"purpose": "blob", "url": "tcp://far.example:443", "address": "20.1.1.1",
                "path": "virtualNetwork", "source": null, "result": "timedOut",
                "publicAttempt": false}]},
    {"step": "content-share", "what": "share web", "result": "skipped", "log": [], "calls": []}],
    "notes": ["Azure does otherwise."]})");
  EXPECT_EQ(render_startup(startup, kPipe),
            "web/0: failed\n"
            "\n"
            "key-vault  keys.vault.azure.net  ok\n"
            "  vault (public attempt)  tcp://keys.vault.azure.net:443 -> 13.69.64.74  direct as "
            "198.51.100.3  forbidden\n"
            "  vault  tcp://keys.vault.azure.net:443 -> 13.69.64.74  virtualNetwork as 10.1.1.4  "
            "reached\n"
            "    DB: resolved.\n"
            "\n"
            "image-pull  far.example/web  failed\n"
            "  registry  tcp://far.example:443  not in this lab\n"
            "  blob  tcp://far.example:443 -> 20.1.1.1  virtualNetwork  time-out\n"
            "\n"
            "content-share  share web  skipped\n"
            "\n"
            "note: Azure does otherwise.\n");
}

TEST(RenderStartup, SurvivesADocumentOfAnotherVersion) {
  EXPECT_EQ(render_startup(Json::parse(R"({"site": "web", "state": "new", "steps": 1})"), kPipe),
            "web/: new\n");
}

TEST(RenderStartup, OfOneThatWasPerformedSaysWhenAndWhatDiffers) {
  EXPECT_EQ(render_startup(Json::parse(R"({"site": "web", "instance": 1, "state": "running",
                                           "startedAt": "2023-11-14T22:13:20.000Z",
                                           "differences": ["predicted: reached"]})"),
                           kPipe),
            "web/1: running, 2023-11-14T22:13:20.000Z\n"
            "\n"
            "performed otherwise than predicted: predicted: reached\n");
  EXPECT_EQ(render_startup(Json::parse(R"({"site": "web", "instance": 0, "state": "starting",
                                           "startedAt": null})"),
                           kPipe),
            "web/0: starting\n");
}

TEST(RenderStartup, WarnsOfEachAppThatDoesNotRun) {
  EXPECT_EQ(render_not_running(Json::parse(R"({"notRunning": [
              {"app": "web/0", "step": "image-pull", "reason": "no image"},
              {"app": "web/1", "step": "content-share", "reason": "no share"}]})"),
                               kPipe),
            "warning: web/0 does not run: image-pull: no image\n"
            "warning: web/1 does not run: content-share: no share\n");
  EXPECT_EQ(render_not_running(Json::parse(R"({"changed": 1})"), kPipe), "");
}

}  // namespace
}  // namespace egress::ctl
