// SPDX-License-Identifier: MIT
// A plan of another size: its new instances beside the old ones, in their place, and alone.

#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

using lab::OutgoingInstances;
using lifecycle::Operation;
using lifecycle::Scale;
using lifecycle::Set;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using testing_support::small_lab;

const Operation kBigger = Scale{.server_farm = "plan", .sku = "P2v3"};

class SessionStagesTest : public SessionTest {
 protected:
  SessionStagesTest() { apply(session_); }

  void adopt(Outcome outcome) {
    if (auto* refusal = std::get_if<Refusal>(&outcome)) FAIL() << refusal->error.to_string();
    ASSERT_TRUE(session_.adopt(std::get<Proposal>(std::move(outcome))).ok());
    expect_remembered(session_);
  }
  void operate(const Operation& operation) { adopt(outcome_of(session_, operation)); }
  void move_on() { adopt(propose_stage(*session_.current(), session_.terms(), now())); }
  void start_with(const std::string& text) {
    ASSERT_TRUE(session_.adopt(proposed(session_, text)).ok());
  }
  const LabInForce& current() const { return *session_.current(); }
  lab::PlanInstances plan() const { return current().life.instances.at("plan"); }
  size_t held() const { return current().leases.addresses().size(); }
  std::string address_of_web(int incarnation = lab::kServing) const {
    const lab::Sender web{.site = "web", .instance = 0, .incarnation = incarnation};
    return session_.network()->find(web)->lease->to_string();
  }

  Session session_ = start();
};

TEST_F(SessionStagesTest, FollowEachOtherAndSurviveTheDaemonInBetween) {
  operate(kBigger);
  EXPECT_EQ(plan(), (lab::PlanInstances{1, OutgoingInstances{2, true, "P1v3"}}));
  EXPECT_EQ(held(), 4U);
  EXPECT_EQ(address_of_web(), "10.1.1.4");
  EXPECT_EQ(address_of_web(1), "10.1.1.6");
  EXPECT_THAT(*current().desired, Contains(Key("eg-app-web-1-next")));
  EXPECT_THAT(*current().renames, IsEmpty());
  move_on();
  EXPECT_EQ(plan(), (lab::PlanInstances{1, OutgoingInstances{2, false, "P1v3"}}));
  EXPECT_EQ(held(), 4U);
  EXPECT_EQ(address_of_web(), "10.1.1.6");
  move_on();
  EXPECT_EQ(plan(), (lab::PlanInstances{1, {}}));
  EXPECT_EQ(held(), 2U);
  EXPECT_EQ(address_of_web(), "10.1.1.6");
  EXPECT_THAT(*current().desired, Not(Contains(Key("eg-app-web-1-next"))));
  EXPECT_THAT(*current().renames, Contains(Pair("eg-app-web-1-next", "eg-app-web-1")));
  const uint64_t version = current().version;
  move_on();
  EXPECT_EQ(current().version, version) << "nothing is left to do";
}

TEST_F(SessionStagesTest, BeginWithAFileToo) {
  const std::string bigger = small_lab(3);
  std::string text = bigger;
  start_with(text.replace(text.find("P1v3"), 4, "P2v3"));
  EXPECT_EQ(plan(), (lab::PlanInstances{1, OutgoingInstances{2, true, "P1v3"}}));
  EXPECT_EQ(held(), 5U) << "two old ones and three new ones";
}

TEST_F(SessionStagesTest, AreSaidInTheEffectsOfTheOperation) {
  Outcome proposed = outcome_of(session_, kBigger);
  const auto& effects = std::get<Proposal>(proposed).effects;
  ASSERT_THAT(effects.scalings, SizeIs(1));
  EXPECT_TRUE(effects.scalings[0].all_new);
  EXPECT_THAT(effects.restarts, IsEmpty());
  EXPECT_THAT(std::get<Proposal>(proposed).leases.stored, SizeIs(2));
}

TEST_F(SessionStagesTest, LetAPlanAloneThatIsBeingScaled) {
  operate(kBigger);
  for (const Operation& operation : {Operation(Scale{.server_farm = "plan", .sku = "P1v3"}),
                                     Operation(Scale{.server_farm = "plan", .capacity = 3})}) {
    Outcome refused = outcome_of(session_, operation);
    ASSERT_TRUE(std::holds_alternative<Refusal>(refused));
    EXPECT_EQ(std::get<Refusal>(refused).error.code, Errc::kConflict);
    EXPECT_EQ(std::get<Refusal>(refused).code, "scaling-in-progress");
  }
  operate(Set{"sites.web.appSettings.A", "b"});
  EXPECT_TRUE(plan().outgoing.has_value()) << "other operations come in between";
  move_on();
  operate(Set{"sites.web.appSettings.A", "c"});
  move_on();
  operate(Scale{.server_farm = "plan", .capacity = 3});
  EXPECT_EQ(plan(), (lab::PlanInstances{1, {}}));
}

