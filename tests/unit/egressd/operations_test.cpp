// SPDX-License-Identifier: MIT
// Operations on the lab in force, its export, and what plans say of what is refused.

#include <gmock/gmock.h>

#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;

class OperationsTest : public DaemonTest {
 protected:
  void start_with_lab(const std::string& text = kLab) {
    start();
    EXPECT_EQ(apply(text)["result"]["failed"], Json::array());
  }
  Reply operate(const lifecycle::Operation& operation) {
    return post("/v1/operations",
                control::dump(control::to_json(control::OperationRequest{operation})));
  }
  // The result of one that is not refused.
  Json done(const lifecycle::Operation& operation) {
    const Reply reply = operate(operation);
    EXPECT_EQ(reply.status, 200) << reply.body;
    const Json result = last_line(reply)["result"];
    EXPECT_EQ(result["failed"], Json::array());
    EXPECT_EQ(result["drift"], Json::array());
    return result;
  }
  Json refused(const lifecycle::Operation& operation, unsigned status) {
    const Reply reply = operate(operation);
    EXPECT_EQ(reply.status, status) << reply.body;
    return Json::parse(reply.body)["error"];
  }
  Json links() { return status()["serviceAssociationLinks"]; }
  Json exported() { return Json::parse(get("/v1/lab").body); }

  const lab::SubnetRef subnet_{"spoke", "integration"};
  const lifecycle::Operation delete_subnet_ = lifecycle::Delete{"subnet", "spoke/integration"};
};

TEST_F(OperationsTest, EndWithWhatTheyDidToTheLab) {
  start_with_lab();
  const Json scaled = done(lifecycle::Scale{.server_farm = "plan", .capacity = 2});
  EXPECT_EQ(scaled["labChanged"], true);
  EXPECT_EQ(scaled["effects"]["scalings"][0]["to"]["capacity"], 2);
  EXPECT_GT(scaled["changed"], 0);
  EXPECT_EQ(kernel_.state().count("eg-app-web-1"), 1U);
  EXPECT_EQ(status()["version"], 2);

  const Json again = done(lifecycle::Scale{.server_farm = "plan", .capacity = 2});
  EXPECT_EQ(again["labChanged"], false);
  EXPECT_EQ(again["changed"], 0);
  EXPECT_EQ(status()["version"], 2);

  const Json setting = done(lifecycle::Set{"sites.web.appSettings.GREETING", "hello"});
  EXPECT_EQ(setting["labChanged"], true) << "though the kernel has nothing of it";
  const Json environment = Json::parse(get("/v1/apps/web/0/context").body)["environment"];
  EXPECT_EQ(environment["GREETING"], "hello");
}

TEST_F(OperationsTest, OutliveTheDaemon) {
  start_with_lab();
  done(lifecycle::Scale{.server_farm = "plan", .capacity = 2});
  done(lifecycle::Delete{"site", "web"});
  const Json before = exported();
  stop();
  start();
  EXPECT_EQ(exported(), before);
  EXPECT_EQ(links()[0]["orphaned"], true);
  EXPECT_EQ(kernel_.state().count("eg-app-web-0"), 0U);
}

TEST_F(OperationsTest, AreRefusedInAzuresWordsAndChangeNothing) {
  start_with_lab();
  const Json before = exported();
  const size_t applied = kernel_.applied();
  const Json in_use = refused(delete_subnet_, 409);
  EXPECT_EQ(in_use["code"], "InUseSubnetCannotBeDeleted");
  EXPECT_THAT(in_use["message"], HasSubstr("/serviceAssociationLinks/AppServiceLink"));
  EXPECT_EQ(in_use["findings"][0]["path"], "virtualNetworks.spoke.subnets.integration");
  EXPECT_THAT(in_use["findings"][0]["hint"], HasSubstr("disconnect web first"));
  EXPECT_EQ(refused(lifecycle::Scale{.server_farm = "plan", .capacity = 0}, 400)["code"],
            "capacity");
  EXPECT_EQ(refused(lifecycle::Disconnect{"nobody"}, 404)["code"], "not-found");
  EXPECT_EQ(post("/v1/operations", R"({"operation": "explode"})").status, 400);
  EXPECT_EQ(kernel_.applied(), applied);
  EXPECT_EQ(exported(), before);
}

TEST_F(OperationsTest, NeedALab) {
  start();
  EXPECT_EQ(refused(delete_subnet_, 409)["code"], "conflict");
  EXPECT_EQ(get("/v1/lab").status, 409);
}

