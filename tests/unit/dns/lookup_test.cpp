// SPDX-License-Identifier: MIT
#include "dns/lookup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dns/messages.hpp"

namespace egress::dns {
namespace {

using namespace std::chrono_literals;
using namespace testing_support;
using policy::NameStatus;
using policy::RecordType;
using ::testing::IsEmpty;

const Question kQuestion{"a.example", RecordType::kA};

LookupPlan plan_of(size_t servers, int attempts = 2) {
  LookupPlan plan{.attempts = attempts};
  for (size_t index = 0; index < servers; ++index) {
    plan.servers.push_back({static_cast<uint32_t>(0x0a000001 + index)});
  }
  return plan;
}

// A lookup, and its servers as a script.
class Script {
 public:
  explicit Script(const LookupPlan& plan, Question asked = kQuestion)
      : lookup(
            plan, std::move(asked), [this] { return next_id_++; }, now) {
    collect();
  }

  void collect() {
    for (Lookup::Send& send : lookup.take_sends()) sent.push_back(std::move(send));
  }
  // The last that was sent to it.
  const Lookup::Send& to(size_t server) const {
    const auto found = std::find_if(sent.rbegin(), sent.rend(),
                                    [&](const auto& send) { return send.server == server; });
    EXPECT_NE(found, sent.rend());
    return *found;
  }
  void says(size_t server, const Message& message) {
    lookup.on_reply(server, message, now);
    collect();
  }
  void answers(size_t server, const char* address) {
    says(server, reply(to(server).bytes, {a_record("a.example", address)}));
  }
  void fails(size_t server, NameStatus status = NameStatus::kServfail) {
    says(server, reply(to(server).bytes, {}, status));
  }
  void wait(std::chrono::milliseconds time) {
    now += time;
    lookup.on_time(now);
    collect();
  }
  std::string answer() const {
    if (!lookup.done()) return "waits";
    if (!lookup.reply()) return "failed";
    if (lookup.reply()->records.empty()) return "rcode " + std::to_string(lookup.reply()->rcode);
    return std::get<Ipv4Address>(lookup.reply()->records.front().data).to_string();
  }

 private:
  uint16_t next_id_ = 100;

