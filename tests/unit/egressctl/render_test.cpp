// SPDX-License-Identifier: MIT
#include "egressctl/render/render.hpp"

#include <gmock/gmock.h>

#include "tests/unit/egressctl/screens.hpp"

namespace egress::ctl {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

Json explanation(const char* verdict) {
  Json json = Json::parse(R"({"path": "virtualNetwork", "sources": ["10.1.1.4"],
    "nextHop": {"type": "VirtualAppliance", "ipAddress": "10.0.1.4"},
    "decidedBy": {"stage": "networkSecurityGroup", "name": "nsg/rule"},
    "steps": [{"stage": "route", "where": "spoke/apps", "result": "Internet", "name": "t/r",
               "reason": "Because of the prefix."}],
    "reply": {"verdict": "Allow", "reason": "It comes back."},
    "host": "sql", "refused": false})");
  json["verdict"] = verdict;
  return json;
}

std::string shown(const Json& json) {
  return render_explanation(json, "web/0", "tcp://10.1.2.4:1433", kPipe);
}

TEST(RenderExplanation, TellsTheWholeStory) {
  EXPECT_EQ(shown(explanation("Allow")),
            "web/0 -> tcp://10.1.2.4:1433\n"
            "ALLOWED by nsg/rule\n"
            "\n"
            "path        virtualNetwork\n"
            "source      10.1.1.4\n"
            "next hop    VirtualAppliance 10.0.1.4\n"
            "decided by  nsg/rule (networkSecurityGroup)\n"
            "receiver    sql\n"
            "\n"
            " 1  route at spoke/apps: Internet (t/r)\n"
            "    Because of the prefix.\n"
            "\n"
            "Answer: Allow. It comes back.\n");
}

TEST(RenderExplanation, NamesEachVerdictInItsHeadline) {
  EXPECT_THAT(shown(explanation("Deny")), HasSubstr("\nDENIED by nsg/rule\n"));
  EXPECT_THAT(shown(explanation("Drop")), HasSubstr("\nDROPPED by nsg/rule\n"));
  EXPECT_THAT(shown(explanation("NoRoute")), HasSubstr("\nNO ROUTE: "));
}

TEST(RenderExplanation, SaysWhenAnAllowedFlowStillDoesNotWork) {
  Json refused = explanation("Allow");
  refused["refused"] = true;
  EXPECT_THAT(shown(refused), HasSubstr("ALLOWED by nsg/rule, but sql refuses it"));
  Json unanswered = explanation("Allow");
  unanswered["reply"] = {{"verdict", "Drop"}, {"reason", "It is lost."}};
  unanswered["replySteps"] = unanswered["steps"];
  EXPECT_THAT(shown(unanswered),
              AllOf(HasSubstr("ALLOWED by nsg/rule, but no answer comes back"),
                    HasSubstr("\nAnswer: Drop. It is lost.\n 1  route at spoke/apps: ")));
}

TEST(RenderExplanation, NamesRulesThatNearlyAllowIt) {
  Json denied = explanation("Deny");
  denied["nearest"] = {
      {{"rule", "nsg/sql"}, {"failedOn", "destinationPort"}, {"wanted", "1434"}, {"got", "1433"}}};
  EXPECT_THAT(shown(denied), HasSubstr("\nnsg/sql would allow it, but for its destinationPort: "
                                       "1434 in place of 1433.\n"));
}

TEST(RenderExplanation, TellsWhatTheWayToTheInternetCarries) {
  Json json = explanation("Allow");
  json["sources"] = {"20.61.7.1", "20.61.7.2"};
  json["ports"] = 64512;
  json["idleTimeout"] = 600;
  json["idleReset"] = true;
  json["steps"] = {{{"stage", "natGateway"}}};
  EXPECT_THAT(shown(json),
              AllOf(HasSubstr("20.61.7.1 or 20.61.7.2\n"),
                    HasSubstr("64512 flows at a time under each address of the NAT gateway\n"),
                    HasSubstr("ends after 600 s with a reset\n")));
  json["ports"] = 128;
  json["idleReset"] = false;
  json["steps"] = Json::array();
  EXPECT_THAT(shown(json),
              AllOf(HasSubstr("128 flows at a time of the instance to this destination\n"),
                    HasSubstr("ends after 600 s without a word\n")));
}

