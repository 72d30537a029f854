// SPDX-License-Identifier: MIT
#include "inspect/observation.hpp"

#include <gmock/gmock.h>

#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

policy::Explanation allowed() {
  return {.verdict = lab::Verdict::kAllow,
          .sources = {ip("10.1.1.4")},
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

TEST(Verify, TakesTheAnswerOfAProgramThatIsNotInTheLab) {
  const auto network = network_of(lab_from(R"(
virtualNetworks: {v: {addressPrefixes: [10.1.0.0/16], subnets: {data: {addressPrefix: 10.1.2.0/24}}}}
hosts: {sql: {subnet: v/data, ipAddress: 10.1.2.4}}
)"));
  policy::Explanation expected = allowed();
  expected.refused = true;
  Observation seen = answered();
  ASSERT_TRUE(may_be_of_program(*network, expected, seen));
  seen.by_program = true;
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen), IsEmpty());
  seen.source = ip("20.50.1.4");
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen), SizeIs(1)) << "its source counts";
  seen.refused = true;
  EXPECT_FALSE(may_be_of_program(*network, expected, seen));
  expected.host = "service";
  EXPECT_FALSE(may_be_of_program(*network, expected, answered()));
  EXPECT_FALSE(may_be_of_program(*network, allowed(), answered()));
}

TEST(Verify, TakesAnyAnswerOfAnAppsOwnProgramButNoSilence) {
  policy::Explanation expected = allowed();
  expected.answer_unknown = true;
  Observation seen = answered();
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen), IsEmpty());
  seen.refused = true;
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen), IsEmpty());
  seen.replied = seen.refused = false;
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen),
              ElementsAre("explain: an answer or a refusal comes back; kernel: no answer"));
  EXPECT_THAT(differences(Protocol::kUdp, expected, seen), IsEmpty());
  expected.reply->verdict = lab::Verdict::kDrop;
  EXPECT_THAT(differences(Protocol::kTcp, expected, seen), IsEmpty());
}

