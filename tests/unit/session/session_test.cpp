// SPDX-License-Identifier: MIT
#include "session/session.hpp"

#include <filesystem>

#include "lab/document.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(SessionTest, SetsALabAsideThatEndedTheDaemonTwice) {
  apply_and_die_twice_at_the_start();
  const Session third = start();
  EXPECT_TRUE(third.set_aside());
  EXPECT_EQ(third.network(), nullptr);
  EXPECT_THAT(third.problem(), HasSubstr("lab.yaml is set aside"));
  EXPECT_THAT(third.problem(), HasSubstr("egressctl down"));
  EXPECT_EQ(third.current()->leases.all().size(), 2U);
}

TEST_F(SessionTest, CountsNoStartWhoseFirstPassHasEnded) {
  Session session = start();
  apply(session);
  for (int i = 0; i < 4; ++i) {
    Session again = start();
    EXPECT_NE(again.network(), nullptr);
    EXPECT_TRUE(again.end_start().ok());
    EXPECT_NE(start().network(), nullptr);  // a single one that does not get so far
  }
}

TEST_F(SessionTest, StoresAllAgainWhenSomebodyRemovesWhatIsStored) {
  Session session = start();
  ASSERT_TRUE(session.adopt(proposed(session, kLab)).ok());
  for (const int capacity : {3, 4}) {
    Outcome scaled = outcome_of(session, lifecycle::Scale{"plan", capacity, {}});
    ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(scaled))).ok());
  }
  std::filesystem::remove_all(folder_.path());
  ASSERT_TRUE(session.end_start().ok());
  expect_remembered(session);
  std::filesystem::remove_all(folder_.path());
  Outcome scaled = outcome_of(session, lifecycle::Scale{"plan", 2, {}});
  ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(scaled))).ok());
  expect_remembered(session);
}

TEST_F(SessionTest, KeepsALabAsideThroughRegularEnds) {
  apply_and_die_twice_at_the_start();
  for (int i = 0; i < 3; ++i) {
    Session session = start();
    EXPECT_TRUE(session.set_aside());
    EXPECT_TRUE(session.end_start().ok());
  }
}

TEST_F(SessionTest, TakesTheLabThatWasSetAsideWhenItIsAppliedAgain) {
  apply_and_die_twice_at_the_start();
  {
    Session session = start();
    apply(session);
    EXPECT_FALSE(session.set_aside());
    EXPECT_EQ(session.problem(), "");
  }
  EXPECT_NE(start().network(), nullptr);
}

TEST_F(SessionTest, ForgetsWhatWasSetAside) {
  apply_and_die_twice_at_the_start();
  {
    Session session = start();
    session.forget();
    ASSERT_TRUE(session.erase().ok());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "egressd.db"));
  }
  const Session session = start();
  EXPECT_FALSE(session.set_aside());
  EXPECT_EQ(session.problem(), "");
}

TEST_F(SessionTest, CountsStartsThatApplyAConfiguredLabToo) {
  for (int i = 0; i < 2; ++i) {
    Session session = start();
    EXPECT_FALSE(session.set_aside());
    session.begin_start();
    session.begin_start();
  }
  const Session session = start();
  EXPECT_TRUE(session.set_aside());
  EXPECT_THAT(session.problem(), HasSubstr("the configured lab is set aside"));
}

TEST_F(SessionTest, CountsVersionsOfTheLabAndRemembersTheLast) {
  {
    Session session = start();
    EXPECT_EQ(session.current()->version, 0U);
    apply(session);
    EXPECT_EQ(session.current()->version, 1U);
    apply(session);
    EXPECT_EQ(session.current()->version, 1U) << "nothing has changed";
    Outcome restarted = propose_restart(*session.current(), "web", session.terms());
    ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(restarted))).ok());
    EXPECT_EQ(session.current()->version, 2U);
  }
  Session again = start();
  EXPECT_EQ(again.current()->version, 2U);
  EXPECT_EQ(again.current()->restarts.at("web"), 1);
  again.forget();
  ASSERT_TRUE(again.erase().ok());
  apply(again);
  EXPECT_EQ(again.current()->version, 4U) << "no lab is a version, too";
}