 public:
  TimePoint now{};
  Lookup lookup;
  std::vector<Lookup::Send> sent{};
};

TEST(Lookup, AsksAllServersAtOnceAndTheFirstCountsAtOnce) {
  Script script(plan_of(3));
  EXPECT_EQ(script.sent.size(), 3U);
  EXPECT_EQ(parsed(script.to(2).bytes).question, kQuestion);
  script.answers(0, "10.0.0.4");
  EXPECT_EQ(script.answer(), "10.0.0.4");
  EXPECT_FALSE(script.lookup.deadline().has_value());
}

TEST(Lookup, ALaterServerCountsWhenThoseBeforeItAreSilent) {
  Script script(plan_of(3));
  script.answers(2, "10.0.0.6");
  script.answers(1, "10.0.0.5");
  EXPECT_EQ(script.answer(), "waits");
  EXPECT_EQ(script.lookup.deadline(), script.now + 1s);
  script.wait(999ms);
  EXPECT_EQ(script.answer(), "waits");
  script.wait(1ms);
  EXPECT_EQ(script.answer(), "10.0.0.5");
}

TEST(Lookup, ACertainFailureEndsTheWaitForThatServer) {
  for (const NameStatus status : {NameStatus::kServfail, NameStatus::kRefused}) {
    Script script(plan_of(2));
    script.answers(1, "10.0.0.5");
    script.fails(0, status);
    EXPECT_EQ(script.answer(), "10.0.0.5");
  }
  Script unreachable(plan_of(2));
  unreachable.lookup.on_unreachable(0);
  unreachable.answers(1, "10.0.0.5");
  EXPECT_EQ(unreachable.answer(), "10.0.0.5");
}

TEST(Lookup, ThatANameDoesNotExistIsAnAnswer) {
  Script script(plan_of(2));
  script.answers(1, "10.0.0.5");
  script.fails(0, NameStatus::kNxDomain);
  EXPECT_EQ(script.answer(), "rcode 3");
}

TEST(Lookup, WithoutAServerLeftItEnds) {
  Script script(plan_of(2));
  script.fails(0);
  EXPECT_EQ(script.answer(), "waits");
  script.lookup.on_unreachable(1);
  EXPECT_EQ(script.answer(), "failed");
  EXPECT_EQ(Script(plan_of(0)).answer(), "failed");
  EXPECT_EQ(Script(plan_of(1), {"a..example", RecordType::kA}).answer(), "failed");
}

TEST(Lookup, EachAttemptAsksAllAgainAndTheLastOneEndsIt) {
  Script script(plan_of(2, 3));
  script.fails(0);
  script.wait(1s);
  EXPECT_EQ(script.sent.size(), 4U);
  script.wait(1s);
  EXPECT_EQ(script.sent.size(), 6U);
  EXPECT_EQ(script.answer(), "waits");
  script.wait(1s);
  EXPECT_EQ(script.answer(), "failed");
  EXPECT_EQ(script.sent.size(), 6U);
}

TEST(Lookup, AnAnswerToAnEarlierAttemptCounts) {
  Script script(plan_of(1));
  const Message first = script.to(0).bytes;
  script.wait(1s);
  ASSERT_NE(script.to(0).bytes, first);
  script.says(0, reply(first, {a_record("a.example", "10.0.0.4")}));
  EXPECT_EQ(script.answer(), "10.0.0.4");
}

TEST(Lookup, GraceEndsTheWaitForEarlierServersSooner) {
  LookupPlan plan = plan_of(2);
  plan.grace = 100ms;
  Script script(plan);
  script.wait(50ms);
  script.answers(1, "10.0.0.5");
  EXPECT_EQ(script.lookup.deadline(), script.now + 100ms);
  script.wait(100ms);
  EXPECT_EQ(script.answer(), "10.0.0.5");
}

TEST(Lookup, OnlyAReplyToWhatWasAskedCounts) {
  Script script(plan_of(2));
  const std::vector<policy::Record> forged = {a_record("a.example", "10.6.6.6")};
  const Message asked = script.to(0).bytes;
  Message other_id = reply(asked, forged);
  other_id.at(1) ^= 1;
  script.says(0, other_id);
  Message other_case = reply(asked, forged);
  other_case.at(13) = 'A';
  script.says(0, other_case);
  Message other_type = reply(make_query(100, {"a.example", RecordType::kAaaa}, true), {});
  script.says(0, other_type);
  script.says(1, reply(asked, forged));  // asked of another server
  script.says(0, asked);
  script.says(0, {});
  EXPECT_EQ(script.answer(), "waits");
  script.answers(0, "10.0.0.4");
  EXPECT_EQ(script.answer(), "10.0.0.4");
}

TEST(Lookup, WhatWasTruncatedIsAskedForByTcp) {
  Script script(plan_of(2));
  Message cut = reply(script.to(0).bytes, {});
  cut.at(2) |= 0x02;
  script.says(0, cut);
  ASSERT_TRUE(script.to(0).tcp);
  EXPECT_EQ(script.answer(), "waits");
  script.says(0, cut);  // once more: it has been answered
  EXPECT_EQ(script.sent.size(), 3U);
  script.answers(0, "10.0.0.4");
  EXPECT_EQ(script.answer(), "10.0.0.4");
}

TEST(Lookup, AServerThatDoesNotKnowEdnsIsAskedWithout) {
  Script script(plan_of(1));
  EXPECT_TRUE(parsed(script.to(0).bytes).edns);
  script.says(0, refuse(script.to(0).bytes, Refuse::kFormErr));
  ASSERT_EQ(script.sent.size(), 2U);
  EXPECT_FALSE(parsed(script.to(0).bytes).edns);
  script.says(0, refuse(script.to(0).bytes, Refuse::kFormErr));
  EXPECT_EQ(script.answer(), "failed");
  EXPECT_EQ(script.sent.size(), 2U);
}

TEST(Lookup, WhatComesWhenItIsDoneChangesNothing) {
  Script script(plan_of(2));
  script.answers(0, "10.0.0.4");
  script.answers(1, "10.0.0.5");
  script.lookup.on_unreachable(0);
  script.wait(10s);
  EXPECT_EQ(script.answer(), "10.0.0.4");
  EXPECT_THAT(script.lookup.take_sends(), IsEmpty());
}

}  // namespace
}  // namespace egress::dns
