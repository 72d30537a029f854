// SPDX-License-Identifier: MIT
// What operations make of the lab in force, and what is refused between it and another one.

#include "lab/azure_texts.hpp"
#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

using lifecycle::Connect;
using lifecycle::Delete;
using lifecycle::Disconnect;
using lifecycle::Operation;
using lifecycle::Purge;
using lifecycle::Scale;
using lifecycle::Set;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const lab::SubnetRef kSubnet{"spoke", "integration"};
const lifecycle::OrphanedLink kOrphan{kSubnet, "plan", "web"};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

class SessionOperationTest : public SessionTest {
 protected:
  SessionOperationTest() { apply(session_); }

  Proposal proposal(const Operation& operation) const {
    Outcome proposed = outcome_of(session_, operation);
    if (auto* refusal = std::get_if<Refusal>(&proposed)) ADD_FAILURE() << refusal->error.message;
    return std::get<Proposal>(std::move(proposed));
  }
  Refusal refused(const Operation& operation) const {
    Outcome proposed = outcome_of(session_, operation);
    EXPECT_TRUE(std::holds_alternative<Refusal>(proposed));
    return std::get<Refusal>(std::move(proposed));
  }
  Refusal refused(const std::string& text) const {
    Outcome proposed =
        propose(*session_.current(), {.file = "lab.yaml", .text = text}, session_.terms(), now());
    EXPECT_TRUE(std::holds_alternative<Refusal>(proposed));
    return std::get<Refusal>(std::move(proposed));
  }
  void operate(const Operation& operation) {
    ASSERT_TRUE(session_.adopt(proposal(operation)).ok());
    expect_remembered(session_);
  }
  void apply_text(const std::string& text) {
    ASSERT_TRUE(session_.adopt(proposed(session_, text)).ok());
    expect_remembered(session_);
  }
  const lab::Lab& lab() const { return session_.network()->situation.lab; }
  const std::set<lifecycle::OrphanedLink>& orphans() const {
    return session_.current()->life.orphans;
  }

  Session session_ = start();
};

TEST_F(SessionOperationTest, MakesTheLabAnotherOneThatIsStoredAsItsFile) {
  const Proposal scaled = proposal(Scale{.server_farm = "PLAN", .capacity = 3});
  EXPECT_TRUE(scaled.lab_changed);
  EXPECT_THAT(scaled.effects.scalings, ElementsAre(lifecycle::Scaling{.server_farm = "plan",
                                                                      .capacity_before = 2,
                                                                      .capacity = 3,
                                                                      .sku_before = "P1v3",
                                                                      .sku = "P1v3"}));
  EXPECT_THAT(scaled.effects.restarts, IsEmpty());
  operate(Scale{.server_farm = "plan", .capacity = 3});
  EXPECT_EQ(session_.current()->version, 2U);
  EXPECT_EQ(session_.current()->leases.all().size(), 3U);
  EXPECT_EQ(session_.current()->text.file, "lab.yaml");
  EXPECT_THAT(session_.current()->text.text, HasSubstr(R"("capacity": 3)"));
}

TEST_F(SessionOperationTest, ChangesNothingWhereItIsSoAlready) {
  for (const Operation& operation :
       {Operation(Scale{.server_farm = "plan", .capacity = 2}), Operation(Connect{"web", kSubnet}),
        Operation(Set{"serverFarms.plan.capacity", "2"}), Operation(Purge{kSubnet})}) {
    if (std::holds_alternative<Purge>(operation)) operate(Disconnect{"web"});
    const auto before = session_.current();
    const Proposal same = proposal(operation);
    EXPECT_FALSE(same.lab_changed);
    EXPECT_EQ(same.next.version, before->version) << lifecycle::to_text(operation);
    EXPECT_EQ(same.next.text, before->text);
    EXPECT_EQ(same.next.network, before->network);
    EXPECT_EQ(same.next.journal, before->journal);
  }
}

TEST_F(SessionOperationTest, RestartsWhatIsConnectedOrDisconnectedAndNothingElse) {
  apply_text(replaced(kLab, "sites: {", "sites: {api: {serverFarm: plan}, "));
  const Proposal disconnecting = proposal(Disconnect{"WEB"});
  EXPECT_THAT(disconnecting.effects.restarts, ElementsAre("web"));
  operate(Disconnect{"web"});
  EXPECT_EQ(session_.current()->restarts, (store::Generations{{"web", 1}}));
  EXPECT_THAT(session_.current()->leases.all(), IsEmpty());
  EXPECT_TRUE(is_integration_subnet(*lab().find(kSubnet))) << "the delegation stays";
  operate(Connect{"web", kSubnet});
  EXPECT_EQ(session_.current()->restarts, (store::Generations{{"web", 2}}));
  operate(Scale{.server_farm = "plan", .capacity = 1});
  EXPECT_EQ(session_.current()->restarts, (store::Generations{{"web", 2}}));
}