// "a903" has the number of "web" where nobody is before it.
TEST_F(SessionTest, LeavesEverybodyTheirNumbersWhoeverComesAndGoes) {
  const size_t at = kLab.find("sites: {") + 8;
  const std::string together = std::string(kLab).insert(
      at, "a903: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}, ");
  NumberBook before;
  {
    Session session = start();
    apply(session);
    before = session.current()->numbers;
    ASSERT_TRUE(session.adopt(proposed(session, together)).ok());
  }
  Session session = start();
  const Numbers apps = session.current()->numbers.at("apps/plan");
  EXPECT_EQ(apps.at("web"), before.at("apps/plan").at("web"));
  EXPECT_EQ(session.network()->situation.numbers, session.current()->numbers);
  ASSERT_TRUE(session.adopt(proposed(session, together)).ok());
  EXPECT_EQ(session.current()->numbers.at("apps/plan"), apps);
  apply(session);
  EXPECT_EQ(session.current()->numbers, before);
  session.forget();
  ASSERT_TRUE(session.adopt(proposed(session, together)).ok());
  EXPECT_NE(session.current()->numbers.at("apps/plan").at("web"), apps.at("web"))
      << "they do not meet";
}

TEST_F(SessionTest, RefusesAProposalThatWasMadeFromAnotherVersion) {
  Session session = start();
  apply(session);
  Proposal first = proposed(session, kLab + "# first\n");
  Proposal second = proposed(session, kLab + "# second\n");
  ASSERT_TRUE(session.adopt(std::move(first)).ok());
  const auto before = session.current();
  const Status refused = session.adopt(std::move(second));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("version 1, now 2"));
  EXPECT_EQ(session.current(), before);
  EXPECT_THAT(start().current()->text.text, HasSubstr("# first"));
}

TEST_F(SessionTest, ProposesWhatIsInForceWithoutAnalysingItAgain) {
  Session session = start();
  apply(session);
  const Proposal same = proposed(session, kLab);
  EXPECT_EQ(same.next.network, session.current()->network);
  EXPECT_EQ(same.next.desired, session.current()->desired);
  EXPECT_EQ(same.next.version, session.current()->version);
  const Proposal other = proposed(session, kLab + "# more\n");
  EXPECT_NE(other.next.network, session.current()->network);
}

TEST_F(SessionTest, StoresAnEditedLabAsTheFileThatDeclaresIt) {
  Session session = start();
  apply(session);
  const lab::Lab lab = edited(session, "serverFarms.plan.capacity", "3");
  ASSERT_TRUE(session.adopt(proposed(session, lab)).ok());
  EXPECT_EQ(session.current()->version, 2U);
  EXPECT_EQ(session.current()->leases.all().size(), 3U);
  EXPECT_TRUE(session.network()->situation.lab == lab);

  const Session again = start();
  ASSERT_NE(again.network(), nullptr) << again.problem();
  EXPECT_TRUE(again.network()->situation.lab == lab);
  EXPECT_EQ(again.current()->text, session.current()->text);
  EXPECT_EQ(again.current()->text.file, "lab.yaml");
  EXPECT_EQ(again.current()->version, 2U);
}

TEST_F(SessionTest, KeepsTheTextOfALabThatIsInForceAlready) {
  Session session = start();
  apply(session);
  const Proposal same = proposed(session, session.network()->situation.lab);
  EXPECT_EQ(same.next.text.text, kLab);
  EXPECT_EQ(same.next.network, session.current()->network);
  EXPECT_EQ(same.next.version, session.current()->version);
}

TEST_F(SessionTest, RefusesALabThatBreaksARuleAndChangesNothing) {
  Session session = start();
  apply(session);
  const auto before = session.current();
  lab::Lab lab = session.network()->situation.lab;
  lab.sites.at("web").server_farm = "plam";
  lab.server_farms.at("plan").capacity = 0;
  const Outcome outcome = propose(*before, lab, session.terms(), now());
  const Refusal& refused = std::get<Refusal>(outcome);
  EXPECT_EQ(refused.error.code, Errc::kInvalid);
  ASSERT_EQ(refused.findings.size(), 2U);
  EXPECT_EQ(refused.findings[0].to_string(),
            "error: serverFarms.plan.capacity: capacity 0 is not from 1 to 100");
  EXPECT_EQ(refused.findings[1].path, "sites.web.serverFarm");
  EXPECT_EQ(session.current(), before);
  EXPECT_EQ(start().current()->text.text, kLab);
}

