// SPDX-License-Identifier: MIT
#include "settings/wire_text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/values.hpp"

namespace egress::settings {
namespace {

using namespace testing_support;
using namespace std::chrono_literals;

const lab::Impairment kImpairment{.latency = 20ms,
                                  .jitter = 300us,
                                  .loss = 0.0005,
                                  .duplicate = 0.01,
                                  .reorder = 0.25,
                                  .rate = 1'500'000,
                                  .seed = 7};
const lab::Integration kIntegration{"plan", 3, {"spoke", "integration"}};
const policy::Packet kFlow{.protocol = kTcp,
                           .source = ip("10.1.1.4"),
                           .destination = ip("10.1.2.4"),
                           .source_port = 50000,
                           .destination_port = 1433};

std::vector<WireEnd> ends() {
  const WireEnd plain{
      .wire = wire_name(kIntegration), .link = "w-plan-3-0", .integration = kIntegration};
  WireEnd worker = plain;
  worker.in_worker = true;
  worker.impairment = kImpairment;
  WireEnd imposed = worker;
  imposed.imposed =
      policy::Imposed{.impairment = {.latency = 1s}, .held = true, .until_ms = 1'790'000'000'123};
  WireEnd held = worker;
  held.imposed = policy::Imposed{.held = true};
  return {plain, worker, imposed, held};
}

std::vector<WireReport> reports() {
  const OneWire quiet{.wire = "plan/0 spoke/integration"};
  const OneWire busy{.wire = "plan/1 spoke/integration",
                     .carrying = true,
                     .out = {1, 2, 3, 4, 5, 6, 7},
                     .in = {8, 9, 10, 11, 12, 13, 14},
                     .flows = {15, 16, 17, 18, 19, 20},
                     .impairment = kImpairment,
                     .held = true,
                     .until_ms = 1'790'000'000'123,
                     .disagreements = {{.flow = kFlow,
                                        .kernel_passed = true,
                                        .decided_by = {policy::Stage::kRoute, "\"none\""},
                                        .reason = "it does not",
                                        .at_ms = 5}}};
  return {{}, {.generation = 7, .problem = "no lab", .settled = true, .wires = {quiet, busy}}};
}

std::vector<WireRecord> records() {
  return {LostRecords{5}, PacketRecord{.at_ns = 1'790'000'000'000'000'123,
                                       .wire = "plan/1 spoke/integration",
                                       .out = true,
                                       .flow = kFlow,
                                       .length = 1500,
                                       .tcp_flags = 18,
                                       .sequence = 4'000'000'000,
                                       .fate = "passed"}};
}

template <typename T, typename Parse>
void expect_reads(const std::vector<T>& values, Parse parse) {
  for (const T& value : values) {
    const auto read = parse(to_text(value));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, value) << to_text(value);
  }
}

TEST(WireText, ReadsWhatItWrote) {
  expect_reads(ends(), parse_wire_end);
  expect_reads(reports(), parse_wire_report);
  expect_reads(records(), parse_wire_record);
  expect_reads<WireQuestion>({Report{}, Changing{}, Settled{}, Step{"plan/0 spoke/apps", 3}},
                             parse_wire_question);
  expect_reads<StepsTaken>({{}, {.out = 3, .in = 4}}, parse_steps_taken);
  expect_reads<RecordFilter>({{}, {{"a/0 v/s", "b/1 v/s"}}}, parse_record_filter);
  expect_reads<lab::Impairment>({{}, kImpairment}, parse_impairment);
}

TEST(WireText, TellsTheSetsOfAPlansInstancesApart) {
  lab::Integration next = kIntegration;
  next.incarnation = 2;
  EXPECT_EQ(wire_name(kIntegration), "plan/3 spoke/integration");
  EXPECT_EQ(wire_name(next), "plan/3.2 spoke/integration");
  const WireEnd end{.wire = wire_name(next), .link = "w-plan-3.2-0", .integration = next};
  EXPECT_EQ(parse_wire_end(to_text(end)).value().integration, next);
  const WireEnd first{.wire = "w", .link = "l", .integration = kIntegration};
  EXPECT_EQ(to_text(first).find("incarnation"), std::string::npos);
}

TEST(WireText, IsOneLine) {
  EXPECT_EQ(to_text(WireQuestion(Step{"plan/0 spoke/apps", 3})),
            R"({"question":"step","wire":"plan/0 spoke/apps","packets":3})");
  EXPECT_EQ(to_text(WireRecord(LostRecords{5})), R"({"lost":5})");
}

TEST(WireText, RefusesWhatItCannotBe) {
  for (const char* text : {"", "[]", "{}", "1", R"({"wire":1})", R"({"question":"other"})",
                           R"({"question":"step","wire":"w"})", R"({"latency":"20h"})",
                           R"({"loss":"200%"})", R"({"jitter":"20ms"})"}) {
    EXPECT_FALSE(parse_wire_end(text).ok()) << text;
    EXPECT_FALSE(parse_wire_question(text).ok()) << text;
    EXPECT_FALSE(parse_wire_report(text).ok()) << text;
    EXPECT_FALSE(parse_wire_record(text).ok()) << text;
  }
  for (const char* text : {"", "[]", "1", R"({"latency":"20h"})", R"({"loss":"200%"})",
                           R"({"latency":"1ms","jitter":"20ms"})"}) {
    EXPECT_FALSE(parse_impairment(text).ok()) << text;
  }
}

TEST(WireText, AnswersWhateverItIsGiven) {
  std::vector<std::string> texts;
  for (const WireEnd& end : ends()) texts.push_back(to_text(end));
  for (const WireRecord& record : records()) texts.push_back(to_text(record));
  std::mt19937 random(20260101);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = texts[random() % texts.size()];
    for (size_t flips = 1 + random() % 3; flips > 0; --flips) {
      text[random() % text.size()] = "0123456789{}[]\",:-e. \xff"[random() % 22];
    }
    read += parse_wire_end(text).ok() || parse_wire_record(text).ok() ? 1 : 0;
  }
  EXPECT_GT(read, 0) << "some only say something else";
  EXPECT_LT(read, 20'000);
}

}  // namespace
}  // namespace egress::settings
