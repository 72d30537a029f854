// SPDX-License-Identifier: MIT
#include "dns/name_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dns/messages.hpp"

namespace egress::dns {
namespace {

using namespace testing_support;
using policy::NameAnswer;
using policy::NameStatus;
using policy::Record;
using policy::RecordType;
using ::testing::ElementsAre;

lab::RecordSet addresses(const char* address) {
  lab::RecordSet set;
  set.a = {*Ipv4Address::parse(address)};
  return set;
}
lab::RecordSet alias_of(const char* target) {
  lab::RecordSet set;
  set.cname = target;
  return set;
}

TEST(NameServer, SaysWhatIsDecidedAboutTheName) {
  std::string asked_for;
  const NameServer server([&](const std::string& name, RecordType type) {
    asked_for = name + " " + policy::to_text(type);
    return NameAnswer{.records = {a_record(name, "10.0.0.4")}};
  });
  const auto answer = server.answer(query("A.example"), Transport::kUdp);
  ASSERT_TRUE(std::holds_alternative<Message>(answer));
  EXPECT_EQ(asked_for, "a.example A");
  EXPECT_EQ(parse_reply(std::get<Message>(answer))->records.size(), 1U);
}

TEST(NameServer, FillsADatagramOnlyAsFarAsTheClientTakesIt) {
  const NameServer server([](const std::string& name, RecordType) {
    return NameAnswer{.records = std::vector(100, a_record(name, "10.0.0.4"))};
  });
  EXPECT_TRUE(parse_reply(std::get<Message>(server.answer(query("a.example"), Transport::kUdp)))
                  ->truncated);
  EXPECT_FALSE(parse_reply(std::get<Message>(server.answer(query("a.example"), Transport::kTcp)))
                   ->truncated);
}

TEST(NameServer, AnswersNamesAtTheirLongest) {
  const std::string label(63, 'n');
  const std::string longest = label + "." + label + "." + label + "." + label.substr(2);
  const NameServer server([](const std::string& name, RecordType) {
    return NameAnswer{.records = {alias(name, name), a_record(name, "10.0.0.4")}};
  });
  const auto answer = server.answer(query(longest), Transport::kUdp);
  ASSERT_TRUE(std::holds_alternative<Message>(answer));
  const auto reply = parse_reply(std::get<Message>(answer));
  ASSERT_TRUE(reply);
  EXPECT_EQ(longest.size(), 253U);
  ASSERT_EQ(reply->records.size(), 2U);
  for (const Record& record : reply->records) EXPECT_EQ(record.name, longest);
  EXPECT_EQ(policy::data_text(reply->records[0]), longest);
}

TEST(NameServer, RefusesWhatIsNoQueryWithoutAskingAnybody) {
  const NameServer server([](const std::string&, RecordType) -> NameAnswer {
    ADD_FAILURE() << "asked";
    return {};
  });
  EXPECT_EQ(std::get<Message>(server.answer(query("a.example", 252), Transport::kTcp)).at(3) & 0xf,
            5);
  EXPECT_TRUE(std::get<Message>(server.answer({}, Transport::kUdp)).empty());
}

TEST(NameServer, HandsOutWhatOthersHaveToBeAsked) {
  const NameServer server([](const std::string& name, RecordType) {
    return NameAnswer{.status = NameStatus::kForward,
                      .records = {alias(name, "b.example")},
                      .forwarded = "b.example"};
  });
  const auto answer = server.answer(query("A.example", 28), Transport::kUdp);
  ASSERT_TRUE(std::holds_alternative<Forward>(answer));
  const auto& forward = std::get<Forward>(answer);
  EXPECT_EQ(forward.question, (Question{"b.example", RecordType::kAaaa}));
  EXPECT_EQ(forward.query.question_bytes, question("A.example", 28));
  EXPECT_THAT(forward.aliases, ElementsAre(alias("a.example", "b.example")));
}

struct HostServer : ::testing::Test {
  lab::DnsServer server{.record_sets = {{"own.example", addresses("10.0.0.4")},
                                        {"alias.example", alias_of("public.example")}}};
  policy::Names names{.public_sets = {{"public.example", addresses("203.0.113.7")}}};

  NameAnswer ask(const std::string& name, bool in_internet) const {
    return server_answer(server_records(server, in_internet), &names, name, RecordType::kA);
  }
};

TEST_F(HostServer, AnswersItsOwnRecordsWhereverItIs) {
  for (const bool in_internet : {false, true}) {
    const NameAnswer answer = ask("own.example", in_internet);
    EXPECT_EQ(answer.status, NameStatus::kNoError);
    EXPECT_EQ(answer.records.size(), 1U);
  }
}

TEST_F(HostServer, WithForwardersAsksThemForTheRest) {
  server.forward_to = {*Ipv4Address::parse("168.63.129.16")};
  for (const bool in_internet : {false, true}) {
    const NameAnswer answer = ask("alias.example", in_internet);
    EXPECT_EQ(answer.status, NameStatus::kForward);
    EXPECT_EQ(answer.forwarded, "public.example");
    EXPECT_EQ(answer.records.size(), 1U);
  }
}

TEST_F(HostServer, WithoutForwardersRefusesInANetworkWhatItDoesNotKnow) {
  EXPECT_EQ(ask("other.example", false).status, NameStatus::kRefused);
}

TEST_F(HostServer, WithoutForwardersKnowsInTheInternetWhatIsPublic) {
  const NameAnswer answer = ask("alias.example", true);
  EXPECT_EQ(answer.status, NameStatus::kNoError);
  ASSERT_EQ(answer.records.size(), 2U);
  EXPECT_EQ(answer.records[0].type, RecordType::kCname);
  EXPECT_EQ(std::get<Ipv4Address>(answer.records[1].data).to_string(), "203.0.113.7");
  EXPECT_EQ(ask("other.example", true).status, NameStatus::kNxDomain);
}

TEST_F(HostServer, FailsForPublicNamesAsLongAsNobodyHasToldThem) {
  const auto answer =
      server_answer(server_records(server, true), nullptr, "alias.example", RecordType::kA);
  EXPECT_EQ(answer.status, NameStatus::kServfail);
}

}  // namespace
}  // namespace egress::dns
