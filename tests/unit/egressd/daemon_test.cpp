// SPDX-License-Identifier: MIT
#include "egressd/daemon.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <new>
#include <set>

#include "tests/support/values.hpp"
#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST_F(DaemonTest, AppliesALabAndSaysSo) {
  start();
  EXPECT_EQ(status()["lab"], nullptr);
  const Json result = apply(kLab)["result"];
  EXPECT_GT(result["changed"], 10);
  EXPECT_EQ(result["failed"], Json::array());
  EXPECT_EQ(result["drift"], Json::array());
  const Json after = status();
  EXPECT_EQ(after["lab"], "lab.yaml");
  EXPECT_EQ(after["version"], 1);
  EXPECT_EQ(after["inSync"], true);
  EXPECT_EQ(after["apps"][0]["privateIp"], "10.1.1.4");
  EXPECT_EQ(kernel_.state().count("eg-app-web-0"), 1U);
}

TEST_F(DaemonTest, RefusesAnInvalidLabWithAllFindingsAndChangesNothing) {
  start();
  apply(kLab);
  const size_t applied = kernel_.applied();
  const Reply reply = post("/v1/apply", message("sites: {a: {plan: x}, b: {plan: y}}"));
  EXPECT_EQ(reply.status, 400);
  const Json error = Json::parse(reply.body)["error"];
  EXPECT_EQ(error["code"], "invalid");
  EXPECT_GE(error["findings"].size(), 2U);
  EXPECT_EQ(kernel_.applied(), applied);
  EXPECT_EQ(status()["inSync"], true);
}

TEST_F(DaemonTest, RefusesALabThatIsTooLargeAndKeepsNothingOfIt) {
  start();
  std::string large =
      "outboundIpAddresses: [20.50.1.4]\nserverFarms: {p: {capacity: 100}}\nsites:\n";
  for (int i = 0; i < 250; ++i) large += "  s" + std::to_string(i) + ": {serverFarm: p}\n";
  for (const char* request : {"/v1/plan", "/v1/apply"}) {
    const Reply reply = post(request, message(large));
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr("too-large"));
    EXPECT_THAT(reply.body, HasSubstr("25102 namespaces"));
  }
  EXPECT_EQ(kernel_.applied(), 0U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "egressd.db"));
}

TEST_F(DaemonTest, RefusesALabWhoseNamesOthersHaveAndStoresNothing) {
  kernel_.set_foreign("eg-app-web-0", {});
  kernel_.set_foreign("eg-mine", {});
  start();
  for (const char* request : {"/v1/apply", "/v1/plan"}) {
    const Reply reply = post(request, message(kLab));
    EXPECT_EQ(reply.status, 409) << request;
    const Json error = Json::parse(reply.body)["error"];
    EXPECT_EQ(error["code"], "conflict");
    EXPECT_THAT(error["message"], HasSubstr("eg-app-web-0 was not made by egressd"));
  }
  EXPECT_EQ(kernel_.applied(), 0U);
  EXPECT_EQ(status()["lab"], nullptr);
  stop();
  kernel_.remove_foreign("eg-app-web-0");
  start();
  EXPECT_EQ(status()["lab"], nullptr) << "not even the store knows of it";
  EXPECT_EQ(apply(kLab)["result"]["failed"], Json::array()) << "names that nobody needs matter not";
}

TEST_F(DaemonTest, ShowsANameThatWasTakenBehindItsBackAsAProblem) {
  start();
  apply(kLab);
  kernel_.set_foreign("eg-app-web-0", {state::ForeignNetns::Kind::kMachine});
  const auto told = [](const Json& now) {
    return now["problems"].dump().find("eg-app-web-0 is the machine's own") != std::string::npos;
  };
  EXPECT_TRUE(told(status()));
  // What hung on it goes with the next pass; then nothing is left that could be done.
  EXPECT_TRUE(status_becomes(
      [&](const Json& now) { return now["drift"].empty() && now["problems"].size() == 1; }));
  const Json now = status();
  EXPECT_TRUE(told(now));
  EXPECT_EQ(now["inSync"], false);
  EXPECT_EQ(get("/v1/apps/web/0/context").status, 409) << "nobody is let into it";
  EXPECT_EQ(get("/v1/hosts/sql/context").status, 200) << "nor kept out of others";
  EXPECT_EQ(
      post("/v1/explain", R"({"site": "web", "url": "tcp://10.1.2.4:443", "verify": true})").status,
      409);
  EXPECT_EQ(post("/v1/apply", message(kLab)).status, 409);
  kernel_.remove_foreign("eg-app-web-0");
  EXPECT_TRUE(status_becomes([](const Json& later) { return later["inSync"] == true; }));
}

TEST_F(DaemonTest, RefusesALabThatExhaustsItsSubnet) {
  start();
  apply(kLab);
  const Reply reply = post("/v1/apply", message(testing_support::small_lab(12)));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("Insufficient address space remaining in VNet(s): "));
  EXPECT_EQ(Json::parse(get("/v1/leases").body)["leases"].size(), 1U);
}

