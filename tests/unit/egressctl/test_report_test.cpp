// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/render.hpp"

namespace egress::ctl {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

Json results() {
  return Json::parse(R"({"results": [
    {"expectation": {"line": 4, "from": "web/0", "to": "tcp://10.1.2.4:443", "expect": "Allow",
                     "via": "virtualNetwork", "source": "10.1.1.4"},
     "ok": true, "differences": [], "explanation": null},
    {"expectation": {"line": 5, "from": "web/0", "to": "tcp://a#b:1", "expect": "Deny",
                     "by": "nsg/rule"},
     "ok": false, "differences": ["verdict: expected <Deny>, got \"Allow\""],
     "explanation": {"steps": [{"stage": "route", "where": "spoke/apps", "result": "Internet",
                                "reason": "Because."}]}}]})");
}

TEST(Tap, ListsResultsWithDiagnosticsOfFailures) {
  EXPECT_EQ(render_tap(results(), "a.yaml"),
            "TAP version 13\n"
            "1..2\n"
            "ok 1 - web/0 -> tcp://10.1.2.4:443 is Allow via virtualNetwork as 10.1.1.4\n"
            "not ok 2 - web/0 -> tcp://a\\#b:1 is Deny by nsg/rule\n"
            "  ---\n"
            "  at: \"a.yaml:5\"\n"
            "  differences:\n"
            "    - \"verdict: expected <Deny>, got \\\"Allow\\\"\"\n"
            "  steps:\n"
            "    - \"route at spoke/apps: Internet. Because.\"\n"
            "  ...\n");
}

TEST(Tap, TellsWhatEachServerSaidOfAName) {
  const Json name = Json::parse(R"({"results": [
    {"expectation": {"line": 6, "from": "web/0", "to": null, "resolve": "sql.example",
                     "expect": ["10.1.2.4", "10.1.2.5"]},
     "ok": false, "differences": ["status: NXDOMAIN"], "explanation": null,
     "resolution": {"servers": [{"server": "10.0.2.4", "status": "NXDOMAIN",
                                 "reason": "It says so."}]}}]})");
  EXPECT_EQ(render_tap(name, "a.yaml"),
            "TAP version 13\n"
            "1..1\n"
            "not ok 1 - web/0 resolve sql.example is 10.1.2.4, 10.1.2.5\n"
            "  ---\n"
            "  at: \"a.yaml:6\"\n"
            "  differences:\n"
            "    - \"status: NXDOMAIN\"\n"
            "  servers:\n"
            "    - \"10.0.2.4: NXDOMAIN. It says so.\"\n"
            "  ...\n");
}

TEST(Tap, TellsWhatAStartLogged) {
  const Json start = Json::parse(R"({"results": [
    {"expectation": {"line": 7, "from": "web/0", "to": null, "resolve": null, "startup": true,
                     "expect": "running"},
     "ok": false, "differences": ["startup: expected running"], "explanation": null,
     "startup": {"steps": [{"step": "content-share", "log": ["mount error(13): Permission denied",
                                                             "Denied."]}]}}]})");
  EXPECT_EQ(render_tap(start, "a.yaml"),
            "TAP version 13\n"
            "1..1\n"
            "not ok 1 - web/0 startup is running\n"
            "  ---\n"
            "  at: \"a.yaml:7\"\n"
            "  differences:\n"
            "    - \"startup: expected running\"\n"
            "  log:\n"
            "    - \"content-share: mount error(13): Permission denied\"\n"
            "    - \"content-share: Denied.\"\n"
            "  ...\n");
}

TEST(Tap, SkipsALabWithoutExpectations) {
  EXPECT_THAT(render_tap({{"results", Json::array()}}, "a.yaml"), HasSubstr("1..0 # SKIP"));
}

TEST(Junit, CountsAndEscapes) {
  const std::string xml = render_junit(results(), "a&b.yaml");
  EXPECT_THAT(xml, HasSubstr(R"(<testsuite name="a&amp;b.yaml" tests="2" failures="1")"));
  EXPECT_THAT(xml, HasSubstr(R"(name="web/0 -&gt; tcp://10.1.2.4:443 is Allow)"));
  EXPECT_THAT(xml, HasSubstr(R"(message="verdict: expected &lt;Deny&gt;, got &quot;Allow&quot;")"));
  EXPECT_THAT(xml, EndsWith("    </testcase>\n  </testsuite>\n</testsuites>\n"));
}

TEST(Junit, LeavesOutControlCharactersThatXmlCannotHold) {
  Json json = results();
  json["results"][1]["differences"][0] = "a\001b";
  EXPECT_THAT(render_junit(json, "a.yaml"), HasSubstr(R"(message="a?b")"));
}

TEST(TestCounts, CountWhatDidNotHold) {
  const TestCounts counts = count_results(results());
  EXPECT_EQ(counts.total, 2U);
  EXPECT_EQ(counts.failed, 1U);
}

}  // namespace
}  // namespace egress::ctl
