// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/json.hpp"
#include "tests/support/values.hpp"

namespace egress::control {
namespace {

using namespace testing_support;

policy::Resolution resolution() {
  const policy::AnswerSource zone{policy::AnswerSource::Kind::kZone, "corp.internal", "hub"};
  policy::ServerAnswer dead{.server = ip("10.0.2.5"), .reason = "Nobody answers."};
  policy::ServerAnswer azure{.server = ip("168.63.129.16"),
                             .status = lab::LookupStatus::kNoError,
                             .answer = {.records = {{.name = "www.example.com",
                                                     .type = policy::RecordType::kCname,
                                                     .ttl = 60,
                                                     .data = std::string("a.corp.internal")},
                                                    {.name = "a.corp.internal",
                                                     .ttl = 10,
                                                     .data = ip("10.1.2.4"),
                                                     .source = zone}}},
                             .reason = "It says so."};
  return {.name = "www.example.com",
          .status = lab::LookupStatus::kNoError,
          .addresses = {ip("10.1.2.4")},
          .servers = {std::move(dead), std::move(azure)},
          .answered_by = 1,
          .seconds = 1};
}

TEST(ResolutionJson, HasEveryServerWithItsChain) {
  EXPECT_EQ(dump(to_json(resolution())),
            R"({"name":"www.example.com","type":"A","status":"NOERROR","addresses":["10.1.2.4"],)"
            R"("servers":[{"server":"10.0.2.5","status":"timeout","chain":[],)"
            R"("reason":"Nobody answers."},{"server":"168.63.129.16","status":"NOERROR","chain":[)"
            R"({"name":"www.example.com","type":"CNAME","ttl":60,"data":"a.corp.internal",)"
            R"("zone":null,"link":null},{"name":"a.corp.internal","type":"A","ttl":10,)"
            R"("data":"10.1.2.4","zone":"corp.internal","link":"hub"}],"reason":"It says so."}],)"
            R"("answeredBy":"168.63.129.16","seconds":1,"warnings":[]})");
}

TEST(ResolutionJson, WarnsOfServersThatARestartWouldChange) {
  policy::Resolution got = resolution();
  got.answered_by.reset();
  got.settings.note = "restart the app";
  EXPECT_TRUE(to_json(got)["answeredBy"].is_null());
  EXPECT_EQ(to_json(got)["warnings"], Json({"restart the app"}));
}

TEST(ResolutionJson, SuggestsANameOfTheLab) {
  policy::Resolution got = resolution();
  got.suggestion = "www.example.net";
  const Json warnings = {
      "nothing in the lab has the name 'www.example.com'; did you mean 'www.example.net'?"};
  EXPECT_EQ(to_json(got)["warnings"], warnings);
  EXPECT_EQ(to_json(policy::Explanation{.resolution = got})["warnings"], warnings);
}

TEST(ResolutionJson, ShowsWhatTheAppsResolverSaid) {
  const inspect::LookupSeen seen{.answered = true, .rcode = 3};
  EXPECT_EQ(dump(to_json(resolution(), seen, {"otherwise"})["observed"]),
            R"({"answered":true,"responseCode":3,"addresses":[],"agrees":false,)"
            R"("differences":["otherwise"]})");
  EXPECT_EQ(dump(to_json(resolution(), {}, {})["observed"]),
            R"({"answered":false,"responseCode":null,"addresses":[],"agrees":true,)"
            R"("differences":[]})");
}

TEST(DependencyJson, SaysWhoBlocksWhat) {
  policy::Explanation denied{.verdict = lab::Verdict::kDeny,
                             .decided_by = {policy::Stage::kNetworkSecurityGroup, "nsg/deny"},
                             .sees = "time-out"};
  const Json json = to_json(std::vector<inspect::Dependency>{
      {.url = "tcp://a:1", .why = "declared", .explanation = denied, .ok = false},
      {.url = "tcp://b:1", .why = "declared", .problem = "no flow", .ok = false},
      {.url = "tcp://c:1", .why = "PYTHON build", .explanation = denied}})["dependencies"];
  EXPECT_EQ(dump(json[0]["blockedBy"]), R"({"stage":"networkSecurityGroup","name":"nsg/deny"})");
  EXPECT_EQ(json[0]["sees"], "time-out");
  EXPECT_EQ(json[0]["explanation"]["verdict"], "Deny");
  EXPECT_EQ(dump(json[1]), R"({"url":"tcp://b:1","why":"declared","ok":false,"blockedBy":null,)"
                           R"("sees":"no flow","explanation":null})");
  EXPECT_TRUE(json[2]["ok"].is_null());
  EXPECT_TRUE(json[2]["blockedBy"].is_null());
  EXPECT_EQ(json[2]["sees"], "not in this lab");
}

}  // namespace
}  // namespace egress::control
