// SPDX-License-Identifier: MIT
#include "dns/cache.hpp"

#include <gtest/gtest.h>

#include "tests/unit/dns/messages.hpp"

namespace egress::dns {
namespace {

using namespace std::chrono_literals;
using namespace testing_support;
using policy::NameStatus;
using policy::RecordType;

const TimePoint kStart{};

Question question_of(const std::string& name) {
  return {name, RecordType::kA};
}
Reply reply_of(const std::string& name, std::vector<policy::Record> records,
               NameStatus status = NameStatus::kNoError) {
  return *parse_reply(reply(query(name), std::move(records), status));
}

TEST(Cache, GivesAnAnswerUntilItsFirstRecordEnds) {
  Cache cache;
  cache.keep(question_of("a.example"),
             reply_of("a.example", {a_record("a.example", "10.0.0.4", 20),
                                    a_record("a.example", "10.0.0.5", 10)}),
             30s, kStart);
  const auto hit = cache.find(question_of("a.example"), kStart + 9'999ms);
  ASSERT_TRUE(hit.has_value());
  EXPECT_EQ(hit->age, 9U);
  EXPECT_EQ(hit->reply.records.size(), 2U);
  EXPECT_FALSE(cache.find(question_of("a.example"), kStart + 10s).has_value());
  EXPECT_EQ(cache.size(), 0U);
}

TEST(Cache, KeepsNothingLongerThanItIsTold) {
  Cache cache;
  cache.keep(question_of("a.example"),
             reply_of("a.example", {a_record("a.example", "10.0.0.4", 3'600)}), 30s, kStart);
  EXPECT_TRUE(cache.find(question_of("a.example"), kStart + 29s).has_value());
  EXPECT_FALSE(cache.find(question_of("a.example"), kStart + 30s).has_value());
}

TEST(Cache, KeepsGoodAnswersWithRecordsAlone) {
  Cache cache;
  const std::vector<policy::Record> some = {a_record("a.example", "10.0.0.4")};
  cache.keep(question_of("a.example"), reply_of("a.example", {}), 30s, kStart);
  cache.keep(question_of("a.example"), reply_of("a.example", some, NameStatus::kNxDomain), 30s,
             kStart);
  cache.keep(question_of("a.example"), reply_of("a.example", some), 0s, kStart);
  cache.keep(question_of("a.example"),
             reply_of("a.example", {a_record("a.example", "10.0.0.4", 0)}), 30s, kStart);
  cache.keep(question_of("a.example"),
             reply_of("a.example", std::vector(300, a_record("a.example", "10.0.0.4"))), 30s,
             kStart);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(Cache, AnswersForNameAndType) {
  Cache cache;
  cache.keep(question_of("a.example"), reply_of("a.example", {a_record("a.example", "10.0.0.4")}),
             30s, kStart);
  EXPECT_FALSE(cache.find({"a.example", RecordType::kAaaa}, kStart).has_value());
  EXPECT_FALSE(cache.find(question_of("b.example"), kStart).has_value());
}

TEST(Cache, WhatWouldEndFirstMakesRoom) {
  Cache cache(2);
  for (const auto& [name, ttl] :
       {std::pair("a.example", 20U), {"b.example", 10U}, {"c.example", 15U}, {"c.example", 15U}}) {
    cache.keep(question_of(name), reply_of(name, {a_record(name, "10.0.0.4", ttl)}), 30s, kStart);
  }
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_FALSE(cache.find(question_of("b.example"), kStart).has_value());
}

}  // namespace
}  // namespace egress::dns