TEST_F(SessionTest, RefusesAnEditedLabThatWasProposedOverAnotherVersion) {
  Session session = start();
  apply(session);
  Proposal older = proposed(session, edited(session, "serverFarms.plan.capacity", "1"));
  ASSERT_TRUE(
      session.adopt(proposed(session, edited(session, "serverFarms.plan.capacity", "3"))).ok());
  const Status refused = session.adopt(std::move(older));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::kConflict);
  EXPECT_EQ(session.network()->situation.lab.server_farms.at("plan").capacity, 3);
}

TEST_F(SessionTest, StoresServiceTagsWithALabThatNoFileDeclared) {
  lab::Lab lab;
  lab.service_tags_file = "tags.json";
  lab.service_tags = std::make_shared<const lab::ServiceTags>(lab::ServiceTags{
      {"Sql.WestEurope", {.region = "westeurope", .addresses = AddressSet({{0, 0x01ffffff}})}}});
  Session session = start();
  ASSERT_TRUE(session.adopt(proposed(session, lab)).ok());
  const Session again = start();
  ASSERT_NE(again.network(), nullptr) << again.problem();
  EXPECT_TRUE(again.network()->situation.lab == lab);
}

TEST_F(SessionTest, KeepsTheFileOfServiceTagsOfALabThatIsEdited) {
  const std::map<std::string, std::string> files{
      {"tags.json", R"({"cloud": "Public", "values": []})"}};
  Session session = start();
  Outcome sent = propose(*session.current(),
                         lab::LabText{"lab.yaml", kLab + "serviceTags: tags.json\n", files},
                         session.terms(), now());
  ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(sent))).ok());
  const lab::Lab lab = edited(session, "location", "northeurope");
  EXPECT_EQ(proposed(session, lab).next.text.files, files);
}

TEST_F(SessionTest, RefusesServiceTagsThatNoFileCanHold) {
  lab::Lab lab;
  lab.service_tags_file = "tags.json";
  lab.service_tags = std::make_shared<const lab::ServiceTags>(lab::ServiceTags{{"a b", {}}});
  const Session session = start();
  const Outcome outcome = propose(*session.current(), lab, session.terms(), now());
  EXPECT_EQ(std::get<Refusal>(outcome).error.to_string(),
            "the service tags cannot be written as a file: a tag has no name, or one of unknown "
            "characters");
}

TEST_F(SessionTest, KeepsAValueForWhoeverHoldsIt) {
  Session session = start();
  apply(session);
  const auto held = session.current();
  session.forget();
  EXPECT_EQ(session.network(), nullptr);
  EXPECT_EQ(held->network->situation.lab.sites.count("web"), 1U);
  EXPECT_FALSE(held->desired->empty());
}

TEST_F(SessionTest, KeepsTheNameServersOfASitesStartUntilItRestarts) {
  Session session = start();
  apply(session);
  EXPECT_EQ(servers_of_web(session), "168.63.129.16");
  const auto adopt = [&](const std::string& path, const std::string& value) {
    ASSERT_TRUE(session.adopt(proposed(session, edited(session, path, value))).ok());
  };
  adopt("virtualNetworks.spoke.dnsServers", "[10.1.1.9]");
  EXPECT_EQ(servers_of_web(session), "168.63.129.16");
  EXPECT_THAT(session.network()->sites.at("web").application().dns.note,
              HasSubstr("has 10.1.1.9 by now"));
  EXPECT_EQ(servers_of_web(start()), "168.63.129.16") << "the daemon's end ends no app";

  Outcome restarted = propose_restart(*session.current(), "web", session.terms());
  ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(restarted))).ok());
  EXPECT_EQ(servers_of_web(session), "10.1.1.9");
  EXPECT_EQ(session.network()->sites.at("web").application().dns.note, "");

  adopt("virtualNetworks.spoke.dnsServers", "[10.1.1.10]");
  EXPECT_EQ(servers_of_web(session), "10.1.1.9");
  adopt("sites.web.appSettings", "{GREETING: hello}");
  EXPECT_EQ(servers_of_web(session), "10.1.1.10") << "another configuration is another start";
}

TEST_F(SessionTest, ForgetsTheStartsOfAnotherLab) {
  apply_and_die_twice_at_the_start();
  Session session = start();
  ASSERT_TRUE(session.set_aside());
  std::string text = kLab;
  text.insert(text.find("    subnets:"), "    dnsServers: [10.1.1.9]\n");
  ASSERT_TRUE(session.adopt(proposed(session, text)).ok());
  EXPECT_EQ(servers_of_web(session), "10.1.1.9");
}