TEST_F(OperationsTest, AreDoneOneAtATime) {
  start();
  slow_down();
  std::future<Reply> applying = begin_apply(kLab);
  EXPECT_EQ(refused(delete_subnet_, 409)["code"], "busy");
  EXPECT_EQ(last_line(applying.get())["result"]["drift"], Json::array());
}

TEST_F(OperationsTest, RestartASiteThatIsConnectedOrDisconnected) {
  start_with_lab();
  const auto vnet_link = [this] {
    std::string found;
    for (const auto& [name, link] : kernel_.state()["eg-app-web-0"]->links) {
      if (name.starts_with("vnet0")) found = name;
    }
    return found;
  };
  const std::string before = vnet_link();
  EXPECT_NE(before, "");
  EXPECT_EQ(done(lifecycle::Disconnect{"web"})["effects"]["restarts"], Json({"web"}));
  EXPECT_EQ(vnet_link(), "");
  EXPECT_EQ(status()["apps"][0]["integrated"], false);
  EXPECT_EQ(links(), Json::array());
  done(lifecycle::Connect{"web", subnet_});
  EXPECT_NE(vnet_link(), "");
  EXPECT_NE(vnet_link(), before);
}

TEST_F(OperationsTest, LeaveALinkThatStatusShowsUntilItIsPurged) {
  start_with_lab();
  EXPECT_EQ(links()[0]["orphaned"], false);
  const Json deleted = done(lifecycle::Delete{"site", "web"});
  EXPECT_EQ(deleted["effects"]["leftBehind"][0]["subnet"], "spoke/integration");
  ASSERT_EQ(links().size(), 1U);
  EXPECT_EQ(links()[0]["subnet"], "spoke/integration");
  EXPECT_EQ(links()[0]["orphaned"], true);
  EXPECT_EQ(refused(delete_subnet_, 409)["code"], "InUseSubnetCannotBeDeleted");

  const Json purged = done(lifecycle::Purge{subnet_});
  EXPECT_EQ(purged["notes"], Json({"Purged unused virtual network integration."}));
  EXPECT_EQ(purged["effects"]["takenAway"].size(), 1U);
  EXPECT_EQ(links(), Json::array());
  EXPECT_EQ(done(delete_subnet_)["labChanged"], true);
}

TEST_F(OperationsTest, GiveALabThatAppliesToItself) {
  start_with_lab();
  EXPECT_EQ(exported()["text"], kLab);
  EXPECT_EQ(exported()["file"], "lab.yaml");
  EXPECT_EQ(exported()["version"], 1);
  done(lifecycle::Scale{.server_farm = "plan", .capacity = 3});
  const std::string lab = control::dump(exported());
  const Json plan = Json::parse(post("/v1/plan", lab).body);
  EXPECT_EQ(plan["resources"], Json::array());
  EXPECT_EQ(plan["operations"], Json::array());
  EXPECT_EQ(plan["undoes"], Json::array());
  const Json applied = last_line(post("/v1/apply", lab))["result"];
  EXPECT_EQ(applied["changed"], 0);
  EXPECT_EQ(applied["labChanged"], false);
}

TEST_F(OperationsTest, AreToldByAPlanThatTakesThemBack) {
  start_with_lab();
  done(lifecycle::Scale{.server_farm = "plan", .capacity = 3});
  const Json undone = Json::parse(post("/v1/plan", message(kLab)).body)["undoes"];
  ASSERT_EQ(undone.size(), 1U);
  EXPECT_EQ(undone[0]["operation"], "scale plan --capacity 3");
  EXPECT_EQ(undone[0]["properties"][0]["before"], 3);
  EXPECT_EQ(undone[0]["properties"][0]["after"], 1);
  apply(kLab);
  EXPECT_EQ(Json::parse(post("/v1/plan", message(kLab)).body)["undoes"], Json::array());
}

TEST_F(OperationsTest, HavePlansSayWhatIsRefused) {
  start_with_lab();
  std::string resized = kLab;
  resized.replace(resized.find("10.1.1.0/28"), 11, "10.1.1.0/27");
  const Reply reply = post("/v1/plan", message(resized));
  EXPECT_EQ(reply.status, 200) << reply.body;
  const Json plan = Json::parse(reply.body);
  EXPECT_EQ(plan["refusals"][0]["code"], "InUsePrefixCannotBeDeleted");
  EXPECT_EQ(plan["resources"].size(), 1U);
  EXPECT_EQ(plan["operations"], Json::array());
  EXPECT_EQ(plan["findings"], Json::array());
  const Reply applied = post("/v1/apply", message(resized));
  EXPECT_EQ(applied.status, 409);
  EXPECT_EQ(Json::parse(applied.body)["error"]["code"], "InUsePrefixCannotBeDeleted");
}

}  // namespace
}  // namespace egress::daemon
