// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/json.hpp"
#include "tests/support/values.hpp"

namespace egress::control {
namespace {

using namespace testing_support;

const lab::SubnetRef kSubnet{"spoke", "apps"};
const ipam::TimePoint kNoon{std::chrono::milliseconds(1700000000250)};

lifecycle::Effects effects() {
  return {.restarts = {"web"},
          .scalings = {{"plan", 2, 3, "P1v3", "P2v3"}},
          .left_behind = {{kSubnet, "plan", "old"}},
          .taken_away = {{kSubnet, "plan", "web"}}};
}

TEST(PlanJson, OfNothingHasEveryKey) {
  EXPECT_EQ(dump(to_json(Plan{})),
            R"({"resources":[],"refusals":[],"effects":{"restarts":[],"scalings":[],)"
            R"("leftBehind":[],"takenAway":[],"addresses":{"taken":[],"released":[]}},)"
            R"("undoes":[],"operations":[],"findings":[],"warnings":[]})");
}

TEST(PlanJson, TellsPropertiesAsValues) {
  const Plan plan{.resources = {{"change",
                                 "subnet",
                                 "spoke/apps",
                                 {{"delegations", {}, R"(["Microsoft.Web/serverFarms"])"},
                                  {"natGateway", R"("nat")", {}}}},
                                {"add", "site", "web", {}}}};
  EXPECT_EQ(dump(to_json(plan)["resources"]),
            R"([{"verb":"change","kind":"subnet","name":"spoke/apps","properties":[)"
            R"({"name":"delegations","before":null,"after":["Microsoft.Web/serverFarms"]},)"
            R"({"name":"natGateway","before":"nat","after":null}]},)"
            R"({"verb":"add","kind":"site","name":"web","properties":[]}])");
}

TEST(PlanJson, TellsRefusalsInAzuresWords) {
  const Plan plan{.refusals = {{.code = "Conflict",
                                .message = "It is in use.",
                                .path = "serverFarms.plan",
                                .hint = "disconnect first"}}};
  EXPECT_EQ(dump(to_json(plan)["refusals"]),
            R"([{"code":"Conflict","message":"It is in use.","path":"serverFarms.plan",)"
            R"("hint":"disconnect first"}])");
}

TEST(PlanJson, TellsAddressesByTheirHolders) {
  const ipam::Lease instance{.holder = {"plan", 1, kSubnet}, .address = ip("10.1.1.5")};
  ipam::Lease container{.holder = {"plan", 0, kSubnet, 0, "web"}, .address = ip("10.1.1.6")};
  container.state = ipam::LeaseState::kReleasing;
  container.release_at = kNoon;
  const Plan plan{.addresses = {.taken = {instance}, .released = {instance, container}}};
  EXPECT_EQ(
      dump(to_json(plan)["effects"]["addresses"]),
      R"({"taken":[{"subnet":"spoke/apps","address":"10.1.1.5","holder":"plan/1"}],)"
      R"("released":[{"subnet":"spoke/apps","address":"10.1.1.5","holder":"plan/1","at":null},)"
      R"({"subnet":"spoke/apps","address":"10.1.1.6","holder":"plan/0 web",)"
      R"("at":"2023-11-14T22:13:20.250Z"}]})");
}

TEST(PlanJson, TellsWhichOperationsItTakesBack) {
  const Plan plan{.undoes = {{.operation = "scale plan --capacity 3",
                              .at = kNoon,
                              .changes = {{"serverFarms.plan.capacity", "3", "2"}}}}};
  EXPECT_EQ(dump(to_json(plan)["undoes"]),
            R"([{"operation":"scale plan --capacity 3","at":"2023-11-14T22:13:20.250Z",)"
            R"("properties":[{"name":"serverFarms.plan.capacity","before":3,"after":2}]}])");
}

TEST(ResultJson, TellsWhatAnOperationDoesBesideItself) {
  const PassResult result{.lab_changed = true, .effects = effects(), .notes = {"a note"}};
  const Json json = to_json(result)["result"];
  EXPECT_EQ(json["labChanged"], true);
  EXPECT_EQ(dump(json["notes"]), R"(["a note"])");
  EXPECT_EQ(dump(json["effects"]),
            R"({"restarts":["web"],"scalings":[{"serverFarm":"plan",)"
            R"("from":{"sku":"P1v3","capacity":2},"to":{"sku":"P2v3","capacity":3}}],)"
            R"("leftBehind":[{"subnet":"spoke/apps","serverFarm":"plan","site":"old"}],)"
            R"("takenAway":[{"subnet":"spoke/apps","serverFarm":"plan","site":"web"}]})");
}

TEST(ExportJson, IsALabAsItTravelsWithItsVersion) {
  EXPECT_EQ(dump(to_json(LabExport{{"lab.yaml", "sites: {}\n", {{"tags.json", "{}"}}}, 7})),
            R"({"file":"lab.yaml","text":"sites: {}\n","files":{"tags.json":"{}"},"version":7})");
}

TEST(StatusJson, TellsLinksInAzuresWords) {
  const inspect::StatusReport report{
      .links = {{kSubnet, "plan", "/subscriptions/default/plan", {}, {"web"}}}};
  EXPECT_EQ(dump(to_json(report)["serviceAssociationLinks"]),
            R"([{"subnet":"spoke/apps","name":"AppServiceLink",)"
            R"("linkedResourceType":"Microsoft.Web/serverfarms",)"
            R"("link":"/subscriptions/default/plan","allowDelete":false,"orphaned":true,)"
            R"("serverFarm":"plan","sites":[],"deletedSites":["web"]}])");
}

}  // namespace
}  // namespace egress::control
