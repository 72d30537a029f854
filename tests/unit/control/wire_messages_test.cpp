// SPDX-License-Identifier: MIT
// Messages about wires and watching.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/messages.hpp"

namespace egress::control {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST(ImposeMessage, ReturnsAsItWasSent) {
  const ImposeRequest sent{.impairment = lab::Impairment{.latency = milliseconds(20),
                                                         .jitter = milliseconds(5),
                                                         .loss = 0.05,
                                                         .reorder = 0.01,
                                                         .rate = 20'000'000,
                                                         .seed = 7},
                           .held = true,
                           .duration = std::chrono::minutes(5)};
  const auto parsed = parse_impose_request(dump(to_json(sent)));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->impairment, sent.impairment);
  EXPECT_EQ(parsed->held, sent.held);
  EXPECT_EQ(parsed->duration, sent.duration);
}

TEST(ImposeMessage, TakesBackWhatWasImposedWhereItAsksForNothing) {
  for (const char* body : {"{}", R"({"impairment": null, "held": false})"}) {
    const auto parsed = parse_impose_request(body);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(parsed->clears());
    EXPECT_FALSE(parsed->duration);
  }
}

TEST(ImposeMessage, EndsAHoldByItself) {
  EXPECT_EQ(parse_impose_request(R"({"held": true})")->duration, kHoldUnlessTold);
}

TEST(ImposeMessage, IsRefusedWithWhatIsWrong) {
  const auto message = [](const char* body) {
    const auto parsed = parse_impose_request(body);
    EXPECT_FALSE(parsed.ok()) << body;
    return parsed.ok() ? std::string() : parsed.error().message;
  };
  EXPECT_THAT(message("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(message(R"({"impairment": 7})"), HasSubstr("impairment"));
  EXPECT_THAT(message(R"({"impairment": {"loss": "200%"}})"), HasSubstr("loss"));
  EXPECT_THAT(message(R"({"impairment": {"lag": "20ms"}})"), HasSubstr("lag"));
  EXPECT_THAT(message(R"({"impairment": {"jitter": "20ms"}})"), HasSubstr("more than the latency"));
  EXPECT_THAT(message(R"({"held": 1})"), HasSubstr("\"held\""));
  EXPECT_THAT(message(R"({"seconds": -1})"), HasSubstr("\"seconds\""));
}

TEST(StepMessage, AsksForOnePacketOrMore) {
  EXPECT_EQ(parse_step_request("{}")->packets, 1);
  EXPECT_EQ(parse_step_request(dump(to_json(StepRequest{12})))->packets, 12);
  EXPECT_FALSE(parse_step_request(R"({"packets": 0})").ok());
  EXPECT_FALSE(parse_step_request(R"({"packets": 4097})").ok());
}

TEST(WatchMessage, ReturnsAsItWasSent) {
  const std::vector<WatchRequest> all{{},
                                      {.site = "web"},
                                      {.site = "web", .instance = 0, .packets = true},
                                      {.site = "web", .instance = 2, .denied = true}};
  for (const WatchRequest& sent : all) {
    const auto parsed = parse_watch_request(to_parameters(sent));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->site, sent.site);
    EXPECT_EQ(parsed->instance, sent.instance);
    EXPECT_EQ(parsed->packets, sent.packets);
    EXPECT_EQ(parsed->denied, sent.denied);
  }
  EXPECT_FALSE(parse_watch_request({{"packets", "yes"}}).ok());
  EXPECT_FALSE(parse_watch_request({{"site", "web/x"}}).ok());
}

TEST(WatchedPacket, HasTheFlagsAsTcpdumpWritesThem) {
  const auto flags = [](uint8_t bits) {
    return watched_json({.flow = {.protocol = 6}, .tcp_flags = bits})["flags"].get<std::string>();
  };
  EXPECT_EQ(flags(0x02), "S");
  EXPECT_EQ(flags(0x12), "S.");
  EXPECT_EQ(flags(0x18), "P.");
  EXPECT_EQ(flags(0x11), "F.");
  EXPECT_EQ(flags(0x04), "R");
}

TEST(WatchedPacket, HasNoPortsWhereItsProtocolHasNone) {
  const Json icmp = watched_json(settings::PacketRecord{.flow = {.protocol = 1}});
  EXPECT_EQ(icmp["protocol"], "icmp");
  EXPECT_TRUE(icmp["port"].is_null() && icmp["sourcePort"].is_null() && icmp["flags"].is_null());
}

}  // namespace
}  // namespace egress::control