// The subnet has eleven addresses.
TEST_F(SessionStagesTest, NeedTwiceAsManyAddresses) {
  start_with(small_lab(6));
  Outcome refused = outcome_of(session_, kBigger);
  ASSERT_TRUE(std::holds_alternative<Refusal>(refused));
  EXPECT_EQ(std::get<Refusal>(refused).code, "Conflict");
  EXPECT_THAT(std::get<Refusal>(refused).error.message,
              ::testing::StartsWith("App Service Plan scaling operation failed. Insufficient "
                                    "address space remaining in VNet(s): "));
  EXPECT_THAT(current().life.instances, IsEmpty());
  start_with(small_lab(5));
  operate(kBigger);
  EXPECT_EQ(held(), 10U);
}

TEST_F(SessionStagesTest, AreRefusedBeforeAnythingIsStoredWhenBothSetsAreTooMany) {
  Terms terms = session_.terms();
  terms.limits.namespaces = current().desired->size();
  Outcome refused = propose_operation(current(), kBigger, terms, now());
  ASSERT_TRUE(std::holds_alternative<Refusal>(refused));
  ASSERT_THAT(std::get<Refusal>(refused).findings, SizeIs(1));
  EXPECT_EQ(std::get<Refusal>(refused).findings[0].code, "too-large");
}

TEST_F(SessionStagesTest, KeepAddressesThatAreLeftForTheirDelay) {
  start_with("releaseDelay: 1h\n" + small_lab(2));
  operate(kBigger);
  move_on();
  EXPECT_THAT(current().leases.waiting(now()), IsEmpty());
  move_on();
  EXPECT_THAT(current().leases.waiting(now()), SizeIs(2));
}

TEST_F(SessionStagesTest, AskTheNameServersThatTheNetworkHasOnceTheNewOnesServe) {
  operate(Set{"virtualNetworks.spoke.dnsServers", "[10.1.2.4]"});
  EXPECT_EQ(servers_of_web(session_), "168.63.129.16") << "those of its start";
  operate(kBigger);
  EXPECT_EQ(servers_of_web(session_), "168.63.129.16");
  move_on();
  EXPECT_EQ(servers_of_web(session_), "10.1.2.4");
}

TEST_F(SessionStagesTest, LeaveOnNewWiresWhatTheLabSays) {
  const policy::Imposed slow{.impairment = {.latency = std::chrono::milliseconds(20), .seed = 7}};
  const auto impose = [&](const std::optional<policy::Imposed>& imposed) {
    adopt(propose_impairment(current(), "plan", 0, imposed, session_.terms(), now()));
  };
  start_with(testing_support::small_tun_lab(2));
  impose(slow);
  operate(kBigger);
  EXPECT_THAT(current().imposed, testing::ElementsAre(Key(policy::WorkerKey{"plan", 0, 0})));
  impose(slow);
  EXPECT_THAT(current().imposed, testing::ElementsAre(Key(policy::WorkerKey{"plan", 0, 0}),
                                                      Key(policy::WorkerKey{"plan", 0, 1})));
  move_on();
  move_on();
  EXPECT_THAT(current().imposed, testing::ElementsAre(Key(policy::WorkerKey{"plan", 0, 1})));
  impose({});
  EXPECT_THAT(current().imposed, IsEmpty());
}

TEST_F(SessionStagesTest, AreLeftToALabInForceAlone) {
  const LabInForce none;
  const Outcome refused = propose_stage(none, session_.terms(), now());
  EXPECT_EQ(std::get<Refusal>(refused).error.code, Errc::kConflict);
  const Outcome nothing = propose_stage(current(), session_.terms(), now());
  EXPECT_EQ(std::get<Proposal>(nothing).next.version, current().version);
}

TEST_F(SessionStagesTest, EndWithTheirPlan) {
  start_with(small_lab(2));
  operate(Set{"serverFarms.other", "{capacity: 1}"});
  operate(Scale{.server_farm = "other", .sku = "P2v3"});
  operate(lifecycle::Delete{"serverFarm", "other"});
  EXPECT_THAT(current().life.instances, IsEmpty());
  EXPECT_THAT(*current().desired, Not(Contains(Key("eg-worker-other-0-next"))));
}

}  // namespace
}  // namespace egress::session
