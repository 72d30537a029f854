// SPDX-License-Identifier: MIT
#include "lab/impairment.hpp"

#include <gtest/gtest.h>

#include "lab/document.hpp"

namespace egress::lab {
namespace {

using std::chrono::microseconds;

TEST(Impairment, IsWrittenInTheLargestUnitThatItHoldsOneOf) {
  for (const auto& [text, value, written] : {std::tuple{"0s", 0, "0s"},
                                             {"300us", 300, "300us"},
                                             {"0.3ms", 300, "300us"},
                                             {"20ms", 20'000, "20ms"},
                                             {"0.02s", 20'000, "20ms"},
                                             {"1.5s", 1'500'000, "1.5s"},
                                             {"1500ms", 1'500'000, "1.5s"},
                                             {"1.000001s", 1'000'001, "1.000001s"},
                                             {"010.000s", 10'000'000, "10s"}}) {
    const auto read = parse_latency(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(*read, microseconds(value)) << text;
    EXPECT_EQ(text_of_latency(*read), written);
    EXPECT_EQ(parse_latency(written).value(), *read);
  }
}

TEST(Impairment, SharesReadBackAsTheSameNumbers) {
  for (uint64_t millionths = 0; millionths <= 1'000'000; millionths += 37) {
    const double share = static_cast<double>(millionths) / 1e6;
    EXPECT_EQ(parse_share(text_of_share(share)).value(), share) << text_of_share(share);
  }
  EXPECT_EQ(text_of_share(0.05), "5%");
  EXPECT_EQ(text_of_share(0.0005), "0.05%");
  EXPECT_EQ(text_of_share(1), "100%");
}

TEST(Impairment, RatesAreInUnitsOfAThousand) {
  for (const auto& [text, value] : {std::pair<const char*, uint64_t>{"8kbit", 8'000},
                                    {"512kbit", 512'000},
                                    {"100mbit", 100'000'000},
                                    {"1.5gbit", 1'500'000'000},
                                    {"8001bit", 8'001},
                                    {"100gbit", 100'000'000'000}}) {
    const auto read = parse_rate(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(*read, value);
    EXPECT_EQ(parse_rate(text_of_rate(value)).value(), value);
  }
  EXPECT_EQ(text_of_rate(8'001), "8.001kbit");
}

TEST(Impairment, ValuesWithoutAUnitOrOutsideTheirRangeAreRefused) {
  for (const char* text : {"", "s", "20", "20 ms", "-1ms", "1.ms", ".5s", "1.2345ms", "0.5us",
                           "1e3us", "10.000001s", "99999999999999999999s", "1m", "20MS"}) {
    EXPECT_FALSE(parse_latency(text).ok()) << text;
  }
  for (const char* text : {"", "%", "5", "0.05", "100.0001%", "0.00001%", "-1%", "5 %"}) {
    EXPECT_FALSE(parse_share(text).ok()) << text;
  }
  for (const char* text :
       {"", "8", "7999bit", "7.999kbit", "100.000000001gbit", "1mbps", "8Kbit", "1.0001kbit"}) {
    EXPECT_FALSE(parse_rate(text).ok()) << text;
  }
  EXPECT_EQ(parse_latency("20").error().message,
            "'20' is not a time from 0s to 10s, such as 20ms, 1.5s or 300us");
}

TEST(Impairment, OfNothingDoesNothing) {
  EXPECT_FALSE(Impairment{}.any());
  EXPECT_FALSE((Impairment{.seed = 9}).any());
  EXPECT_TRUE((Impairment{.latency = microseconds(1)}).any());
  EXPECT_TRUE((Impairment{.loss = 0.01}).any());
  EXPECT_TRUE((Impairment{.duplicate = 0.01}).any());
  EXPECT_TRUE((Impairment{.rate = kMinRate}).any());
}

TEST(Impairment, AloneReadsBackFromItsDocument) {
  const Impairment all{.latency = microseconds(20'000),
                       .jitter = microseconds(300),
                       .loss = 0.05,
                       .duplicate = 0.0005,
                       .reorder = 0.01,
                       .rate = 100'000'000,
                       .seed = 7};
  EXPECT_EQ(document_of(all).dump(),
            R"({"latency":"20ms","jitter":"300us","loss":"5%","duplicate":"0.05%",)"
            R"("reorder":"1%","rate":"100mbit","seed":7})");
  EXPECT_EQ(impairment_of(document_of(all)).value(), all);
  EXPECT_EQ(document_of(Impairment{}).dump(), "{}");
  EXPECT_EQ(impairment_of(Document::object()).value(), Impairment{});
}

TEST(Impairment, AloneIsRefusedWithThePropertyAtFault) {
  for (const auto& [json, message] :
       {std::pair{R"({"loss": 0.5})",
                  "loss: '0.5' is not a share from 0% to 100%, such as 5% or 0.05%, with four "
                  "decimals at most"},
        {R"({"jitter": "1ms"})", "jitter: jitter 1ms is more than the latency 0s"},
        {R"({"reorder": "1%"})",
         "reorder: a packet overtakes only those that wait: reorder needs latency"},
        {R"({"delay": "1ms"})",
         "delay: unknown key 'delay'; known keys: latency, jitter, loss, duplicate, reorder, rate, "
         "seed"},
        {R"({"seed": 2147483648})", "seed: a whole number is expected, not '2147483648'"},
        {R"([])", "a map is expected, not a list"}}) {
    const auto read = impairment_of(Document::parse(json));
    ASSERT_FALSE(read.ok()) << json;
    EXPECT_EQ(read.error().code, Errc::kInvalid);
    EXPECT_EQ(read.error().message, message);
  }
}

// As a program can make them, not a file.
TEST(Impairment, WhatNoTextSaysIsAProblem) {
  for (const auto& [impairment, property] :
       {std::pair{Impairment{.latency = microseconds(-1)}, "latency"},
        {Impairment{.latency = kMaxLatency + microseconds(1)}, "latency"},
        {Impairment{.loss = 1.1}, "loss"},
        {Impairment{.duplicate = -0.1}, "duplicate"},
        {Impairment{.rate = 7'999}, "rate"},
        {Impairment{.seed = kMaxSeed + 1}, "seed"}}) {
    const auto problem = problem_of(impairment);
    ASSERT_TRUE(problem) << property;
    EXPECT_EQ(problem->property, property);
  }
}

}  // namespace
}  // namespace egress::lab
