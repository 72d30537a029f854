// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/watch.hpp"

namespace egress::ctl {
namespace {

Json denied_flow() {
  return Json::parse(R"({"type": "flow", "at": "2024-05-01T14:02:11.381Z", "app": "web/0",
    "traffic": "application", "protocol": "tcp", "sourcePort": 40000, "destination": "10.1.2.4",
    "port": 1433, "verdict": "Deny",
    "decidedBy": {"stage": "networkSecurityGroup", "name": "nsg/deny-sql"},
    "path": "virtualNetwork", "source": "10.1.1.4", "sees": "time-out"})");
}

Json drop(const std::string& rule) {
  return Json::parse(R"({"type": "drop", "at": "2024-05-01T14:02:11.382Z", "app": "web/0",
    "instance": "plan/0", "rule": ")" +
                     rule + R"(", "direction": "Outbound",
    "where": "spoke/integration", "protocol": "tcp", "source": "10.1.1.4", "sourcePort": 1024,
    "destination": "10.1.2.4", "port": 1433})");
}

TEST(WatchText, SaysOfAFlowWhoDecidesAndAsWhomItIsSeen) {
  WatchText text({});
  EXPECT_EQ(text.line(denied_flow()),
            "14:02:11.381 web/0 tcp 10.1.2.4:1433 DENIED by nsg/deny-sql  virtualNetwork as "
            "10.1.1.4\n");
  Json direct = denied_flow();
  direct["verdict"] = "Allow";
  direct["decidedBy"] = {{"stage", "applicationRouting"}, {"name", ""}};
  direct["path"] = "direct";
  direct["source"] = nullptr;
  direct["protocol"] = "icmp";
  direct["port"] = nullptr;
  EXPECT_EQ(text.line(direct),
            "14:02:11.381 web/0 icmp 10.1.2.4 allowed by applicationRouting  direct\n");
}

TEST(WatchText, SaysOfADropOnlyWhatTheFlowsLineHasNotSaid) {
  WatchText text({});
  const std::string line =
      "14:02:11.382 web/0 tcp 10.1.1.4:1024 -> 10.1.2.4:1433 DROPPED by nsg/deny-sql of "
      "spoke/integration\n";
  EXPECT_EQ(text.line(drop("nsg/deny-sql")), line) << "of a flow that began before";
  text.line(denied_flow());
  EXPECT_EQ(text.line(drop("nsg/deny-sql")), "");
  EXPECT_NE(text.line(drop("other/deny-all")), "");
}

TEST(WatchText, NamesTheInstanceOfWhomNoAppIsKnown) {
  Json unknown = drop("nsg/deny-sql");
  unknown["app"] = nullptr;
  WatchText text({});
  EXPECT_THAT(text.line(unknown), testing::StartsWith("14:02:11.382 plan/0 tcp "));
  unknown["instance"] = nullptr;
  EXPECT_THAT(text.line(unknown), testing::StartsWith("14:02:11.382 somebody tcp "));
}

TEST(WatchText, ShowsPacketsWithWhatBecameOfThem) {
  WatchText text({});
  EXPECT_EQ(text.line(Json::parse(R"({"type": "packet", "at": "2024-05-01T14:02:11.381Z",
              "wire": "plan/0 spoke/integration", "direction": "out", "protocol": "tcp",
              "source": "10.1.1.4", "sourcePort": 1024, "destination": "10.1.2.4", "port": 443,
              "length": 60, "flags": "S", "sequence": 17, "fate": "lost"})")),
            "14:02:11.381 plan/0 spoke/integration out tcp 10.1.1.4:1024 -> 10.1.2.4:443 [S] seq "
            "17 length 60 lost\n");
}

TEST(WatchText, TellsWhatWasLost) {
  WatchText text({});
  EXPECT_EQ(text.line(Json::parse(R"({"type": "lost", "at": "2024-05-01T14:02:11.381Z",
              "where": "kernel", "count": 194})")),
            "14:02:11.381 194 records lost for want of room: kernel\n");
  EXPECT_EQ(text.line(Json::parse(R"({"type": "lost", "at": "2024-05-01T14:02:11.381Z",
              "where": "daemon", "count": null})")),
            "14:02:11.381 some records lost for want of room: daemon\n");
}

TEST(WatchText, LeavesTheTerminalAlone) {
  Json hostile = denied_flow();
  hostile["app"] = "web\x1b[2J/0";
  WatchText text({});
  EXPECT_THAT(text.line(hostile), testing::Not(testing::HasSubstr("\x1b")));
}

}  // namespace
}  // namespace egress::ctl