TEST_F(DaemonTest, PlansWithoutChangingAnything) {
  start();
  const Json plan = Json::parse(post("/v1/plan", message(kLab)).body);
  EXPECT_GT(plan["resources"].size(), 3U);
  EXPECT_GT(plan["operations"].size(), 10U);
  EXPECT_EQ(kernel_.applied(), 0U);
  apply(kLab);
  const Json again = Json::parse(post("/v1/plan", message(kLab)).body);
  EXPECT_EQ(again["resources"], Json::array());
  EXPECT_EQ(again["operations"], Json::array());
}

TEST_F(DaemonTest, GoesOnAfterAPassThatRanOutOfMemory) {
  start();
  std::atomic<int> failures{3};
  kernel_.fail_matching([&](const state::Op&) -> bool {
    if (failures-- > 0) throw std::bad_alloc();
    return false;
  });
  const Json result = apply(kLab)["result"];
  EXPECT_EQ(result["failed"][0]["object"], "pass");
  EXPECT_THAT(result["failed"][0]["message"].get<std::string>(), HasSubstr("memory"));
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["inSync"] == true; }));
}

TEST_F(DaemonTest, ShowsDriftAtOnce) {
  start();
  apply(kLab);
  kernel_.state()["eg-vnet-spoke"]->routes.clear();
  const Json now = status();
  EXPECT_EQ(now["inSync"], false);
  EXPECT_THAT(now["drift"][0].get<std::string>(), HasSubstr("add route"));
}

TEST_F(DaemonTest, ReportsAFailedObjectAndRepairsItByItself) {
  start();
  kernel_.fail_apply(5);
  const Json result = apply(kLab)["result"];
  EXPECT_GE(result["failed"].size(), 1U);
  EXPECT_GE(result["drift"].size(), 1U);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["inSync"] == true; }));
}

TEST_F(DaemonTest, GivesARestartedAppNewInterfaces) {
  start();
  apply(kLab);
  const auto links = [this] {
    std::set<std::string> names;
    for (const auto& [name, link] : kernel_.state()["eg-app-web-0"]->links) names.insert(name);
    return names;
  };
  const auto before = links();
  EXPECT_EQ(last_line(post("/v1/sites/web/restart"))["result"]["drift"], Json::array());
  EXPECT_NE(links(), before);
  EXPECT_EQ(links().size(), before.size());
  EXPECT_EQ(post("/v1/sites/nobody/restart").status, 404);
}

TEST_F(DaemonTest, LeavesNothingBehindWhenTakenDown) {
  start();
  apply(kLab);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "egressd.db"));
  EXPECT_EQ(last_line(post("/v1/down"))["result"]["failed"], Json::array());
  EXPECT_TRUE(kernel_.state().empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "egressd.db"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "egressd.db-wal"));
  EXPECT_EQ(status()["lab"], nullptr);
  EXPECT_EQ(status()["inSync"], true);
  EXPECT_EQ(apply(kLab)["result"]["failed"], Json::array());
}

TEST_F(DaemonTest, SaysThatTheStoredLabCouldNotBeErasedAndTriesAgain) {
  start();
  apply(kLab);
  // Nobody unlinks a folder.
  const std::string in_the_way = folder_ / "egressd.db-shm";
  std::filesystem::remove(in_the_way);
  std::filesystem::create_directory(in_the_way);
  const Json failed = last_line(post("/v1/down"))["result"]["failed"];
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0]["object"], "erase the stored lab");
  EXPECT_THAT(failed[0]["message"].get<std::string>(), HasSubstr("egressd.db-shm"));
  EXPECT_THAT(status()["problems"].dump(), HasSubstr("egressd.db-shm"));
  EXPECT_EQ(status()["inSync"], false);
  std::filesystem::remove(in_the_way);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["inSync"] == true; }));
}

TEST_F(DaemonTest, AppliesALabAfterARemovalThatGotStuck) {
  start();
  apply(testing_support::small_lab(3));
  kernel_.fail_matching([](const state::Op& op) { return op.verb == state::Verb::kRemove; });
  EXPECT_NE(last_line(post("/v1/down"))["result"]["failed"], Json::array());
  EXPECT_EQ(status()["inSync"], false);
  kernel_.fail_matching(nullptr);
  EXPECT_EQ(apply(testing_support::small_lab(2))["result"]["failed"], Json::array());
  EXPECT_EQ(status()["apps"].size(), 2U);
  stop();
  start();
  EXPECT_EQ(status()["apps"].size(), 2U);
}

