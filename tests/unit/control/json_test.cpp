// SPDX-License-Identifier: MIT
#include "control/json.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/values.hpp"

namespace egress::control {
namespace {

using namespace testing_support;
policy::Explanation denied() {
  return {.sender = {"web", 1},
          .flow = {.destination = ip("10.1.2.4"), .destination_port = 1433},
          .verdict = lab::Verdict::kDeny,
          .path = lab::Path::kVirtualNetwork,
          .next_hop = policy::NextHop{"VirtualAppliance", ip("10.0.1.4")},
          .decided_by = {policy::Stage::kNetworkSecurityGroup, "nsg/deny-sql"},
          .steps = {{policy::Stage::kApplicationRouting, "web/0", "virtualNetwork",
                     "applicationRouting", "All traffic enters the VNet."}},
          .nearest = {{"nsg/allow-sql", "destinationPort", "1434", "1433"}},
          .sees = "time-out"};
}

TEST(ExplanationJson, HasTheKeysOfTheContractInItsOrder) {
  EXPECT_EQ(dump(to_json(denied())),
            R"({"verdict":"Deny","path":"virtualNetwork","source":null,"sources":[],)"
            R"("ports":null,"idleTimeout":null,"idleReset":null,)"
            R"("nextHop":{"type":"VirtualAppliance","ipAddress":"10.0.1.4"},)"
            R"("decidedBy":{"stage":"networkSecurityGroup","name":"nsg/deny-sql"},)"
            R"("steps":[{"stage":"applicationRouting","where":"web/0","result":"virtualNetwork",)"
            R"("name":"applicationRouting","reason":"All traffic enters the VNet."}],)"
            R"("nearest":[{"rule":"nsg/allow-sql","failedOn":"destinationPort",)"
            R"("wanted":"1434","got":"1433"}],)"
            R"("reply":null,"replySteps":[],"host":null,"refused":false,"answerUnknown":false,)"
            R"("sees":"time-out","name":null,"addresses":[],"flow":{"site":"web","instance":1,)"
            R"("traffic":"application","protocol":"tcp","name":null,"address":"10.1.2.4",)"
            R"("sourcePort":50000,"destinationPort":1433},"warnings":[]})");
}

TEST(ExplanationJson, TellsSourceReplyAndHostOfAnAllowedFlow) {
  policy::Explanation allowed = denied();
  allowed.verdict = lab::Verdict::kAllow;
  allowed.show({ip("10.1.1.4")});
  allowed.next_hop.reset();
  allowed.reply =
      policy::Reply{lab::Verdict::kDrop,
                    "No peering back.",
                    {{policy::Stage::kPeering, "hub", "Drop", "hub/spoke", "No peering back."}}};
  allowed.host = "sql";
  allowed.refused = true;
  allowed.answer_unknown = true;
  const Json json = to_json(allowed);
  EXPECT_EQ(json["source"], "10.1.1.4");
  EXPECT_EQ(json["sources"], Json({"10.1.1.4"}));
  allowed.show({ip("20.61.7.1"), ip("20.61.7.2")});
  allowed.limits = {64'512, std::chrono::seconds(600), true};
  const Json by_gateway = to_json(allowed);
  EXPECT_TRUE(by_gateway["source"].is_null());
  EXPECT_EQ(by_gateway["sources"], Json({"20.61.7.1", "20.61.7.2"}));
  EXPECT_EQ(by_gateway["ports"], 64'512);
  EXPECT_EQ(by_gateway["idleTimeout"], 600);
  EXPECT_EQ(by_gateway["idleReset"], true);
  EXPECT_TRUE(json["nextHop"].is_null());
  EXPECT_EQ(json["reply"].dump(), R"({"verdict":"Drop","reason":"No peering back."})");
  EXPECT_EQ(json["replySteps"].dump(),
            R"([{"stage":"peering","where":"hub","result":"Drop","name":"hub/spoke",)"
            R"("reason":"No peering back."}])");
  EXPECT_EQ(json["host"], "sql");
  EXPECT_EQ(json["refused"], true);
  EXPECT_EQ(json["answerUnknown"], true);
}

TEST(ExplanationJson, TellsWhatANameMeant) {
  policy::Explanation resolved = denied();
  resolved.path.reset();
  resolved.resolution =
      policy::Resolution{.name = "sql.example.com", .addresses = {ip("10.1.2.4"), ip("10.1.2.5")}};
  const Json json = to_json(resolved);
  EXPECT_TRUE(json["path"].is_null());
  EXPECT_EQ(json["name"], "sql.example.com");
  EXPECT_EQ(json["addresses"], Json({"10.1.2.4", "10.1.2.5"}));
  EXPECT_EQ(json["flow"]["name"], "sql.example.com");
}

TEST(ExplanationJson, RepeatsTheQuestionAsFarAsItHasOne) {
  policy::Explanation pinged = denied();
  pinged.flow.protocol = Protocol::kIcmp;
  EXPECT_TRUE(to_json(pinged)["flow"]["sourcePort"].is_null());
  EXPECT_TRUE(to_json(pinged)["flow"]["destinationPort"].is_null());
  policy::Explanation unresolved = denied();
  unresolved.verdict = lab::Verdict::kUnresolved;
  EXPECT_TRUE(to_json(unresolved)["flow"]["address"].is_null());
  EXPECT_EQ(to_json(unresolved)["flow"]["destinationPort"], 1433);
}

TEST(ExplanationJson, HasAServiceOnlyWhereOneDecides) {
  policy::Explanation answered = denied();
  EXPECT_FALSE(to_json(answered).contains("service"));
  answered.service = policy::ServiceAnswer{.reason = "No rule refuses it."};
  EXPECT_EQ(dump(to_json(answered)["service"]),
            R"({"access":"Allow","code":null,"reason":"No rule refuses it."})");
  answered.service = policy::ServiceAnswer{
      .access = lab::Access::kDeny, .code = "AuthorizationFailure", .reason = "No rule allows it."};
  EXPECT_EQ(dump(to_json(answered)["service"]),
            R"({"access":"Deny","code":"AuthorizationFailure","reason":"No rule allows it."})");
}

TEST(ErrorJson, CarriesEveryFinding) {
  const lab::Finding finding{.file = "lab.yaml",
                             .line = 3,
                             .column = 5,
                             .path = "sites.web",
                             .code = "unknown-key",
                             .message = "unknown key 'plan'",
                             .hint = "did you mean 'serverFarm'?"};
  const Json json =
      error_json({.code = Errc::kInvalid, .message = "the lab is invalid"}, {finding, finding});
  EXPECT_EQ(json["error"]["code"], "invalid");
  EXPECT_EQ(json["error"]["message"], "the lab is invalid");
  ASSERT_EQ(json["error"]["findings"].size(), 2U);
  EXPECT_EQ(json["error"]["findings"][0]["line"], 3);
  EXPECT_EQ(json["error"]["findings"][0]["severity"], "error");
  EXPECT_EQ(json["error"]["findings"][0]["code"], "unknown-key");
}

TEST(LeaseJson, WritesTimesInUtc) {
  const ipam::TimePoint noon{std::chrono::milliseconds(1700000000250)};
  const inspect::LeaseReport report{
      .leases = {{.holder = {"plan", 1, {"spoke", "integration"}, 2, "web"},
                  .address = ip("10.1.1.5"),
                  .state = ipam::LeaseState::kReleasing,
                  .since = noon,
                  .release_at = noon + std::chrono::hours(12)}},
      .usable = 11};
  EXPECT_EQ(dump(to_json(report)),
            R"({"leases":[{"subnet":"spoke/integration","serverFarm":"plan","instance":1,)"
            R"("incarnation":2,"site":"web","address":"10.1.1.5","state":"releasing",)"
            R"("since":"2023-11-14T22:13:20.250Z","releaseAt":"2023-11-15T10:13:20.250Z"}],)"
            R"("usable":11})");
}

TEST(LeaseJson, IsNullWhereNothingIsToBeTold) {
  const inspect::LeaseReport report{
      .leases = {{.holder = {"plan", 0, {"spoke", "apps"}}, .address = ip("10.1.1.4")}}};
  EXPECT_EQ(
      dump(to_json(report)),
      R"({"leases":[{"subnet":"spoke/apps","serverFarm":"plan","instance":0,"incarnation":0,"site":null,)"
      R"("address":"10.1.1.4","state":"held","since":"1970-01-01T00:00:00.000Z",)"
      R"("releaseAt":null,"standing":"serving"}],"usable":null})");
}

TEST(StreamJson, MarksProgressAndResult) {
  EXPECT_EQ(dump(to_json(Progress{3, 9, "add link eth0"})),
            R"({"progress":{"done":3,"total":9,"what":"add link eth0"}})");
  EXPECT_EQ(
      dump(to_json(PassResult{.changed = 4,
                              .failed = {{"link eth0", "no such device"}},
                              .drift = {"add link eth0"},
                              .seconds = 0.5})),
      R"({"result":{"changed":4,"labChanged":false,"failed":[{"object":"link eth0","message":"no such device"}],)"
      R"("drift":["add link eth0"],"seconds":0.5,"notRunning":[],"effects":{"restarts":[],)"
      R"("scalings":[],"leftBehind":[],"takenAway":[]},"notes":[],"warnings":[]}})");
}

TEST(StreamJson, NamesAppsThatDoNotRunAndWhatABackupCameTo) {
  const policy::PlatformReport failed{
      .running = false, .failed_step = lab::TrafficClass::kImagePull, .reason = "no image"};
  const inspect::AppStartup web{
      .app = {"web", 1}, .state = inspect::AppState::kFailed, .report = failed};
  const Json result = to_json(
      PassResult{.not_running = {web}, .backup = inspect::AppStartup{.app = {"api", 0}}})["result"];
  EXPECT_EQ(dump(result["notRunning"]),
            R"([{"app":"web/1","step":"image-pull","reason":"no image"}])");
  EXPECT_EQ(result["report"]["state"], "done");
  EXPECT_EQ(result["report"]["site"], "api");
  EXPECT_EQ(to_json(PassResult{.backup = web})["result"]["report"]["state"], "failed");
}

TEST(TestResultJson, ShowsTheExpectationAsWritten) {
  const inspect::TestResult result{.expectation = {.from = "web",
                                                   .to = "tcp://10.1.2.4:1433",
                                                   .expect = lab::Outcome::kDeny,
                                                   .by = "nsg/deny-sql",
                                                   .line = 12},
                                   .differences = {"verdict is Allow"}};
  const Json json = to_json(std::vector{result})["results"][0];
  EXPECT_EQ(json["expectation"]["from"], "web/0");
  EXPECT_EQ(json["expectation"]["by"], "nsg/deny-sql");
  EXPECT_EQ(json["expectation"].count("via"), 0U);
  EXPECT_EQ(json["ok"], false);
  EXPECT_TRUE(json["explanation"].is_null());
  EXPECT_TRUE(json["resolution"].is_null());
}

TEST(TestResultJson, ShowsWhatANameMeant) {
  const inspect::TestResult result{
      .expectation = {.from = "web", .resolve = "sql.example", .addresses = {ip("10.1.2.4")}},
      .resolution = policy::Resolution{.name = "sql.example"}};
  const Json json = to_json(std::vector{result})["results"][0];
  EXPECT_TRUE(json["expectation"]["to"].is_null());
  EXPECT_EQ(json["expectation"]["resolve"], "sql.example");
  EXPECT_EQ(json["resolution"]["status"], "timeout");
}

TEST(TestResultJson, ShowsThePredictedStart) {
  const inspect::TestResult result{
      .expectation = {.from = "web", .instance = 1, .startup = true, .running = false},
      .startup = policy::PlatformReport{}};
  const Json json = to_json(std::vector{result})["results"][0];
  EXPECT_EQ(json["expectation"]["startup"], true);
  EXPECT_EQ(json["expectation"]["expect"], "failed");
  EXPECT_EQ(json["startup"]["instance"], 1);
  EXPECT_EQ(json["startup"]["state"], "running");
}

TEST(Dump, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(dump(Json("a\xff")), "\"a\xEF\xBF\xBD\"");
}

TEST(StatusJson, OfNoLabHasEveryKey) {
  EXPECT_EQ(
      dump(to_json(inspect::StatusReport{.prefix = "eg"})),
      R"({"daemon":{"version":"","pid":0,"since":"1970-01-01T00:00:00.000Z"},)"
      R"("lab":null,"version":0,"clock":{"now":"1970-01-01T00:00:00.000Z","offset":0},)"
      R"("prefix":"eg","inSync":false,"apps":[],"workers":[],"hosts":[],)"
      R"("snat":[],"natGateways":[],"gateways":[],"wires":[],"fastPath":{"state":"on","reason":null,"packets":0},"operation":null,"drift":[],"heldUntil":null,"problems":[],"warnings":[],"lastPass":null,"lastRepair":null,)"
      R"("pendingReleases":[],"serviceAssociationLinks":[],"scaling":[]})");
}

}  // namespace
}  // namespace egress::control
