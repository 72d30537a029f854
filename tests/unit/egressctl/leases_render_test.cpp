// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/render.hpp"
#include "tests/unit/egressctl/screens.hpp"

namespace egress::ctl {
namespace {

using ::testing::EndsWith;

TEST(RenderLeases, ShowsWhoHoldsWhatAndUntilWhen) {
  const Json leases = Json::parse(R"({"usable": 11, "leases": [
    {"subnet": "spoke/apps", "serverFarm": "plan", "instance": 0, "site": null,
     "address": "10.1.1.4", "state": "held", "since": "2024-05-01T09:00:00.000Z",
     "releaseAt": null},
    {"subnet": "spoke/apps", "serverFarm": "plan", "instance": 0, "site": "web",
     "address": "10.1.1.5", "state": "held", "since": "2024-05-01T09:00:00.000Z",
     "releaseAt": null},
    {"subnet": "spoke/apps", "serverFarm": "plan", "instance": 1, "site": null,
     "address": "10.1.1.6", "state": "releasing", "since": "2024-05-01T10:00:00.000Z",
     "releaseAt": "2024-05-01T22:00:00.000Z"}]})");
  EXPECT_EQ(render_leases(leases, kPipe),
            "Address   Holder      State      Since                     Release at\n"
            "--------  ----------  ---------  ------------------------  ------------------------\n"
            "10.1.1.4  plan/0      held       2024-05-01T09:00:00.000Z  -\n"
            "10.1.1.5  plan/0 web  held       2024-05-01T09:00:00.000Z  -\n"
            "10.1.1.6  plan/1      releasing  2024-05-01T10:00:00.000Z  2024-05-01T22:00:00.000Z\n"
            "\n11 usable, 2 held, 1 waiting for release\n");
}

TEST(RenderLeases, LeavesOutWhatAnOlderDaemonDoesNotTell) {
  EXPECT_THAT(render_leases(Json::parse(R"({"leases": []})"), kPipe),
              EndsWith("\n0 held, 0 waiting for release\n"));
}

}  // namespace
}  // namespace egress::ctl