TEST_F(SessionOperationTest, GivesASiteThatAFileMovesNewInterfacesToo) {
  const Proposal moved =
      proposed(session_, replaced(kLab, ", virtualNetworkSubnet: spoke/integration", ""));
  EXPECT_THAT(moved.effects.restarts, ElementsAre("web"));
  EXPECT_EQ(moved.next.restarts, (store::Generations{{"web", 1}}));
}

TEST_F(SessionOperationTest, RefusesInAzuresWordsAndChangesNothing) {
  const auto before = session_.current();
  const Refusal refusal = refused(Delete{"subnet", "spoke/integration"});
  EXPECT_EQ(refusal.error.code, Errc::kConflict);
  EXPECT_EQ(refusal.code, "InUseSubnetCannotBeDeleted");
  EXPECT_THAT(refusal.error.message, HasSubstr("/serviceAssociationLinks/AppServiceLink"));
  ASSERT_FALSE(refusal.findings.empty());
  const lab::Finding& finding = refusal.findings.front();
  EXPECT_EQ(finding.code, refusal.code);
  EXPECT_EQ(finding.message, refusal.error.message);
  EXPECT_EQ(finding.path, "virtualNetworks.spoke.subnets.integration");
  EXPECT_THAT(finding.hint, HasSubstr("disconnect web first"));
  EXPECT_EQ(finding.file, "") << "no file is at fault";
  EXPECT_EQ(session_.current(), before);
}

// Which does not load either: the site names a subnet that is not there.
TEST_F(SessionOperationTest, TellsOfAFileWhatTheTransitionRefusesFirst) {
  const std::string text = replaced(
      kLab,
      "integration: {addressPrefix: 10.1.1.0/28, delegations: [Microsoft.Web/serverFarms],\n"
      "                    networkSecurityGroup: nsg}",
      "other: {addressPrefix: 10.1.1.0/28}");
  const Refusal refusal = refused(text);
  EXPECT_EQ(refusal.code, "InUseSubnetCannotBeDeleted");
  ASSERT_THAT(refusal.findings, SizeIs(2));
  EXPECT_THAT(
      refusal.findings[0].to_string(),
      ::testing::StartsWith("lab.yaml:6:5: error: virtualNetworks.spoke.subnets.integration: "
                            "Subnet integration is in use by "));
  EXPECT_EQ(refusal.findings[1].path, "sites.web.virtualNetworkSubnet");
  EXPECT_THAT(refusal.transition, IsEmpty()) << "nothing can be said of such a lab";
}

TEST_F(SessionOperationTest, SaysOfAValidFileWhatItWouldHaveBeen) {
  const Refusal refusal = refused(replaced(kLab, "10.1.1.0/28", "10.1.1.0/27"));
  EXPECT_EQ(refusal.code, "InUsePrefixCannotBeDeleted");
  ASSERT_THAT(refusal.transition, SizeIs(1));
  ASSERT_NE(refusal.lab, nullptr);
  EXPECT_EQ(refusal.lab->find(kSubnet)->address_prefixes.front().to_string(), "10.1.1.0/27");
  EXPECT_EQ(refusal.findings.front().line, 7);
}

TEST_F(SessionOperationTest, NamesTheRuleThatItBreaks) {
  const Refusal refusal = refused(Scale{.server_farm = "plan", .capacity = 500});
  EXPECT_EQ(refusal.error.code, Errc::kInvalid);
  EXPECT_EQ(refusal.code, "capacity");
  EXPECT_EQ(refusal.error.message, "capacity 500 is not from 1 to 100");
  EXPECT_EQ(refusal.findings.front().path, "serverFarms.plan.capacity");
}

TEST_F(SessionOperationTest, NeedsALabThatHasWhatItNames) {
  EXPECT_EQ(refused(Disconnect{"nobody"}).error.code, Errc::kNotFound);
  const Refusal kind = refused(Delete{"subnets", "spoke/data"});
  EXPECT_EQ(kind.error.code, Errc::kInvalid);
  const LabInForce none;
  const Outcome outcome = propose_operation(none, Disconnect{"web"}, session_.terms(), now());
  EXPECT_EQ(std::get<Refusal>(outcome).error.message, "no lab is in force");
}

TEST_F(SessionOperationTest, LeavesTheLinkOfADeletedSiteUntilItIsPurged) {
  operate(Delete{"site", "web"});
  EXPECT_THAT(orphans(), ElementsAre(kOrphan));
  EXPECT_THAT(session_.current()->leases.all(), IsEmpty());
  const Refusal refusal = refused(Delete{"subnet", "spoke/integration"});
  EXPECT_EQ(refusal.code, "InUseSubnetCannotBeDeleted");
  EXPECT_THAT(refusal.findings.front().hint, HasSubstr("egressctl purge spoke/integration"));

  const Proposal purged = proposal(Purge{kSubnet});
  EXPECT_THAT(purged.notes, ElementsAre(lab::kPurged));
  EXPECT_THAT(purged.effects.taken_away, ElementsAre(kOrphan));
  EXPECT_FALSE(purged.lab_changed);
  EXPECT_EQ(purged.next.desired, session_.current()->desired);
  operate(Purge{kSubnet});
  EXPECT_THAT(orphans(), IsEmpty());
  operate(Delete{"subnet", "spoke/integration"});
  EXPECT_EQ(lab().find(kSubnet), nullptr);
}