TEST_F(DaemonTest, AnswersOthersDuringAnOperationAndRefusesASecondOne) {
  start();
  slow_down();
  std::future<Reply> applying = begin_apply(kLab);
  EXPECT_EQ(get("/v1/version").status, 200);
  const Reply second = post("/v1/sites/web/restart");
  EXPECT_EQ(second.status, 409);
  const Json error = Json::parse(second.body)["error"];
  EXPECT_EQ(error["code"], "busy");
  EXPECT_THAT(error["message"].get<std::string>(),
              MatchesRegex("another operation is in progress: apply, [0-9]+ of [0-9]+ done, for "
                           "[0-9]+ s"));
  const Json during = status();
  EXPECT_EQ(during["inSync"], false);
  EXPECT_EQ(during["drift"], Json::array()) << "what is on its way is no drift";
  EXPECT_EQ(during["operation"]["name"], "apply");
  EXPECT_GT(during["operation"]["total"], 10);
  const Reply reply = applying.get();
  EXPECT_EQ(last_line(reply)["result"]["drift"], Json::array());
  EXPECT_THAT(reply.body, HasSubstr("\"progress\""));
}

TEST_F(DaemonTest, FinishesTheOperationInProgressBeforeItStops) {
  start();
  slow_down();
  std::future<Reply> applying = begin_apply(kLab);
  stop();
  EXPECT_EQ(last_line(applying.get())["result"]["drift"], Json::array());
  EXPECT_EQ(kernel_.state().count("eg-app-web-0"), 1U);
}