TEST_F(SessionTest, MovesTheClockOnAndReleasesWhatIsDueThen) {
  const ipam::TimePoint begin = now();
  const ipam::Lease releasing{.holder = {"plan", 7, {"spoke", "integration"}},
                              .address = Ipv4Address::parse("10.1.1.9").value(),
                              .state = ipam::LeaseState::kReleasing,
                              .since = begin,
                              .release_at = begin + std::chrono::hours(12)};
  ASSERT_TRUE(store::Store(folder_ / "egressd.db").save({.leases = {.stored = {releasing}}}).ok());
  Session session = start();
  apply(session);
  const auto advance = [&](std::chrono::hours by) {
    const ipam::TimePoint lab_time = session.current()->lab_time(begin);
    ASSERT_TRUE(session
                    .adopt(std::get<Proposal>(
                        propose_advance(*session.current(), by, session.terms(), lab_time)))
                    .ok());
  };
  const uint64_t version = session.current()->version;
  advance(std::chrono::hours(11));
  EXPECT_EQ(session.current()->leases.all().count(releasing.key()), 1U);
  advance(std::chrono::hours(1));
  EXPECT_EQ(session.current()->leases.all().count(releasing.key()), 0U);
  EXPECT_EQ(session.current()->version, version + 2);
  EXPECT_EQ(session.current()->leases.all().size(), 2U) << "those of the lab stay";

  const Session next = start();
  EXPECT_EQ(next.current()->lab_time(begin), begin + std::chrono::hours(12));
  EXPECT_EQ(next.current()->leases.all(), session.current()->leases.all());
}

TEST_F(SessionTest, KeepsTheClockWhenAnotherLabIsApplied) {
  Session session = start();
  apply(session);
  Outcome moved =
      propose_advance(*session.current(), std::chrono::hours(1), session.terms(), now());
  ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(moved))).ok());
  ASSERT_TRUE(session.adopt(proposed(session, testing_support::small_lab(3))).ok());
  EXPECT_EQ(session.current()->clock_offset, std::chrono::hours(1));
  session.forget();
  EXPECT_EQ(session.current()->clock_offset, std::chrono::hours(0));
}

TEST_F(SessionTest, MovesTheClockOfALabAloneAndNotBeyondItsLimit) {
  Session session = start();
  const auto refused = [&](std::chrono::seconds by) {
    const Outcome outcome = propose_advance(*session.current(), by, session.terms(), now());
    const auto* refusal = std::get_if<Refusal>(&outcome);
    return refusal == nullptr ? std::nullopt : std::optional(refusal->error.code);
  };
  EXPECT_EQ(refused(std::chrono::seconds(1)), Errc::kConflict);
  apply(session);
  EXPECT_EQ(refused(kLargestClockOffset), std::nullopt);
  EXPECT_EQ(refused(kLargestClockOffset + std::chrono::seconds(1)), Errc::kInvalid);
}

// Whoever applies it is told, and whoever has done something else is not told again.
TEST_F(SessionTest, NotesTheNamesInNetworkRulesThatMeanNobody) {
  Session session = start();
  const Proposal applied =
      proposed(session, lab::write(testing_support::with(testing_support::lab_from(kLab), R"(
virtualNetworks:
  hub: {addressPrefixes: [10.9.0.0/16], subnets: {fw: {addressPrefix: 10.9.1.0/24}}}
hosts:
  fw:
    subnet: hub/fw
    ipAddress: 10.9.1.4
    enableIPForwarding: true
    networkRules:
      api: {priority: 100, action: Allow, ipProtocols: [TCP], sourceAddresses: ["*"],
            destinationFqdns: [nobody.example.com], destinationPorts: ["443"]}
)"))
                            .value());
  EXPECT_THAT(applied.notes,
              ElementsAre("hosts.fw.networkRules.api.destinationFqdns[0]: 'nobody.example.com' has "
                          "no address for fw: it matches nothing"));
  EXPECT_EQ(applied.next.warnings.size(), 1U);
  ASSERT_TRUE(session.adopt(applied).ok());
  EXPECT_THAT(proposed(session, edited(session, "hosts.fw.stateful", "true")).notes, IsEmpty());
}

TEST_F(SessionTest, RestartsOnlySitesOfTheLab) {
  Session session = start();
  apply(session);
  const Outcome outcome = propose_restart(*session.current(), "nobody", session.terms());
  EXPECT_EQ(std::get<Refusal>(outcome).error.code, Errc::kNotFound);
}

}  // namespace
}  // namespace egress::session
