// SPDX-License-Identifier: MIT
#include "policy/expectation.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::Outcome;
using lab::Path;
using lab::Verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Expectations, OfTheContractHold) {
  const lab::Lab lab = contract_lab();
  const std::vector<lab::Expectation> expectations{
      {.to = "tcp://10.1.2.4:1433", .expect = Outcome::kDeny, .by = "nsg-integration/deny-sql"},
      {.to = "tcp://10.1.2.4:443", .expect = Outcome::kAllow, .via = Path::kVirtualNetwork},
      {.to = "tcp://93.184.216.34:443",
       .expect = Outcome::kAllow,
       .via = Path::kVirtualNetwork,
       .source = {prefix("20.61.0.10/32")}}};
  for (const lab::Expectation& each : expectations) {
    EXPECT_THAT(mismatches(each, explain(lab, "web", each.to)), IsEmpty()) << each.to;
  }
}

TEST(Expectations, NameEachThingThatDiffers) {
  const Explanation got = explain(contract_lab(), "web", "tcp://10.1.2.4:1433");
  EXPECT_THAT(mismatches({.to = "tcp://10.1.2.4:1433",
                          .expect = Outcome::kAllow,
                          .by = "nsg-integration/other",
                          .via = Path::kDirect,
                          .source = {prefix("1.2.3.4/32")}},
                         got),
              ElementsAre("verdict: expected Allow, got Deny by nsg-integration/deny-sql",
                          "decided by: expected nsg-integration/other, got "
                          "nsg-integration/deny-sql",
                          "path: expected direct, got virtualNetwork",
                          "source: expected 1.2.3.4, got none"));
}

TEST(Expectations, CompareRuleNamesWithoutCase) {
  const Explanation got = explain(contract_lab(), "web", "tcp://10.1.2.4:443");
  EXPECT_THAT(
      mismatches({.to = "tcp://10.1.2.4:443", .by = "nsg-integration/allowVNetOutbound"}, got),
      IsEmpty());
}

TEST(Expectations, WantTheAnswerForTcpOnly) {
  Explanation got{.verdict = Verdict::kAllow};
  got.reply = Reply{Verdict::kDrop, "lost"};
  EXPECT_THAT(mismatches({.to = "tcp://sql:443"}, got),
              ElementsAre(HasSubstr("reply: expected Allow, got Drop: lost")));
  EXPECT_THAT(mismatches({.to = "udp://sql:443"}, got), IsEmpty());
  EXPECT_THAT(mismatches({.to = "icmp://sql"}, got), IsEmpty());
}

TEST(Expectations, OfADenyHoldForWhateverKeepsThePacketAway) {
  struct Case {
    Outcome expect;
    std::vector<Verdict> met;
  };
  const Case cases[] = {{Outcome::kAllow, {Verdict::kAllow}},
                        {Outcome::kDeny, {Verdict::kDeny, Verdict::kDrop, Verdict::kNoRoute}},
                        {Outcome::kDrop, {Verdict::kDrop}},
                        {Outcome::kNoRoute, {Verdict::kNoRoute}},
                        {Outcome::kUnresolved, {Verdict::kUnresolved}}};
  for (const Case& each : cases) {
    for (const Verdict verdict : {Verdict::kAllow, Verdict::kDeny, Verdict::kDrop,
                                  Verdict::kNoRoute, Verdict::kUnresolved}) {
      const bool met = std::count(each.met.begin(), each.met.end(), verdict) > 0;
      EXPECT_EQ(
          mismatches({.to = "udp://sql:53", .expect = each.expect}, {.verdict = verdict}).empty(),
          met)
          << name_of(each.expect) << " " << name_of(verdict);
    }
  }
}

TEST(Expectations, TellAClosedPortAndALostAnswerFromAnOpenOne) {
  Explanation open{.verdict = Verdict::kAllow, .reply = Reply{}};
  Explanation closed = open;
  closed.refused = true;
  Explanation lost = open;
  lost.reply = Reply{Verdict::kDrop, "lost"};
  const lab::Expectation refused{.to = "tcp://sql:443", .expect = Outcome::kRefused};
  const lab::Expectation no_answer{.to = "udp://sql:443", .expect = Outcome::kNoAnswer};
  EXPECT_THAT(mismatches(refused, closed), IsEmpty());
  EXPECT_THAT(mismatches(no_answer, lost), IsEmpty());
  EXPECT_THAT(mismatches(refused, open), ElementsAre("reply: expected Refused, got Allow"));
  EXPECT_THAT(mismatches(refused, lost), ElementsAre("reply: expected Refused, got Drop: lost"));
  EXPECT_THAT(mismatches(no_answer, open), ElementsAre("reply: expected NoAnswer, got Allow"));
  EXPECT_THAT(mismatches(no_answer, closed), ElementsAre("reply: expected NoAnswer, got Refused"));
}

TEST(Expectations, TakeAnyOfSeveralSources) {
  const Explanation got{.verdict = Verdict::kAllow, .sources = {ip("20.61.8.2")}};
  const auto with = [](std::vector<Ipv4Prefix> source) {
    return lab::Expectation{.to = "udp://sql:443", .source = std::move(source)};
  };
  EXPECT_THAT(mismatches(with({prefix("20.61.7.1/32"), prefix("20.61.8.0/30")}), got), IsEmpty());
  EXPECT_THAT(mismatches(with({prefix("20.61.7.1/32"), prefix("20.61.9.0/30")}), got),
              ElementsAre("source: expected 20.61.7.1 or 20.61.9.0/30, got 20.61.8.2"));
}