TEST_F(SessionOperationTest, TakesTheLinkAwayWithASiteThatIsRecreatedAndDisconnected) {
  operate(Delete{"site", "web"});
  operate(Set{"sites.web", "{serverFarm: plan, virtualNetworkSubnet: spoke/integration}"});
  EXPECT_THAT(orphans(), IsEmpty()) << "it has its link back";
  operate(Disconnect{"web"});
  EXPECT_THAT(orphans(), IsEmpty());
  operate(Delete{"subnet", "spoke/integration"});
}

TEST_F(SessionOperationTest, DisconnectsASiteThatAFileDropsFirst) {
  apply_text(replaced(
      kLab, "sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}}\n", ""));
  EXPECT_THAT(orphans(), IsEmpty());
}

TEST_F(SessionOperationTest, ForgetsWhatStoodBesideALabThatIsTakenDown) {
  operate(Delete{"site", "web"});
  session_.forget();
  EXPECT_THAT(orphans(), IsEmpty());
  EXPECT_THAT(session_.current()->journal, IsEmpty());
  ASSERT_TRUE(session_.erase().ok());
  EXPECT_EQ(start().current()->life, lifecycle::State());
}

TEST_F(SessionOperationTest, WritesDownWhatItChangedUntilAFileIsApplied) {
  operate(Scale{.server_farm = "plan", .capacity = 3});
  operate(Set{"sites.web.appSettings.GREETING", "hello"});
  const lifecycle::Journal& journal = session_.current()->journal;
  ASSERT_THAT(journal, SizeIs(2));
  EXPECT_EQ(journal[0].operation, "scale plan --capacity 3");
  EXPECT_THAT(journal[0].changes,
              ElementsAre(lab::Difference{"serverFarms.plan.capacity", "2", "3"}));
  EXPECT_EQ(journal[1].operation, "set sites.web.appSettings.GREETING hello");

  const uint64_t version = session_.current()->version;
  const lab::LabText exported = session_.current()->text;
  Outcome again = propose(*session_.current(), exported, session_.terms(), now());
  ASSERT_TRUE(session_.adopt(std::get<Proposal>(std::move(again))).ok());
  EXPECT_THAT(session_.current()->journal, IsEmpty());
  EXPECT_EQ(session_.current()->version, version + 1);
  expect_remembered(session_);
}

TEST_F(SessionOperationTest, NoRuleRefusesTheLabThatWasInForce) {
  operate(Set{"roleAssignments", "[]"});
  EXPECT_EQ(refused(Set{"sites.web.appSettings", "{A: b}"}).code, "LinkedAuthorizationFailed");
  const Session next = start();
  ASSERT_NE(next.network(), nullptr) << next.problem();
  EXPECT_TRUE(next.network()->situation.lab == lab());
}

TEST_F(SessionOperationTest, CountsAddressesThatWait) {
  apply_text(
      replaced(testing_support::small_lab(11), "outboundIp", "releaseDelay: 12h\noutboundIp"));
  operate(Scale{.server_farm = "plan", .capacity = 1});
  EXPECT_THAT(session_.current()->leases.waiting(now()), SizeIs(10));
  const Refusal refusal = refused(Scale{.server_farm = "plan", .capacity = 2});
  EXPECT_EQ(refusal.error.code, Errc::kConflict);
  EXPECT_EQ(refusal.code, "Conflict");
  EXPECT_THAT(refusal.error.message, HasSubstr("Insufficient address space remaining"));

  Outcome later =
      propose_advance(*session_.current(), std::chrono::hours(12), session_.terms(), now());
  ASSERT_TRUE(session_.adopt(std::get<Proposal>(std::move(later))).ok());
  Outcome fits = propose_operation(*session_.current(), Scale{.server_farm = "plan", .capacity = 2},
                                   session_.terms(), session_.current()->lab_time(now()));
  EXPECT_TRUE(std::holds_alternative<Proposal>(fits));
}

TEST_F(SessionOperationTest, IsRefusedWhenAnotherOneWasFaster) {
  Proposal late = proposal(Scale{.server_farm = "plan", .capacity = 3});
  operate(Scale{.server_farm = "plan", .capacity = 4});
  EXPECT_EQ(session_.adopt(std::move(late)).error().code, Errc::kConflict);
  EXPECT_EQ(lab().server_farms.at("plan").capacity, 4);
}

}  // namespace
}  // namespace egress::session
