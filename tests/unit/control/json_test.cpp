// SPDX-License-Identifier: MIT
#include "control/json.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/spoke_lab.hpp"

namespace egress::control {
namespace {

using namespace testing_support;
policy::Explanation denied() {
  return {.verdict = lab::Verdict::kDeny,
          .path = lab::Path::kVirtualNetwork,
          .next_hop = policy::NextHop{"VirtualAppliance", ip("10.0.1.4")},
          .decided_by = {policy::Stage::kNetworkSecurityGroup, "nsg/deny-sql"},
          .steps = {{policy::Stage::kApplicationRouting, "web/0", "virtualNetwork",
                     "applicationRouting", "All traffic enters the VNet."}}};
}

TEST(ExplanationJson, HasTheKeysOfTheContractInItsOrder) {
  EXPECT_EQ(dump(to_json(denied())),
            R"({"verdict":"Deny","path":"virtualNetwork","source":null,)"
            R"("nextHop":{"type":"VirtualAppliance","ipAddress":"10.0.1.4"},)"
            R"("decidedBy":{"stage":"networkSecurityGroup","name":"nsg/deny-sql"},)"
            R"("steps":[{"stage":"applicationRouting","where":"web/0","result":"virtualNetwork",)"
            R"("name":"applicationRouting","reason":"All traffic enters the VNet."}],)"
            R"("reply":null,"host":null,"refused":false})");
}

TEST(ExplanationJson, TellsSourceReplyAndHostOfAnAllowedFlow) {
  policy::Explanation allowed = denied();
  allowed.verdict = lab::Verdict::kAllow;
  allowed.source = ip("10.1.1.4");
  allowed.next_hop.reset();
  allowed.reply = policy::Reply{lab::Verdict::kDrop, "No peering back."};
  allowed.host = "sql";
  allowed.refused = true;
  const Json json = to_json(allowed);
  EXPECT_EQ(json["source"], "10.1.1.4");
  EXPECT_TRUE(json["nextHop"].is_null());
  EXPECT_EQ(json["reply"].dump(), R"({"verdict":"Drop","reason":"No peering back."})");
  EXPECT_EQ(json["host"], "sql");
  EXPECT_EQ(json["refused"], true);
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
  const std::vector<ipam::Lease> leases{{.holder = {"plan", 1, kIntegration},
                                         .address = ip("10.1.1.5"),
                                         .state = ipam::LeaseState::kReleasing,
                                         .since = noon,
                                         .release_at = noon + std::chrono::hours(12)}};
  EXPECT_EQ(dump(to_json(leases)),
            R"([{"subnet":"spoke/integration","serverFarm":"plan","instance":1,)"
            R"("address":"10.1.1.5","state":"releasing","since":"2023-11-14T22:13:20.250Z",)"
            R"("releaseAt":"2023-11-15T10:13:20.250Z"}])");
}

TEST(StreamJson, MarksProgressAndResult) {
  EXPECT_EQ(dump(to_json(Progress{3, 9, "add link eth0"})),
            R"({"progress":{"done":3,"total":9,"what":"add link eth0"}})");
  EXPECT_EQ(
      dump(to_json(PassResult{.changed = 4,
                              .failed = {{"link eth0", "no such device"}},
                              .drift = {"add link eth0"},
                              .seconds = 0.5})),
      R"({"result":{"changed":4,"failed":[{"object":"link eth0","message":"no such device"}],)"
      R"("drift":["add link eth0"],"seconds":0.5}})");
}

TEST(TestResultJson, ShowsTheExpectationAsWritten) {
  const inspect::TestResult result{.expectation = {.from = "web",
                                                   .to = "tcp://10.1.2.4:1433",
                                                   .expect = lab::Verdict::kDeny,
                                                   .by = "nsg/deny-sql",
                                                   .line = 12},
                                   .differences = {"verdict is Allow"}};
  const Json json = to_json(std::vector{result})["results"][0];
  EXPECT_EQ(json["expectation"]["from"], "web/0");
  EXPECT_EQ(json["expectation"]["by"], "nsg/deny-sql");
  EXPECT_EQ(json["expectation"].count("via"), 0U);
  EXPECT_EQ(json["ok"], false);
  EXPECT_TRUE(json["explanation"].is_null());
}

TEST(Dump, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(dump(Json("a\xff")), "\"a\xEF\xBF\xBD\"");
}

TEST(StatusJson, OfNoLabHasEveryKey) {
  EXPECT_EQ(
      dump(to_json(inspect::StatusReport{.prefix = "eg"})),
      R"({"lab":null,"version":0,"prefix":"eg","inSync":false,"apps":[],"workers":[],"hosts":[],)"
      R"("drift":[],"problems":[],"lastPass":null,"lastRepair":null,)"
      R"("pendingReleases":[]})");
}

}  // namespace
}  // namespace egress::control
