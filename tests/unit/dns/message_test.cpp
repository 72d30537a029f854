// SPDX-License-Identifier: MIT
#include "dns/message.hpp"

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
using ::testing::IsEmpty;

int rcode_of(const Message& message) {
  return message.at(3) & 0xf;
}
bool is_truncated(const Message& message) {
  return (message.at(2) & 0x02) != 0;
}

// One record of each type that a lab can have.
std::vector<Record> one_of_each() {
  const std::string name = "all.corp.internal";
  return {a_record(name, "10.0.0.4"),
          {name, RecordType::kNs, 60, std::string("azureprivatedns.net"), {}},
          {name, RecordType::kCname, 60, std::string("other.corp.internal"), {}},
          {name, RecordType::kSoa, 60, std::string("azureprivatedns.net"), {}},
          {name, RecordType::kPtr, 60, std::string("host.corp.internal"), {}},
          {name, RecordType::kHinfo, 60, std::string("RFC8482"), {}},
          {name, RecordType::kMx, 60, lab::MxRecord{10, "mail.corp.internal"}, {}},
          {name, RecordType::kTxt, 60, std::string(1'024, 'x'), {}},
          {name, RecordType::kAaaa, 60, *Ipv6Address::parse("2001:db8::1"), {}},
          {name, RecordType::kSrv, 60, lab::SrvRecord{1, 2, 5'060, "sip.corp.internal"}, {}}};
}

TEST(Message, AQueryIsReadWithItsNameInLowerCase) {
  const Query read =
      parsed(header({0x01, 0x10}, {1, 0, 0, 1}) + question("WWW.Example.com", 28) + opt(4'096));
  EXPECT_EQ(read.id, 0x1234);
  EXPECT_EQ(read.question, (Question{"www.example.com", RecordType::kAaaa}));
  EXPECT_EQ(read.question_bytes, question("WWW.Example.com", 28));
  EXPECT_TRUE(read.recursion_desired);
  EXPECT_TRUE(read.checking_disabled);
  EXPECT_TRUE(read.edns);
  EXPECT_EQ(read.udp_size, 4'096);
}

TEST(Message, LettersThatAreNoneOfATextAreEscaped) {
  const Message odd = bytes({3, 'a', '.', 0xff, 1, '\\', 0, 0, 1, 0, 1});
  EXPECT_EQ(parsed(header({0, 0}, {1, 0, 0, 0}) + odd).question.name, "a\\.\\255.\\\\");
  EXPECT_EQ(question_bytes({"a\\.\\255.\\\\", RecordType::kA}), odd);
  EXPECT_EQ(parsed(query("")).question.name, "");
  EXPECT_EQ(question_bytes({"", RecordType::kA}), question(""));
}

TEST(Message, WhatIsNoQueryIsRefusedForWhatItIs) {
  const Message good = query("a.example");
  const Message one = header({0x01, 0}, {1, 0, 0, 0});
  struct Case {
    const char* what;
    Message message;
    Refuse why;
  };
  const Case cases[] = {
      {"no header", Message(good.begin(), good.begin() + 11), Refuse::kNothing},
      {"nothing", {}, Refuse::kNothing},
      {"a reply", header({0x81, 0}, {1, 0, 0, 0}) + question("a.example"), Refuse::kNothing},
      {"an update", header({0x28, 0}, {1, 0, 0, 0}) + question("a.example"), Refuse::kNotImp},
      {"a notification", header({0x20, 0}, {1, 0, 0, 0}), Refuse::kNotImp},
      {"no question", header({0x01, 0}, {0, 0, 0, 0}), Refuse::kFormErr},
      {"two questions",
       header({0x01, 0}, {2, 0, 0, 0}) + question("a.example") + question("b.example"),
       Refuse::kFormErr},
      {"a cut name", one + bytes({9, 'a'}), Refuse::kFormErr},
      {"a name that points to itself", one + bytes({0xc0, 0x0c, 0, 1, 0, 1}), Refuse::kFormErr},
      {"a name that points into the header", one + bytes({0xc0, 0x04, 0, 1, 0, 1}),
       Refuse::kFormErr},
      {"bytes left over", good + bytes({0}), Refuse::kFormErr},
      {"a record too few", header({0x01, 0}, {1, 0, 0, 1}) + question("a.example"),
       Refuse::kFormErr},
      {"two OPT records",
       header({0x01, 0}, {1, 0, 0, 2}) + question("a.example") + opt(512) + opt(512),
       Refuse::kFormErr},
      {"a later EDNS", header({0x01, 0}, {1, 0, 0, 1}) + question("a.example") + opt(512, 1),
       Refuse::kBadVers},
      {"class CH", one + question("version.bind", 16, 3), Refuse::kRefused},
      {"a zone transfer", query("a.example", 252), Refuse::kRefused},
      {"an incremental one", query("a.example", 251), Refuse::kRefused},
  };
  for (const Case& each : cases) {
    const auto read = parse_query(each.message);
    ASSERT_TRUE(std::holds_alternative<Refuse>(read)) << each.what;
    EXPECT_EQ(std::get<Refuse>(read), each.why) << each.what;
  }
}

TEST(Message, ARefusalCarriesTheIdAndTheCodeAndNoMoreThanCanBeRead) {
  EXPECT_THAT(refuse(bytes({1, 2, 3}), Refuse::kNothing), IsEmpty());
  EXPECT_EQ(refuse(header({0x01, 0}, {9, 9, 9, 9}), Refuse::kFormErr),
            header({0x81, 1}, {0, 0, 0, 0}));
  EXPECT_EQ(refuse(header({0x28, 0}, {1, 0, 0, 0}), Refuse::kNotImp),
            header({0xa8, 4}, {0, 0, 0, 0}));
  EXPECT_EQ(refuse(query("a.example", 252), Refuse::kRefused),
            header({0x81, 0x85}, {1, 0, 0, 0}) + question("a.example", 252));
  const Message later = header({0x01, 0}, {1, 0, 0, 1}) + question("a.example") + opt(512, 1);
  EXPECT_EQ(refuse(later, Refuse::kBadVers), header({0x81, 0x80}, {1, 0, 0, 1}) +
                                                 question("a.example") +
                                                 bytes({0, 0, 41, 0x04, 0xd0, 1, 0, 0, 0, 0, 0}));
}

TEST(Message, AReplySaysWhatTheAnswerSays) {
  const Query asked = parsed(query("ALL.corp.internal"));
  const Message sent = reply_to(asked, {.records = one_of_each()}, kTcpLimit);
  EXPECT_EQ(Message(sent.begin() + 12, sent.begin() + 35), question("ALL.corp.internal"));
  const auto read = parse_reply(sent);
  ASSERT_TRUE(read.has_value());
  std::vector<Record> expected = one_of_each();
  for (Record& record : expected) {
    record.source = {.kind = policy::AnswerSource::Kind::kForwarded};
  }
  EXPECT_EQ(read->records, expected);
  EXPECT_EQ(read->ttl, 60U);
  EXPECT_EQ(read->rcode, 0);
}

TEST(Message, ATargetIsAsLongAsItStands) {
  // RFC 2782: the name in a SRV record is not compressed; old clients do not look for it.
  const Message sent = reply(query("_sip._tcp.corp.internal", 33),
                             {{"_sip._tcp.corp.internal",
                               RecordType::kSrv,
                               60,
                               lab::SrvRecord{1, 2, 5'060, "sip.corp.internal"},
                               {}}});
  const Message target = name("sip.corp.internal");
  EXPECT_EQ(Message(sent.end() - static_cast<std::ptrdiff_t>(target.size()), sent.end()), target);
}

TEST(Message, ARecordThatCannotBeWrittenMakesAFailure) {
  for (const Record& record :
       {alias("a.example", std::string(64, 'x') + ".example"), a_record("a..example", "10.0.0.4"),
        Record{"a.example", RecordType::kA, 60, std::string("10.0.0.4"), {}}}) {
    const Message sent = reply(query("a.example"), {record});
    EXPECT_EQ(rcode_of(sent), 2);
    EXPECT_THAT(parse_reply(sent)->records, IsEmpty());
  }
}

TEST(Message, TheStatusIsTheCode) {
  const std::pair<NameStatus, int> cases[] = {{NameStatus::kNoError, 0},
                                              {NameStatus::kNxDomain, 3},
                                              {NameStatus::kServfail, 2},
                                              {NameStatus::kRefused, 5},
                                              {NameStatus::kForward, 2}};
  for (const auto& [status, code] : cases) {
    EXPECT_EQ(rcode_of(reply(query("a.example"), {}, status)), code);
  }
}

TEST(Message, ANegativeAnswerTellsHowLongItHolds) {
  const NameAnswer none{
      .status = NameStatus::kNxDomain, .negative_zone = "corp.internal", .negative_ttl = 10};
  const Message sent = reply_to(parsed(query("x.corp.internal")), none, 512);
  EXPECT_EQ(sent.at(9), 1);  // authorities
  const Message minimum = bytes({0, 0, 0, 10});
  EXPECT_EQ(Message(sent.end() - 4, sent.end()), minimum);
  // The root's, as public names have no zones here.
  const Message of_root =
      reply_to(parsed(query("x")), {.status = NameStatus::kNxDomain, .negative_ttl = 60}, 512);
  EXPECT_EQ(of_root.at(9), 1);
  EXPECT_EQ(of_root.at(12 + 7), 0);  // behind the question: the root
}

TEST(Message, AReplyHasEdnsWhereTheQueryHasIt) {
  const Message with = header({0, 0}, {1, 0, 0, 1}) + question("a.example") + opt(512);
  const Message sent = reply(with, {});
  EXPECT_EQ(Message(sent.end() - 11, sent.end()), opt(1'232));
  EXPECT_EQ(reply(query("a.example"), {}).at(11), 0);
}

TEST(Message, ADatagramHoldsWhatTheClientTakesWithinBounds) {
  const std::pair<int, size_t> cases[] = {
      {0, 512}, {512, 512}, {900, 900}, {1'232, 1'232}, {4'096, 1'232}};
  for (const auto& [said, limit] : cases) {
    const Message with = header({0, 0}, {1, 0, 0, 1}) + question("a.example") + opt(said);
    EXPECT_EQ(reply_limit(parsed(with), Transport::kUdp), limit) << said;
  }
  EXPECT_EQ(reply_limit(parsed(query("a.example")), Transport::kUdp), 512U);
  EXPECT_EQ(reply_limit(parsed(query("a.example")), Transport::kTcp), 65'535U);
}

TEST(Message, WhatDoesNotFitIsLeftOutAsAWhole) {
  const Message asked = header({0x01, 0}, {1, 0, 0, 1}) + question("a.example") + opt(700);
  const auto answer_of = [](size_t count) {
    NameAnswer answer;
    for (size_t index = 0; index < count; ++index) {
      answer.records.push_back(a_record("a.example", "10.0.0.4"));
    }
    return answer;
  };
  // 12 + 15 + 11 of OPT and 16 for each record.
  const Message fits = reply_to(parsed(asked), answer_of(41), 700);
  EXPECT_EQ(fits.size(), 694U);
  EXPECT_FALSE(is_truncated(fits));
  const Message cut = reply_to(parsed(asked), answer_of(42), 700);
  EXPECT_EQ(cut, header({0x83, 0x80}, {1, 0, 0, 1}) + question("a.example") + opt(1'232));
}

TEST(Message, AReplyIsReadOnlyWhole) {
  const Message good = reply(query("a.example"), {a_record("a.example", "10.0.0.4")});
  EXPECT_TRUE(parse_reply(good).has_value());
  EXPECT_FALSE(parse_reply(query("a.example")).has_value());
  EXPECT_FALSE(parse_reply(good + bytes({0})).has_value());
  EXPECT_FALSE(parse_reply(Message(good.begin(), good.end() - 1)).has_value());
  Message cut(good.begin(), good.end() - 1);
  cut.at(2) |= 0x02;
  ASSERT_TRUE(parse_reply(cut).has_value());
  EXPECT_TRUE(parse_reply(cut)->truncated);
}

TEST(Message, AQueryForAServerAsksForRecursion) {
  const Question asked{"a.example", RecordType::kMx};
  EXPECT_EQ(make_query(0x1234, asked, true),
            header({0x01, 0}, {1, 0, 0, 1}) + question("a.example", 15) + opt(1'232));
  EXPECT_EQ(make_query(0x1234, asked, false), query("a.example", 15));
  // For ldns type 0 is none, and becomes A.
  EXPECT_EQ(make_query(0x1234, {"a.example", RecordType{0}}, false), query("a.example", 0));
  EXPECT_THAT(make_query(1, {"a..example", RecordType::kA}, true), IsEmpty());
}

TEST(Message, WhatAServerSaidIsPassedOnUnderTheClientsIdAndQuestion) {
  const Message from_server =
      header({0x85, 0xa0}, {1, 2, 1, 1}, 0x9999) + question("b.example", 65) +
      bytes({0xc0, 12, 0, 65, 0, 1, 0, 0, 0, 100, 0, 3, 0, 1, 0}) +
      bytes({0xc0, 12, 0, 65, 0, 1, 0, 0, 0, 7, 0, 3, 0, 2, 0}) +
      bytes({0xc0, 14, 0, 2, 0, 1, 0, 0, 0, 50, 0, 2, 0xc0, 12}) + opt(4'096);
  const auto reply = parse_reply(from_server);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->ttl, 7U);
  const std::vector<Record> aliases = {alias("a.example", "b.example")};
  const Message sent =
      pass_on(parsed(query("A.example", 65)), *reply, {.aliases = aliases, .age = 10}, 512);
  const auto read = parse_reply(sent);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->id, 0x1234);
  EXPECT_EQ(read->question_bytes, question("A.example", 65));
  EXPECT_EQ(sent.at(2), 0x81);  // recursion was desired, nothing is authoritative
  EXPECT_EQ(sent.at(3), 0x80);  // nor authenticated
  EXPECT_EQ(Message(sent.begin() + 4, sent.begin() + 12), bytes({0, 1, 0, 3, 0, 1, 0, 0}));
  EXPECT_THAT(read->records, ElementsAre(::testing::Field(&Record::data, "b.example")));
  EXPECT_EQ(read->ttl, 0U);  // seven seconds, ten seconds ago
}

}  // namespace
}  // namespace egress::dns