TEST_F(DaemonTest, ExplainsAndComparesWithPackets) {
  start();
  apply(kLab);
  const Json answer = Json::parse(
      post("/v1/explain", R"({"site":"web","url":"tcp://10.1.2.4:443","verify":true})").body);
  EXPECT_EQ(answer["verdict"], "Allow");
  // The probe of this test sees nothing arrive.
  EXPECT_EQ(answer["observed"]["agrees"], false);
  EXPECT_GE(answer["observed"]["differences"].size(), 1U);
  EXPECT_EQ(post("/v1/explain", R"({"site":"nobody","url":"tcp://10.1.2.4:443"})").status, 404);
  EXPECT_EQ(post("/v1/explain", R"({"site":"web","url":"ftp://10.1.2.4"})").status, 400);
}

TEST_F(DaemonTest, FindsNamesInAnyCaseAndAnswersAsTheyWereDeclared) {
  start();
  apply(kLab);
  const Json context = Json::parse(get("/v1/apps/WEB/0/context").body);
  EXPECT_EQ(context["netns"], "eg-app-web-0");
  EXPECT_EQ(context["environment"]["WEBSITE_SITE_NAME"], "web");
  const Json answer =
      Json::parse(post("/v1/explain", R"({"site":"Web","url":"tcp://10.1.2.4:443"})").body);
  EXPECT_EQ(answer["verdict"], "Allow");
  EXPECT_EQ(get("/v1/effective-routes?site=wEb").status, 200);
  EXPECT_EQ(post("/v1/sites/WEB/restart", "").status, 200);
}

TEST_F(DaemonTest, ListsRoutesInANetworkWhoseCapitalsSortItElsewhere) {
  std::string text = kLab;
  for (size_t at = 0; (at = text.find("spoke", at)) != std::string::npos;) text[at] = 'S';
  const std::string networks = "virtualNetworks:\n";
  text.insert(text.find(networks) + networks.size(),
              "  app: {addressPrefixes: [10.2.0.0/16], "
              "subnets: {x: {addressPrefix: 10.2.0.0/24}}}\n");
  start();
  apply(text);
  EXPECT_EQ(Json::parse(get("/v1/effective-routes?site=web").body)["subnet"], "Spoke/integration");
}

TEST_F(DaemonTest, TestsOnlyTheLabInForce) {
  start();
  EXPECT_EQ(post("/v1/test", message(kLab)).status, 409);
  apply(kLab);
  const std::string text = kLab + "expectations: [{from: web, to: tcp://sql:443, expect: allow}]\n";
  const Json results = Json::parse(post("/v1/test", message(text)).body)["results"];
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0]["ok"], false);  // the packet does not arrive in this kernel
  EXPECT_EQ(post("/v1/test", message(testing_support::small_lab(2))).status, 409);
}

TEST_F(DaemonTest, ListsRoutesRulesLeasesAndContext) {
  start();
  EXPECT_EQ(get("/v1/graph").status, 409);
  apply(kLab);
  EXPECT_GE(Json::parse(get("/v1/effective-routes?site=web").body)["routes"].size(), 2U);
  EXPECT_EQ(Json::parse(get("/v1/effective-rules?site=web").body)["rules"][0]["name"],
            "nsg/deny-sql");
  EXPECT_EQ(get("/v1/effective-routes?site=nobody").status, 404);
  EXPECT_EQ(Json::parse(get("/v1/leases?subnet=spoke/integration").body)["leases"].size(), 1U);
  EXPECT_EQ(Json::parse(get("/v1/leases?subnet=SPOKE/Integration").body)["leases"].size(), 1U);
  EXPECT_EQ(get("/v1/leases?subnet=spoke/none").status, 404);
  const Json context = Json::parse(get("/v1/apps/web/0/context").body);
  EXPECT_EQ(context["environment"]["WEBSITE_PRIVATE_IP"], "10.1.1.4");
  EXPECT_EQ(get("/v1/apps/web/7/context").status, 404);
  EXPECT_EQ(get("/v1/apps/web/x/context").status, 400);
  EXPECT_EQ(Json::parse(get("/v1/hosts/SQL/context").body)["netns"], "eg-host-sql");
  EXPECT_EQ(get("/v1/hosts/nobody/context").status, 404);
  EXPECT_GT(Json::parse(get("/v1/graph").body)["nodes"].size(), 4U);
}

TEST_F(DaemonTest, AnswersNetworkWatchersQuestions) {
  start();
  const std::string flow =
      "&direction=Outbound&protocol=TCP&remoteIPAddress=10.1.2.4&remotePort=443&localPort=50000";
  EXPECT_EQ(get("/v1/ip-flow-verify?site=web" + flow).status, 409);
  apply(std::string(kLab).replace(kLab.find("sites: {"), 8, "sites: {plain: {serverFarm: plan}, "));
  EXPECT_EQ(get("/v1/ip-flow-verify?site=web/0" + flow).body,
            R"({"access":"Allow","ruleName":"defaultSecurityRules/AllowVnetOutBound"})");
  EXPECT_EQ(get("/v1/next-hop?site=web&destinationIPAddress=10.1.2.4").body,
            R"({"nextHopType":"VnetLocal","nextHopIpAddress":null,"routeTableId":"System Route"})");
  EXPECT_EQ(get("/v1/ip-flow-verify?site=plain" + flow).status, 409);
  EXPECT_EQ(get("/v1/next-hop?site=web/1&destinationIPAddress=10.1.2.4").status, 404);
  EXPECT_EQ(get("/v1/next-hop?site=web").status, 400);
  EXPECT_EQ(get("/v1/ip-flow-verify?site=web").status, 400);
}

TEST_F(DaemonTest, ResolvesNamesAndComparesWithTheAppsResolver) {
  start();
  EXPECT_EQ(get("/v1/apps/web/0/resolve?name=sql").status, 409);
  apply(kLab);
  const Json answer = Json::parse(get("/v1/apps/WEB/0/resolve?name=SQL.").body);
  EXPECT_EQ(answer["name"], "sql");
  EXPECT_EQ(answer["addresses"], Json({"10.1.2.4"}));
  EXPECT_FALSE(answer.contains("observed"));
  const Json text = Json::parse(get("/v1/apps/web/0/resolve?name=sql&type=TXT").body);
  EXPECT_EQ(text["addresses"], Json::array());
  // The resolver of this test says nothing.
  const Json verified = Json::parse(get("/v1/apps/web/0/resolve?name=sql&verify=true").body);
  EXPECT_EQ(verified["observed"]["agrees"], false);
  EXPECT_EQ(get("/v1/apps/web/0/resolve?name=a..b").status, 400);
  EXPECT_EQ(get("/v1/apps/web/x/resolve?name=sql").status, 400);
  EXPECT_EQ(get("/v1/apps/nobody/0/resolve?name=sql").status, 404);
}

TEST_F(DaemonTest, ListsWhatAnAppNeeds) {
  start();
  EXPECT_EQ(get("/v1/dependencies?site=web").status, 409);
  apply(kLab);
  const Json needed = Json::parse(get("/v1/dependencies?site=web").body)["dependencies"];
  ASSERT_GE(needed.size(), 1U);
  EXPECT_EQ(needed[0]["url"], "tcp://crl3.digicert.com:80");
  EXPECT_TRUE(needed[0]["ok"].is_null());
  EXPECT_EQ(get("/v1/dependencies?site=nobody").status, 404);
  EXPECT_EQ(get("/v1/dependencies").status, 400);
}

TEST_F(DaemonTest, RefusesWhatItDoesNotKnow) {
  start();
  EXPECT_EQ(get("/v2/status").status, 404);
  EXPECT_EQ(post("/v1/status").status, 404);
  EXPECT_EQ(send(path(), {.method = "DELETE", .path = "/v1/status"}).status, 405);
  EXPECT_EQ(post("/v1/apply", "not json").status, 400);
  EXPECT_EQ(post("/v1/explain", "{}").status, 400);
}

}  // namespace
}  // namespace egress::daemon
