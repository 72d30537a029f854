// SPDX-License-Identifier: MIT
// The lab's clock as the daemon keeps it.

#include <gmock/gmock.h>

#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using state::TrackedFlow;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// 2023-11-14T22:13:20Z
const std::chrono::system_clock::time_point kMachineTime{std::chrono::seconds(1'700'000'000)};

class ClockTest : public DaemonTest {
 protected:
  ClockTest() {
    clock_.now = [] { return kMachineTime; };
  }
  Reply advance(int64_t seconds) {
    return post(
        "/v1/clock",
        control::dump(control::to_json(control::AdvanceRequest{std::chrono::seconds(seconds)})));
  }
  Json clock() { return Json::parse(get("/v1/clock").body); }
  static TrackedFlow flow(uint16_t port, uint32_t timeout_seconds) {
    return {.protocol = 17, .source_port = port, .timeout_seconds = timeout_seconds};
  }
};

TEST_F(ClockTest, IsTheMachinesUntilItIsMovedOn) {
  start();
  const Json machine{{"now", "2023-11-14T22:13:20.000Z"}, {"offset", 0}};
  EXPECT_EQ(clock(), machine);
  EXPECT_EQ(status()["clock"], machine);
  apply(kLab);
  const Json moved = Json::parse(advance(4000).body);
  EXPECT_EQ(moved["now"], "2023-11-14T23:20:00.000Z");
  EXPECT_EQ(moved["failed"], Json::array());
  EXPECT_EQ(clock(), (Json{{"now", "2023-11-14T23:20:00.000Z"}, {"offset", 4000}}));
  EXPECT_EQ(status()["clock"], clock());
  EXPECT_EQ(status()["inSync"], true);
}

TEST_F(ClockTest, TellsTheTimesOfLeases) {
  start();
  apply(kLab);
  advance(4000);
  apply(testing_support::small_lab(2));
  const Json leases = Json::parse(get("/v1/leases").body)["leases"];
  ASSERT_EQ(leases.size(), 2U);
  EXPECT_EQ(leases[0]["since"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(leases[1]["since"], "2023-11-14T23:20:00.000Z");
}

TEST_F(ClockTest, AgesFlowsOfWhatTranslatesAndOfEachNetworkAndNoOthers) {
  start();
  apply(with_nat_gateway());
  for (const char* netns : {"eg-stamp", "eg-vnet-spoke", "eg-worker-plan-0"}) {
    kernel_.flow_table(netns).flows = {flow(1, 60), flow(2, 61)};
  }
  // Under another address than its own a gateway's flows would end for that.
  const auto by_gateway = [](uint16_t port, uint32_t timeout_seconds) {
    TrackedFlow translated = flow(port, timeout_seconds);
    translated.reply_destination = {0x143d0701};
    return translated;
  };
  kernel_.flow_table("eg-nat-nat").flows = {by_gateway(1, 60), by_gateway(2, 61)};
  EXPECT_EQ(Json::parse(advance(60).body)["endedFlows"], 3);
  EXPECT_THAT(kernel_.flow_table("eg-stamp").flows, ElementsAre(flow(2, 1)));
  EXPECT_THAT(kernel_.flow_table("eg-nat-nat").flows, ElementsAre(by_gateway(2, 1)));
  EXPECT_THAT(kernel_.flow_table("eg-vnet-spoke").flows, ElementsAre(flow(2, 1)));
  EXPECT_THAT(kernel_.flow_table("eg-worker-plan-0").flows, ElementsAre(flow(1, 60), flow(2, 61)));
}

TEST_F(ClockTest, SaysWhoseFlowsDidNotFollowAndAgesTheOthers) {
  start();
  apply(kLab);
  kernel_.flow_table("eg-stamp").fault = Error{.code = Errc::kKernel, .message = "no flows today"};
  kernel_.flow_table("eg-vnet-spoke").flows = {flow(1, 60)};
  const Json moved = Json::parse(advance(60).body);
  EXPECT_EQ(moved["offset"], 60);
  EXPECT_EQ(moved["failed"],
            Json::array({{{"object", "flows of eg-stamp"}, {"message", "no flows today"}}}));
  EXPECT_THAT(kernel_.flow_table("eg-vnet-spoke").flows, IsEmpty());
}

TEST_F(ClockTest, GoesOnWhereItWasAfterAStart) {
  start();
  apply(kLab);
  advance(60);
  stop();
  start();
  EXPECT_EQ(clock()["offset"], 60);
  EXPECT_EQ(last_line(post("/v1/down"))["result"]["failed"], Json::array());
  EXPECT_EQ(clock()["offset"], 0);
}

TEST_F(ClockTest, IsRefusedWhatItCannotDo) {
  start();
  EXPECT_EQ(advance(60).status, 409);
  apply(kLab);
  EXPECT_EQ(post("/v1/clock", "{}").status, 400);
  EXPECT_EQ(post("/v1/clock", R"({"advance": -1})").status, 400);
  EXPECT_EQ(advance(366 * 86400).status, 400);
  EXPECT_EQ(clock()["offset"], 0);
}

TEST_F(ClockTest, StandsStillDuringAnOperation) {
  start();
  apply(kLab);
  slow_down();
  auto scaling = begin_apply(testing_support::small_lab(3));
  const Reply refused = advance(60);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("another operation is in progress"));
  scaling.wait();
  EXPECT_EQ(clock()["offset"], 0);
}

}  // namespace
}  // namespace egress::daemon