// A probe is one packet, and what ends such a connection lets the answer to that pass.
TEST(Verify, WantsTheAnswerToTheFirstPacketOfAConnectionThatIsEndedLater) {
  policy::Explanation expected = allowed();
  expected.reply = policy::Reply{.verdict = lab::Verdict::kDrop, .half_open = true};
  EXPECT_THAT(differences(Protocol::kTcp, expected, answered()), IsEmpty());
  Observation unanswered = answered();
  unanswered.replied = false;
  EXPECT_THAT(differences(Protocol::kTcp, expected, unanswered), SizeIs(1));
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

TEST(Verify, AsksThePlatformForAnAnswerOverTcpAlone) {
  const policy::Explanation platform{.verdict = lab::Verdict::kAllow};
  EXPECT_THAT(differences(Protocol::kUdp, platform, {}), IsEmpty());
  EXPECT_THAT(differences(Protocol::kTcp, platform, {.replied = true}), IsEmpty());
  EXPECT_THAT(differences(Protocol::kTcp, platform, {}),
              ElementsAre("explain: the platform answers; kernel: no answer"));
  EXPECT_THAT(differences(Protocol::kTcp, platform, {.replied = true, .refused = true}),
              ElementsAre("explain: the platform answers; kernel: a refusal"));
}

TEST(Verify, TakesAnyOfTheSourcesThatAFlowMayShow) {
  policy::Explanation several = allowed();
  several.sources = {ip("20.61.7.1"), ip("10.1.1.4")};
  EXPECT_THAT(differences(Protocol::kTcp, several, answered()), IsEmpty());
  several.sources.pop_back();
  several.sources.push_back(ip("20.61.7.2"));
  EXPECT_THAT(differences(Protocol::kTcp, several, answered()),
              ElementsAre("explain: sql sees source 20.61.7.1, 20.61.7.2; kernel: 10.1.1.4"));
}

TEST(VerifyService, TakesWhatAServiceSaysToAnyOfThem) {
  policy::ServiceAnswer answer{.access = lab::Access::kDeny, .code = "40615"};
  answer.others = {{.access = lab::Access::kAllow}};
  EXPECT_THAT(differences(answer, AccessSeen{lab::Access::kDeny, "40615"}), IsEmpty());
  EXPECT_THAT(differences(answer, AccessSeen{lab::Access::kAllow}), IsEmpty());
  EXPECT_THAT(differences(answer, AccessSeen{lab::Access::kDeny, "other"}), SizeIs(1));
  EXPECT_THAT(differences(answer, std::nullopt), SizeIs(1));
}

TEST(Verify, WantsNoAnswerOfAPlatformThatSaysNothing) {
  const policy::Explanation silent{.verdict = lab::Verdict::kAllow,
                                   .reply = policy::Reply{.verdict = lab::Verdict::kDrop}};
  EXPECT_THAT(differences(Protocol::kUdp, silent, {}), IsEmpty());
  EXPECT_THAT(differences(Protocol::kUdp, silent, {.replied = true, .refused = true}),
              ElementsAre("explain: the platform says nothing; kernel: a refusal"));
}

TEST(Verify, ComparesNoSourceThatThePlatformHides) {
  policy::Explanation hidden = allowed();
  hidden.sources.clear();
  EXPECT_THAT(differences(Protocol::kTcp, hidden, answered()), IsEmpty());
}

TEST(Receivers, AreAllWhoOwnTheAddress) {
  lab::Lab lab = with(contract_lab(), "sites: {plain: {serverFarm: plan}}");
  lab.hosts["twin"] = lab.hosts["sql"];
  lab.services["store"].ip_address = ip("20.60.222.10");
  lab.private_endpoints["pe"] = {
      .subnet = {"spoke", "data"}, .ip_address = ip("10.1.2.9"), .private_link_service = "store"};
  lab.sites["web"].inbound_ip_address = ip("20.50.2.4");
  lab.private_endpoints["pe-site"] = {
      .subnet = {"spoke", "data"}, .ip_address = ip("10.1.2.10"), .private_link_service = "plain"};
  const auto network = network_of(lab);
  const auto at = [&](const char* address) { return receivers(*network, "eg", ip(address)); };
  EXPECT_THAT(at("10.1.2.4"),
              ElementsAre(Pair("eg-host-sql", "sql"), Pair("eg-host-twin", "twin")));
  EXPECT_THAT(at("20.60.222.10"), ElementsAre(Pair("eg-service-store", "store")));
  EXPECT_THAT(at("10.1.2.9"), ElementsAre(Pair("eg-service-store", "store")));
  EXPECT_THAT(at("20.50.2.4"), ElementsAre(Pair("eg-front-web", "web")));
  EXPECT_THAT(at("10.1.2.10"), ElementsAre(Pair("eg-front-plain", "plain")));
  EXPECT_THAT(at("10.1.1.4"), IsEmpty()) << "an integration";
  EXPECT_THAT(at("10.1.2.5"), IsEmpty());
}

TEST(Receivers, AreAllHostsOfPrefixesThatHoldTheAddress) {
  const auto network = network_of(with(contract_lab(), R"(
hosts:
  world: {internet: true, addressPrefixes: [0.0.0.0/0]}
  block: {internet: true, addressPrefixes: [9.0.0.0/8]}
)"));
  EXPECT_THAT(receivers(*network, "eg", ip("9.1.1.1")),
              ElementsAre(Pair("eg-host-block", "block"), Pair("eg-host-world", "world")));
  EXPECT_THAT(receivers(*network, "eg", ip("8.1.1.1")),
              ElementsAre(Pair("eg-host-world", "world")));
}

TEST(Receivers, OfAnIntegrationAreTheAppsThatHavePrivatePortsThere) {
  const auto network = network_of(with(contract_lab(), R"(
sites:
  web: {vnetPrivatePortsCount: 1}
  api: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}
)"));
  EXPECT_THAT(receivers(*network, "eg", ip("10.1.1.5")),
              ElementsAre(Pair("eg-app-web-1", "web/1")));
}

policy::Resolution resolved(lab::LookupStatus status, std::vector<Ipv4Address> addresses = {}) {
  return {.name = "sql.example.com", .status = status, .addresses = std::move(addresses)};
}

TEST(VerifyNames, AgreesWithTheSameAddressesInAnyOrder) {
  const auto expected =
      resolved(lab::LookupStatus::kNoError, {ip("10.1.2.4"), ip("10.1.2.5"), ip("10.1.2.4")});
  const LookupSeen seen{.answered = true, .addresses = {ip("10.1.2.5"), ip("10.1.2.4")}};
  EXPECT_THAT(differences(expected, seen), IsEmpty());
}

TEST(VerifyNames, TakesServfailAndSilenceForTheSame) {
  const LookupSeen servfail{.answered = true, .rcode = 2};
  for (const auto status : {lab::LookupStatus::kServfail, lab::LookupStatus::kTimeout}) {
    EXPECT_THAT(differences(resolved(status), servfail), IsEmpty());
    EXPECT_THAT(differences(resolved(status), {}), IsEmpty());
  }
}

TEST(VerifyNames, SaysBothSidesOfADisagreement) {
  const auto known = resolved(lab::LookupStatus::kNoError, {ip("10.1.2.4")});
  const LookupSeen other{.answered = true, .addresses = {ip("52.0.0.1")}};
  EXPECT_THAT(differences(known, other),
              ElementsAre("explain: sql.example.com is 10.1.2.4; resolver: 52.0.0.1"));
  EXPECT_THAT(differences(known, {.answered = true, .rcode = 3}),
              ElementsAre(HasSubstr("resolver: NXDOMAIN")));
  EXPECT_THAT(differences(known, {.answered = true, .rcode = 5}),
              ElementsAre(HasSubstr("resolver: response code 5")));
  EXPECT_THAT(differences(known, {}), ElementsAre(HasSubstr("resolver: without an answer")));
  EXPECT_THAT(differences(resolved(lab::LookupStatus::kNoError), other),
              ElementsAre(HasSubstr("is without an address; resolver: 52.0.0.1")));
  EXPECT_THAT(differences(resolved(lab::LookupStatus::kNxDomain), {.answered = true}),
              ElementsAre(HasSubstr("is NXDOMAIN; resolver: without an address")));
}

TEST(VerifyNames, ComparesRecordsOfEveryType) {
  const policy::Record mail{.name = "example.com",
                            .type = policy::RecordType::kMx,
                            .ttl = 60,
                            .data = lab::MxRecord{10, "mail.example.com"}};
  policy::Resolution expected = resolved(lab::LookupStatus::kNoError);
  expected.servers = {{.answer = {.records = {mail}}}};
  expected.answered_by = 0;
  policy::Record aged = mail;
  aged.ttl = 3;
  EXPECT_THAT(differences(expected, {.answered = true, .records = {aged}}), IsEmpty());
  EXPECT_THAT(differences(expected, {.answered = true}),
              ElementsAre("explain: sql.example.com has example.com MX 10 mail.example.com; "
                          "resolver: no record"));
  aged.data = lab::MxRecord{20, "mail.example.com"};
  EXPECT_THAT(differences(expected, {.answered = true, .records = {aged}}),
              ElementsAre(HasSubstr("resolver: example.com MX 20 mail.example.com")));
}

TEST(VerifyService, ComparesAccessAndCode) {
  const policy::ServiceAnswer refused{.access = lab::Access::kDeny, .code = "Forbidden"};
  EXPECT_THAT(differences(refused, AccessSeen{lab::Access::kDeny, "Forbidden"}), IsEmpty());
  EXPECT_THAT(differences(policy::ServiceAnswer{}, AccessSeen{}), IsEmpty());
  EXPECT_THAT(differences(refused, AccessSeen{}),
              ElementsAre("explain: the service says Deny (Forbidden); service: Allow"));
  EXPECT_THAT(differences(refused, AccessSeen{lab::Access::kDeny, "40615"}),
              ElementsAre(HasSubstr("service: Deny (40615)")));
  EXPECT_THAT(differences(refused, std::nullopt), ElementsAre(HasSubstr("nothing that tells")));
}

}  // namespace
}  // namespace egress::inspect
