// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/json.hpp"
#include "tests/support/values.hpp"

namespace egress::control {
namespace {

using policy::CallReport;
using policy::CallResult;
using policy::PlatformReport;
using policy::Stage;
using policy::StepReport;
using testing_support::ip;

PlatformReport failed_pull() {
  const CallReport call{
      .call = {.purpose = "registry", .host = "images.azurecr.io"},
      .outcome = {CallResult::kForbidden, ip("13.69.64.82"), ip("20.50.1.4"), "denied", "no"},
      .path = lab::Path::kDirect,
      .verdict = lab::Verdict::kAllow,
      .decided_by = {Stage::kService, "images"},
      .differences = {"it differs"}};
  return {.running = false,
          .failed_step = lab::TrafficClass::kImagePull,
          .reason = "denied",
          .steps = {{.step = lab::TrafficClass::kImagePull,
                     .what = "images.azurecr.io/web",
                     .result = StepReport::Result::kFailed,
                     .calls = {call},
                     .log = {"Pulling image."}},
                    {.step = lab::TrafficClass::kContentShare,
                     .what = "share web",
                     .result = StepReport::Result::kSkipped}},
          .references = {{"DB", false, "time-out"}, {"KEY", true, ""}},
          .notes = {"a note"}};
}

TEST(StartupJson, HasEachStepWithItsCalls) {
  EXPECT_EQ(
      dump(to_json(lab::Sender{"web", 1}, failed_pull())),
      R"({"site":"web","instance":1,"state":"failed","failedStep":"image-pull","reason":"denied",)"
      R"("steps":[{"step":"image-pull","what":"images.azurecr.io/web","result":"failed",)"
      R"("log":["Pulling image."],"calls":[{"purpose":"registry",)"
      R"("url":"tcp://images.azurecr.io:443","address":"13.69.64.82","path":"direct",)"
      R"("source":"20.50.1.4","verdict":"Allow","decidedBy":{"stage":"service","name":"images"},)"
      R"("result":"forbidden","code":"denied","publicAttempt":false}]},)"
      R"({"step":"content-share","what":"share web","result":"skipped","log":[],"calls":[]}],)"
      R"("references":[{"setting":"DB","resolved":false,"reason":"time-out"},)"
      R"({"setting":"KEY","resolved":true,"reason":null}],"notes":["a note"],)"
      R"("differences":["it differs"]})");
}

TEST(StartupJson, OfCallsThatWereNotMadeHasNothingOfThem) {
  PlatformReport report;
  report.steps = {{.step = lab::TrafficClass::kContentShare,
                   .calls = {{.call = {.purpose = "share"},
                              .outcome = {.result = CallResult::kUnresolved},
                              .decided_by = {Stage::kNameResolution, "SETTING"}},
                             {.call = {.purpose = "share", .host = "far", .in_lab = false},
                              .outcome = {.result = CallResult::kNotInLab}}}}};
  const Json json = to_json(lab::Sender{"web", 0}, report);
  EXPECT_EQ(json["state"], "running");
  EXPECT_TRUE(json["failedStep"].is_null());
  const Json& calls = json["steps"][0]["calls"];
  EXPECT_TRUE(calls[0]["url"].is_null());
  EXPECT_EQ(calls[0]["verdict"], "Unresolved");
  EXPECT_EQ(calls[0]["decidedBy"]["name"], "SETTING");
  EXPECT_EQ(calls[1]["url"], "tcp://far:443");
  EXPECT_EQ(calls[1]["result"], "notInLab");
  for (const char* key : {"address", "path", "source", "verdict", "decidedBy", "code"}) {
    EXPECT_TRUE(calls[1][key].is_null()) << key;
  }
}

TEST(StartupJson, OfOneThatWasPerformedSaysWhen) {
  const inspect::AppStartup performed{
      .app = {"web", 1},
      .state = inspect::AppState::kFailed,
      .started_at = ipam::TimePoint(std::chrono::seconds(1'700'000'000)),
      .report = failed_pull()};
  Json expected = to_json(performed.app, performed.report);
  Json json = to_json(performed);
  EXPECT_EQ(json["startedAt"], "2023-11-14T22:13:20.000Z");
  json.erase("startedAt");
  EXPECT_EQ(json, expected);
  const Json starting =
      to_json(inspect::AppStartup{.app = {"web", 0}, .state = inspect::AppState::kStarting});
  EXPECT_EQ(starting["state"], "starting");
  EXPECT_TRUE(starting["startedAt"].is_null());
  EXPECT_EQ(starting["steps"], Json::array());
}

}  // namespace
}  // namespace egress::control