TEST(RenderExplanation, EndsWithWarnings) {
  Json unresolved = explanation("Unresolved");
  unresolved["warnings"] = {"nothing in the lab has the name 'a'"};
  EXPECT_THAT(shown(unresolved), EndsWith("\nwarning: nothing in the lab has the name 'a'\n"));
}

TEST(RenderExplanation, ListsWhatTheKernelDidOtherwise) {
  Json json = explanation("Deny");
  json["observed"] = {{"arrived", true},
                      {"host", "sql"},
                      {"source", "10.1.1.4"},
                      {"replied", true},
                      {"refused", false},
                      {"agrees", false},
                      {"differences", {"explain: Deny; kernel: the packet reached sql"}}};
  EXPECT_THAT(shown(json),
              AllOf(HasSubstr("THE KERNEL DISAGREES: the packet arrived at sql from 10.1.1.4, an "
                              "answer came back.\n"),
                    HasSubstr("  - explain: Deny; kernel: the packet reached sql\n")));
  json["observed"]["agrees"] = true;
  EXPECT_THAT(shown(json), AllOf(HasSubstr("The kernel agrees"), Not(HasSubstr("DISAGREES"))));
  json["observed"]["silent"] = true;
  EXPECT_THAT(shown(json), HasSubstr("a handshake came back and nothing behind it.\n"));
}

TEST(RenderExplanation, SurvivesADocumentOfAnotherVersion) {
  EXPECT_THAT(shown(Json::parse(R"({"verdict": 7, "steps": "none", "reply": []})")),
              StartsWith("web/0 -> "));
}

TEST(RenderRoutes, HasTheColumnsOfTheAzureCli) {
  const Json routes = Json::parse(R"({"subnet": "spoke/apps", "routes": [
    {"name": "t/default", "source": "User", "state": "Active", "addressPrefix": ["0.0.0.0/0"],
     "nextHopType": "VirtualAppliance", "nextHopIpAddress": ["10.0.1.4"]},
    {"name": "system/0.0.0.0/0", "source": "Default", "state": "Invalid",
     "addressPrefix": ["0.0.0.0/0"], "nextHopType": "Internet", "nextHopIpAddress": []}]})");
  EXPECT_EQ(render_routes(routes, kPipe),
            "Source   State    Address Prefix  Next Hop Type     Next Hop IP  Name\n"
            "-------  -------  --------------  ----------------  -----------  ----------------\n"
            "User     Active   0.0.0.0/0       VirtualAppliance  10.0.1.4     t/default\n"
            "Default  Invalid  0.0.0.0/0       Internet                       system/0.0.0.0/0\n");
}

TEST(RenderRules, ShortensPortRangesAndShowsHits) {
  const Json rules = Json::parse(R"({"subnet": "spoke/apps", "rules": [
    {"name": "nsg/sql", "direction": "Outbound", "priority": 100, "access": "Deny",
     "protocol": "Tcp", "sourceAddressPrefixes": ["*"], "sourcePortRanges": ["0-65535"],
     "destinationAddressPrefixes": ["10.1.2.0/24", "10.1.3.0/24"],
     "destinationPortRanges": ["443-443", "1433-1434"], "hits": 12}]})");
  const std::string text = render_rules(rules, kPipe);
  EXPECT_THAT(text, HasSubstr("100       nsg/sql  Outbound   Deny    Tcp       *       *"));
  EXPECT_THAT(text, HasSubstr("10.1.2.0/24, 10.1.3.0/24  443, 1433-1434     12\n"));
}

TEST(RenderRules, SaysThatWithoutAGroupEverythingIsAllowed) {
  EXPECT_EQ(render_rules(Json::parse(R"({"subnet": "spoke/apps", "rules": []})"), kPipe),
            "spoke/apps has no network security group: everything is allowed.\n");
}

TEST(RenderNetworkWatcher, AnswersInARowEach) {
  EXPECT_EQ(render_ip_flow(
                Json::parse(R"({"access": "Deny", "ruleName": "securityRules/deny-sql"})"), kPipe),
            "Access  Rule Name\n"
            "------  ----------------------\n"
            "Deny    securityRules/deny-sql\n");
  EXPECT_THAT(render_ip_flow(Json::parse(R"({"access": "Allow", "ruleName": null})"), kPipe),
              HasSubstr("Allow   none: no network security group\n"));
  EXPECT_EQ(render_next_hop(Json::parse(R"({"nextHopType": "VirtualAppliance",
              "nextHopIpAddress": "10.0.1.4", "routeTableId": "via-firewall"})"),
                            kPipe),
            "Next Hop Type     Next Hop IP  Route Table\n"
            "----------------  -----------  ------------\n"
            "VirtualAppliance  10.0.1.4     via-firewall\n");
}

