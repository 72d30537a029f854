// SPDX-License-Identifier: MIT
#include "inspect/observation.hpp"

#include <gmock/gmock.h>

#include "tests/support/spoke_lab.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

policy::Explanation allowed() {
  return {.verdict = lab::Verdict::kAllow,
          .source = ip("10.1.1.4"),
          .reply = policy::Reply{},
          .host = "sql"};
}

policy::Explanation dropped() {
  return {.verdict = lab::Verdict::kDrop, .decided_by = {policy::Stage::kRoute, "table/none"}};
}

Observation answered() {
  return {.arrived = true, .host = "sql", .source = ip("10.1.1.4"), .replied = true};
}

TEST(Verify, AgreesWhenThePacketArrivesAsExplained) {
  EXPECT_THAT(differences(Protocol::kTcp, allowed(), answered()), IsEmpty());
}

TEST(Verify, ReportsAPacketThatDidNotArrive) {
  EXPECT_THAT(differences(Protocol::kTcp, allowed(), {}),
              ElementsAre(HasSubstr("did not arrive"), HasSubstr("no answer")));
}

TEST(Verify, ReportsAnotherSource) {
  Observation seen = answered();
  seen.source = ip("20.50.1.4");
  EXPECT_THAT(differences(Protocol::kTcp, allowed(), seen),
              ElementsAre(HasSubstr("kernel: 20.50.1.4")));
}

TEST(Verify, ReportsAnotherHost) {
  Observation seen = answered();
  seen.host = "other";
  EXPECT_THAT(differences(Protocol::kTcp, allowed(), seen),
              ElementsAre(HasSubstr("it reached other")));
}

TEST(Verify, WantsNoAnswerWhenTheReplyIsLost) {
  policy::Explanation expected = allowed();
  expected.reply->verdict = lab::Verdict::kDrop;
  EXPECT_THAT(differences(Protocol::kTcp, expected, answered()),
              ElementsAre(HasSubstr("explain: no answer")));
  Observation silent = answered();
  silent.replied = false;
  EXPECT_THAT(differences(Protocol::kTcp, expected, silent), IsEmpty());
}

TEST(Verify, TellsARefusalFromAnAnswer) {
  policy::Explanation expected = allowed();
  expected.refused = true;
  Observation seen = answered();
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen),
              ElementsAre(HasSubstr("a refusal comes back; kernel: an answer")));
  seen.refused = true;
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen), IsEmpty());
}

TEST(Verify, ForgivesAMissingRefusalOfAllButTcp) {
  policy::Explanation expected = allowed();
  expected.refused = true;
  Observation seen = answered();
  seen.replied = false;
  EXPECT_THAT(differences(Protocol::kUdp, expected, seen), IsEmpty());
  EXPECT_THAT(differences(Protocol::kIcmp, expected, seen), IsEmpty());
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen),
              ElementsAre(HasSubstr("a refusal comes back; kernel: no answer")));
}

TEST(Verify, WantsNothingToArriveWhenThePacketIsDropped) {
  EXPECT_THAT(differences(Protocol::kTcp, dropped(), {}), IsEmpty());
  EXPECT_THAT(differences(Protocol::kTcp, dropped(), answered()),
              ElementsAre(HasSubstr("Drop by table/none"), HasSubstr("no answer")));
}

TEST(Verify, KnowsDropsThatRefuseAtOnce) {
  policy::Explanation expected = dropped();
  expected.refused = true;
  EXPECT_THAT(differences(Protocol::kTcp, expected, {.replied = true, .refused = true}), IsEmpty());
  EXPECT_THAT(differences(Protocol::kTcp, expected, {}),
              ElementsAre(HasSubstr("a refusal comes back")));
}

TEST(Verify, AsksNothingOfThePlatform) {
  EXPECT_THAT(differences(Protocol::kUdp, {.verdict = lab::Verdict::kAllow}, {}), IsEmpty());
}

TEST(Owners, AreAllHostsOfTheAddress) {
  lab::Lab lab = spoke_lab();
  lab.hosts["twin"] = lab.hosts["sql"];
  EXPECT_THAT(owners(lab, ip("10.1.2.4")), ElementsAre("sql", "twin"));
  EXPECT_THAT(owners(lab, ip("10.1.2.5")), IsEmpty());
}

}  // namespace
}  // namespace egress::inspect