TEST(Expectations, OfASourceHoldForAllThatItMayBe) {
  const Explanation got{.verdict = Verdict::kAllow, .sources = {ip("20.61.7.1"), ip("20.61.8.2")}};
  const auto with = [](std::vector<Ipv4Prefix> source) {
    return lab::Expectation{.to = "udp://sql:443", .source = std::move(source)};
  };
  EXPECT_THAT(mismatches(with({prefix("20.61.7.1/32"), prefix("20.61.8.0/30")}), got), IsEmpty());
  EXPECT_THAT(mismatches(with({prefix("20.61.7.1/32")}), got),
              ElementsAre("source: expected 20.61.7.1, got 20.61.7.1 or 20.61.8.2"));
}

TEST(Expectations, WantAccessAtAServiceOrItsRefusal) {
  Explanation open{.verdict = Verdict::kAllow, .reply = Reply{}, .service = ServiceAnswer{}};
  Explanation closed = open;
  closed.service = ServiceAnswer{lab::Access::kDeny, "AuthorizationFailure", "No rule.", ""};
  const lab::Expectation allow{.to = "tcp://store:443", .expect = lab::Outcome::kAllow};
  const lab::Expectation forbidden{.to = "tcp://store:443", .expect = lab::Outcome::kForbidden};
  EXPECT_THAT(mismatches(allow, open), IsEmpty());
  EXPECT_THAT(mismatches(forbidden, closed), IsEmpty());
  EXPECT_THAT(mismatches(forbidden, open), ElementsAre("reply: expected Forbidden, got Allow"));
  EXPECT_THAT(mismatches(allow, closed),
              ElementsAre("reply: expected Allow, got Forbidden (AuthorizationFailure): No rule."));
  // A host is no service, and refuses nobody.
  EXPECT_THAT(mismatches(forbidden, {.verdict = Verdict::kAllow, .reply = Reply{}}),
              ElementsAre("reply: expected Forbidden, got Allow"));
}

TEST(Expectations, OfNamesWantAllAddressesInAnyOrder) {
  const Resolution got{
      .status = lab::LookupStatus::kNoError,
      .addresses = {ip("10.0.0.4"), ip("10.0.0.5")},
      .servers = {{.answer = {.records = {{.data = ip("10.0.0.4")}, {.data = ip("10.0.0.5")}}}}},
      .answered_by = 0,
      .decided_by = {Stage::kNameResolution, "zone/link"}};
  const auto wanting = [](const std::vector<Ipv4Address>& addresses) {
    return lab::Expectation{.resolve = "a.test", .addresses = addresses};
  };
  EXPECT_THAT(mismatches(wanting({ip("10.0.0.5"), ip("10.0.0.4")}), got), IsEmpty());
  EXPECT_THAT(mismatches(wanting({ip("10.0.0.4")}), got),
              ElementsAre("addresses: expected 10.0.0.4, got 10.0.0.4, 10.0.0.5 by zone/link"));
}

TEST(Expectations, OfNamesCanWantThatThereIsNoAddress) {
  using lab::LookupStatus;
  struct Case {
    Resolution got;
    LookupStatus holds;
  };
  Resolution missing{.status = LookupStatus::kNxDomain, .answered_by = 0};
  missing.servers.resize(1);
  for (const Case& each :
       {Case{missing, LookupStatus::kNxDomain},
        Case{{.status = LookupStatus::kTimeout, .seconds = 5}, LookupStatus::kTimeout},
        // A server that says SERVFAIL after the app's time-out is as good as silent.
        Case{{.status = LookupStatus::kServfail, .seconds = 5}, LookupStatus::kTimeout},
        Case{{.status = LookupStatus::kServfail}, LookupStatus::kServfail}}) {
    for (const LookupStatus wanted : {LookupStatus::kNxDomain, LookupStatus::kTimeout}) {
      const lab::Expectation expectation{.resolve = "a.test", .status = wanted};
      EXPECT_EQ(mismatches(expectation, each.got).empty(), wanted == each.holds)
          << lab::name_of(wanted) << " of " << lab::name_of(each.got.status);
    }
    EXPECT_THAT(mismatches({.resolve = "a.test", .addresses = {ip("10.0.0.4")}}, each.got),
                ElementsAre(HasSubstr("addresses: expected 10.0.0.4, got ")));
  }
}

TEST(Expectations, OfStartsWantThatTheAppRunsOrWhatFails) {
  const lab::Expectation runs{.startup = true, .running = true};
  const lab::Expectation fails{.startup = true, .running = false};
  const lab::Expectation fails_by{.by = "image-pull", .startup = true, .running = false};
  const PlatformReport running{};
  const PlatformReport failed{.running = false,
                              .failed_step = lab::TrafficClass::kContentShare,
                              .reason = "mount error(13): Permission denied"};
  EXPECT_THAT(mismatches(runs, running), IsEmpty());
  EXPECT_THAT(mismatches(fails, failed), IsEmpty());
  EXPECT_THAT(
      mismatches(runs, failed),
      ElementsAre("startup: expected running, got failed by content-share: mount error(13): "
                  "Permission denied"));
  EXPECT_THAT(mismatches(fails_by, running), ElementsAre("startup: expected failed, got running"));
  EXPECT_THAT(mismatches(fails_by, failed),
              ElementsAre("decided by: expected image-pull, got content-share"));
}

}  // namespace
}  // namespace egress::policy::test