TEST(RenderResult, SumsUpWhatChanged) {
  EXPECT_EQ(render_result("applied", "a.yaml", {{"changed", 12}, {"seconds", 0.412}}),
            "applied a.yaml: 12 objects changed in 0.41 s\n");
  EXPECT_EQ(render_result("applied", "a.yaml", {{"changed", 1}, {"seconds", 1}}),
            "applied a.yaml: 1 object changed in 1.00 s\n");
  EXPECT_EQ(render_result("applied", "a.yaml", {{"changed", 0}, {"seconds", 1}}),
            "applied a.yaml: no changes\n");
  EXPECT_EQ(render_result("set", "location", {{"changed", 0}, {"labChanged", true}}),
            "set location: 0 objects changed in 0.00 s\n");
}

TEST(RenderLeftovers, ListsFailuresAndWhatIsStillToDo) {
  const Json result = Json::parse(R"({"failed": [{"object": "link x", "message": "no room"}],
                                      "drift": ["add link x"]})");
  EXPECT_EQ(render_leftovers(result), "failed: link x: no room\nstill to do: add link x\n");
  EXPECT_THAT(render_leftovers(Json::parse(R"({"failed": [], "drift": []})")), IsEmpty());
}

TEST(RenderLeftovers, TellsACauseOnceAndCountsWhatDependsOnIt) {
  const Json result = Json::parse(R"({"failed": [
    {"object": "add tun a", "message": "add tun a: no such device"},
    {"object": "add link b", "message": "no room"}, {"object": "add link c", "message": "no room"},
    {"object": "add route d", "message": "skipped: it needs link b"},
    {"object": "add route e", "message": "skipped: it needs link c"}],
    "drift": ["add tun a", "add link b"]})");
  EXPECT_EQ(render_leftovers(result),
            "failed: add tun a: no such device\n"
            "failed: add link b: no room\n"
            "and 1 more: no room\n"
            "and 2 that depend on them (-v lists all)\n"
            "still to do: 2 operations\n");
  EXPECT_THAT(render_leftovers(result, true),
              HasSubstr("failed: add route e: skipped: it needs link c\nstill to do: add tun a\n"));
}

Json status() {
  return Json::parse(R"({"lab": "a.yaml", "prefix": "eg", "inSync": false,
    "clock": {"now": "2024-05-01T11:30:00.000Z", "offset": 5400},
    "apps": [{"site": "web", "instance": 1, "worker": "eg-worker-plan-1", "netns": "eg-app-web-1",
              "integrated": true, "subnet": "spoke/apps", "privateIp": "10.1.1.5",
              "outboundIp": "20.50.1.5", "applicationRouting": "all", "state": "failed",
              "startup": {"step": "image-pull", "reason": "no image"}}],
    "workers": [{"name": "plan/1", "netns": "eg-worker-plan-1",
                 "interfaces": [{"name": "integ0", "subnet": "spoke/apps", "address": "10.1.1.5"}]},
                {"name": "plan/2", "netns": "eg-worker-plan-2", "interfaces": []}],
    "hosts": [{"name": "sql", "kind": "host", "netns": "eg-host-sql", "address": "10.1.2.4", "listen": ["tcp/443"]}],
    "snat": [{"instance": "plan/1", "address": "20.50.1.5", "destination": "93.184.216.34",
              "port": 443, "protocol": "tcp", "used": 128}],
    "natGateways": [{"name": "nat", "address": "20.61.7.1", "protocol": "tcp", "used": 3,
                     "limit": 64512, "senders": [{"name": "fw", "used": 1},
                                                 {"name": "plan/1", "used": 2}]},
                    {"name": "nat", "address": "20.61.7.1", "protocol": "udp", "used": 0,
                     "limit": 64512, "senders": []}],
    "drift": ["add route r"], "problems": ["no room"],
    "lastPass": {"seconds": 0.4, "operations": 9, "failed": 1},
    "lastRepair": {"at": "2024-05-01T10:00:00.000Z", "operations": ["add route r"]},
    "pendingReleases": []})");
}

