// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/render.hpp"

namespace egress::ctl {
namespace {

using ::testing::HasSubstr;

Json wire() {
  return Json::parse(R"({"wire": "plan/0 spoke/integration", "carrying": true,
    "out": {"packets": 1204, "denied": 0, "lost": 60, "overflow": 0, "unsent": 0},
    "in": {"packets": 1180, "denied": 0, "lost": 0, "overflow": 0, "unsent": 0},
    "flows": {"asked": 31, "agreed": 31, "passed": 0, "dropped": 0},
    "impairment": {"latency": "20ms", "loss": "5%", "seed": 7}, "held": false,
    "until": "2024-05-01T14:05:00.000Z", "disagreements": []})");
}

TEST(RenderWires, ShowsWhatIsCarriedWhatIsNotAndWhy) {
  EXPECT_EQ(render_wires({{"wires", {wire()}}}, {}),
            "Wire                      State     Packets out      Packets in  Flows          "
            "Impairment\n"
            "------------------------  --------  ---------------  ----------  -------------  "
            "-----------------------------------\n"
            "plan/0 spoke/integration  carrying  1,204 (60 lost)  1,180       31, 31 agreed  "
            "loss 5% latency 20ms until 14:05:00\n");
}

TEST(RenderWires, SaysWhereEvaluatorAndKernelDisagree) {
  Json other = wire();
  other["flows"]["passed"] = 2;
  other["flows"]["dropped"] = 1;
  EXPECT_THAT(render_wires({{"wires", {other}}}, {}), HasSubstr("31 agreed, 3 disagree"));
}

TEST(RenderWires, SaysThatThereAreNone) {
  EXPECT_THAT(render_wires(Json::parse(R"({"wires": []})"), {}), HasSubstr("interface: tun"));
}

TEST(ImpairmentText, NamesWhatIsHeldAndNothingOfAWireThatCarriesPacketsAsTheyCome) {
  Json held = wire();
  held["held"] = true;
  held["impairment"] = nullptr;
  held["until"] = nullptr;
  EXPECT_EQ(impairment_text(held), "held");
  held["held"] = false;
  EXPECT_EQ(impairment_text(held), "");
}

TEST(RenderStatus, ShowsWiresWhereThereAreSome) {
  EXPECT_THAT(render_status({{"wires", {wire()}}}, {}), HasSubstr("plan/0 spoke/integration"));
  EXPECT_THAT(render_status({{"wires", Json::array()}}, {}), Not(HasSubstr("wires")));
}

}  // namespace
}  // namespace egress::ctl
