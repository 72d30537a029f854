// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/render.hpp"
#include "tests/unit/egressctl/screens.hpp"

namespace egress::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Json resolution() {
  return Json::parse(R"({"name": "www.example.com", "type": "A", "status": "NOERROR",
    "addresses": ["10.1.2.4"], "servers": [
      {"server": "10.0.2.5", "status": "timeout", "chain": [], "reason": "Nobody answers."},
      {"server": "168.63.129.16", "status": "NOERROR", "chain": [
        {"name": "www.example.com", "type": "CNAME", "ttl": 60, "data": "a.corp", "zone": null,
         "link": null},
        {"name": "a.corp", "type": "A", "ttl": 10, "data": "10.1.2.4", "zone": "corp",
         "link": "hub"}], "reason": "It says so."}],
    "answeredBy": "168.63.129.16", "seconds": 1, "warnings": []})");
}

std::string shown(const Json& json) {
  return render_resolution(json, "web/0", kPipe);
}

TEST(RenderResolution, HasABlockForEachServer) {
  EXPECT_EQ(shown(resolution()),
            "web/0: www.example.com A\n"
            "10.1.2.4, after 1 s\n"
            "\n"
            "Server 10.0.2.5: timeout\n"
            "  Nobody answers.\n"
            "\n"
            "Server 168.63.129.16: NOERROR, answers\n"
            "  Name             TTL  Type   Data      From\n"
            "  ---------------  ---  -----  --------  ------------------------\n"
            "  www.example.com  60   CNAME  a.corp\n"
            "  a.corp           10   A      10.1.2.4  zone corp, linked to hub\n"
            "  It says so.\n");
}

TEST(RenderResolution, SaysWhenThereIsNoAddressAndWhatToMind) {
  Json none = resolution();
  none["addresses"] = Json::array();
  none["status"] = "NXDOMAIN";
  none["seconds"] = 0;
  none["warnings"] = {"restart the app"};
  EXPECT_THAT(shown(none), AllOf(HasSubstr("\nNXDOMAIN\n"), HasSubstr("warning: restart"),
                                 Not(HasSubstr("resolver"))));
}

TEST(RenderResolution, ComparesWithTheAppsResolver) {
  Json verified = resolution();
  verified["observed"] = {{"agrees", true}};
  EXPECT_THAT(shown(verified), HasSubstr("The app's resolver agrees.\n"));
  verified["observed"] = {{"agrees", false}, {"differences", {"it says otherwise"}}};
  EXPECT_THAT(shown(verified), HasSubstr("THE APP'S RESOLVER DISAGREES.\n  - it says otherwise\n"));
}

TEST(RenderDependencies, SaysWhatIsReachedAndWhatBlocksTheRest) {
  const std::string text = render_dependencies(Json::parse(R"({"dependencies": [
    {"url": "tcp://sql:1433", "why": "declared", "ok": false,
     "blockedBy": {"stage": "networkSecurityGroup", "name": "nsg/deny"}, "sees": "time-out"},
    {"url": "tcp://api:443", "why": "declared", "ok": true, "blockedBy": null, "sees": "connects"},
    {"url": "tcp://pypi.org:443", "why": "PYTHON packages", "ok": null, "blockedBy": null,
     "sees": "not in this lab"}]})"),
                                               kPipe);
  EXPECT_THAT(text, HasSubstr("tcp://sql:1433      declared         no       time-out"));
  EXPECT_THAT(text, HasSubstr("nsg/deny\n"));
  EXPECT_THAT(text, HasSubstr("tcp://api:443       declared         yes      connects"));
  EXPECT_THAT(text, HasSubstr("tcp://pypi.org:443  PYTHON packages  -        not in this lab"));
}

Json unresolved() {
  return Json::parse(R"({"verdict": "Unresolved", "path": null, "source": null, "nextHop": null,
    "decidedBy": {"stage": "nameResolution", "name": "corp/spoke"}, "steps": [], "reply": null,
    "host": null, "refused": false, "sees": "NXDOMAIN", "name": "a.corp", "addresses": []})");
}

TEST(RenderExplanationOfAName, SaysThatItHasNoAddressAndWhoSaysSo) {
  EXPECT_EQ(render_explanation(unresolved(), "web/0", "tcp://a.corp:443", kPipe),
            "web/0 -> tcp://a.corp:443\n"
            "UNRESOLVED: a.corp has no address for web/0 (NXDOMAIN by corp/spoke)\n"
            "\n"
            "source      none: nothing arrives\n"
            "decided by  corp/spoke (nameResolution)\n"
            "app sees    NXDOMAIN\n"
            "\n");
}

TEST(RenderExplanationOfAName, SaysWhatTheNameMeant) {
  Json allowed = unresolved();
  allowed["verdict"] = "Allow";
  allowed["addresses"] = {"10.1.2.4", "10.1.2.5"};
  EXPECT_THAT(
      render_explanation(allowed, "web/0", "tcp://a.corp:443", kPipe),
      AllOf(HasSubstr("name        a.corp is 10.1.2.4, 10.1.2.5\n"), Not(HasSubstr("\nsource "))));
}

TEST(RenderExplanationOfAService, SaysThatItRefusesWhatArrived) {
  Json refused = unresolved();
  refused["verdict"] = "Allow";
  refused["host"] = "store";
  refused["service"] = {{"access", "Deny"}, {"code", "AuthorizationFailure"}};
  EXPECT_THAT(render_explanation(refused, "web/0", "tcp://a.corp:443", kPipe),
              HasSubstr("ALLOWED by corp/spoke, but store refuses it (AuthorizationFailure)\n"));
}

TEST(RenderExplanationOfThePlatform, SaysThatItAnswers) {
  Json answered = unresolved();
  answered["verdict"] = "Allow";
  answered["decidedBy"] = {{"stage", "platform"}, {"name", "168.63.129.16"}};
  EXPECT_THAT(render_explanation(answered, "web/0", "udp://168.63.129.16:53", kPipe),
              HasSubstr("\nALLOWED: the platform answers\n"));
}

}  // namespace
}  // namespace egress::ctl