TEST(RenderStatus, ShowsAppsWorkersHostsAndDrift) {
  const std::string text = render_status(status(), kPipe);
  EXPECT_THAT(text, HasSubstr("state        not in sync\n"));
  EXPECT_THAT(text, HasSubstr("clock        1h30m ahead, 2024-05-01T11:30:00.000Z\n"));
  EXPECT_THAT(text, HasSubstr("last pass    9 operations in 0.40 s, 1 failed\n"));
  EXPECT_THAT(text, HasSubstr("last repair  1 operation undid changes by others, 2024-05-01"));
  EXPECT_THAT(text,
              HasSubstr("web/1  failed: image-pull  spoke/apps  10.1.1.5    20.50.1.5    all"));
  EXPECT_THAT(text, HasSubstr("plan/1  integ0     10.1.1.5  spoke/apps  eg-worker-plan-1\n"));
  EXPECT_THAT(text, HasSubstr("plan/2  -          -         -           eg-worker-plan-2\n"));
  EXPECT_THAT(text, HasSubstr("sql   host  10.1.2.4  tcp/443  eg-host-sql\n"));
  EXPECT_THAT(text, HasSubstr("plan/1    20.50.1.5  tcp://93.184.216.34:443  128\n"));
  EXPECT_THAT(text, HasSubstr("nat          20.61.7.1  tcp       3 of 64512    fw 1, plan/1 2\n"));
  EXPECT_THAT(text, HasSubstr("nat          20.61.7.1  udp       0 of 64512    -\n"));
  EXPECT_THAT(text, HasSubstr("\n\nProblems\n  no room\n\nDrift\n  add route r\n\nApp "));
}

TEST(RenderStatus, ColoursTheStateOnATerminal) {
  const Screen terminal{.interactive = true};
  EXPECT_THAT(render_status(status(), terminal), HasSubstr("\033[31mnot in sync\033[0m"));
  EXPECT_THAT(render_status(status(), kPipe), Not(HasSubstr("\033")));
}

TEST(RenderStatus, ShowsTheOperationAtWorkAndWhoAnswers) {
  Json busy = status();
  busy["daemon"] = {{"version", "0.1.0"}, {"pid", 7}, {"since", "2024-05-01T09:00:00.000Z"}};
  busy["operation"] = {
      {"name", "apply"}, {"startedAt", "2024-05-01T10:00:00.000Z"}, {"done", 3}, {"total", 9}};
  busy["heldUntil"] = "2024-05-01T10:10:00.000Z";
  busy["warnings"] = {"a.yaml:1:1: warning: w"};
  const std::string text = render_status(busy, kPipe);
  EXPECT_THAT(text, HasSubstr("state        apply since 2024-05-01T10:00:00.000Z, 3 of 9 done\n"));
  EXPECT_THAT(text, HasSubstr("repairs      held until 2024-05-01T10:10:00.000Z\n"));
  EXPECT_THAT(text,
              HasSubstr("daemon       egressd 0.1.0, pid 7, since 2024-05-01T09:00:00.000Z\n"));
  EXPECT_THAT(text, HasSubstr("\nWarnings\n  a.yaml:1:1: warning: w\n"));
}

TEST(RenderStatus, ListsAddressesThatWait) {
  Json waiting = status();
  waiting["pendingReleases"] = Json::parse(R"([
    {"subnet": "spoke/apps", "serverFarm": "plan", "instance": 1, "site": "web",
     "address": "10.1.1.5", "state": "releasing", "since": "2024-05-01T10:00:00.000Z",
     "releaseAt": "2024-05-01T22:00:00.000Z"}])");
  EXPECT_THAT(
      render_status(waiting, kPipe),
      HasSubstr("\nPending releases\n"
                "Address   Subnet      Holder      Since                     Release at\n"));
  EXPECT_THAT(render_status(waiting, kPipe),
              HasSubstr("10.1.1.5  spoke/apps  plan/1 web  2024-05-01T10:00:00.000Z  "
                        "2024-05-01T22:00:00.000Z\n"));
}

}  // namespace
}  // namespace egress::ctl
