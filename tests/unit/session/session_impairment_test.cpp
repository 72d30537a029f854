// SPDX-License-Identifier: MIT
#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kTunLab = testing_support::small_tun_lab(2);
const policy::Imposed kSlow{.impairment = {.latency = std::chrono::milliseconds(20), .seed = 7}};

class ImpairmentTest : public SessionTest {
 protected:
  static Outcome imposing(const Session& session, const std::optional<policy::Imposed>& imposed,
                          const std::string& plan = "plan", std::optional<int> instance = {}) {
    return propose_impairment(*session.current(), plan, instance, imposed, session.terms(), now());
  }
  static void impose(Session& session, const std::optional<policy::Imposed>& imposed,
                     std::optional<int> instance = {}) {
    Outcome outcome = imposing(session, imposed, "plan", instance);
    ASSERT_TRUE(std::holds_alternative<Proposal>(outcome));
    ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(outcome))).ok());
  }
  static policy::Imposed until(ipam::TimePoint end) {
    policy::Imposed imposed = kSlow;
    imposed.until_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(end.time_since_epoch()).count();
    return imposed;
  }
  static void apply_tun(Session& session) {
    ASSERT_TRUE(session.adopt(proposed(session, kTunLab)).ok());
  }
};

TEST_F(ImpairmentTest, IsPutOnOneInstanceOrOnAll) {
  Session session = start();
  apply_tun(session);
  const uint64_t version = session.current()->version;
  impose(session, kSlow, 1);
  EXPECT_EQ(session.current()->imposed, (ImposedOnWires{{{"plan", 1}, kSlow}}));
  EXPECT_EQ(session.current()->version, version + 1);
  EXPECT_EQ(session.network()->situation.imposed, session.current()->imposed);
  impose(session, kSlow);
  EXPECT_THAT(session.current()->imposed, SizeIs(2));
  impose(session, kSlow);
  EXPECT_EQ(session.current()->version, version + 2) << "it is so already";
  impose(session, std::nullopt, 0);
  EXPECT_EQ(session.current()->imposed, (ImposedOnWires{{{"plan", 1}, kSlow}}));
  impose(session, std::nullopt);
  EXPECT_THAT(session.current()->imposed, IsEmpty());
}

TEST_F(ImpairmentTest, OutlivesTheDaemonButNotItsEnd) {
  Session session = start();
  apply_tun(session);
  const policy::Imposed lasting = until(now() + std::chrono::hours(1));
  impose(session, lasting, 0);
  impose(session, until(now() + std::chrono::milliseconds(1)), 1);
  while (now() < ipam::TimePoint(std::chrono::milliseconds(
                     session.current()->imposed.at({"plan", 1}).until_ms))) {
  }
  const Session next = start();
  EXPECT_EQ(next.current()->imposed, (ImposedOnWires{{{"plan", 0}, lasting}}));
}

TEST_F(ImpairmentTest, EndsByTheMachinesClockHoweverFarTheLabsIsMovedOn) {
  Session session = start();
  apply_tun(session);
  impose(session, until(now() + std::chrono::hours(1)));
  Outcome moved = propose_advance(*session.current(), std::chrono::hours(30), session.terms(),
                                  session.current()->lab_time(now()));
  ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(moved))).ok());
  Outcome again = propose(*session.current(), {.file = "lab.yaml", .text = kTunLab + "\n"},
                          session.terms(), session.current()->lab_time(now()));
  EXPECT_THAT(std::get<Proposal>(again).next.imposed, SizeIs(2));
}

TEST_F(ImpairmentTest, StaysThroughAnApplyWhereThePlanStillHasSuchWires) {
  Session session = start();
  apply_tun(session);
  impose(session, kSlow);
  ASSERT_TRUE(session.adopt(proposed(session, testing_support::small_tun_lab(3))).ok());
  EXPECT_THAT(session.current()->imposed, SizeIs(2));
  ASSERT_TRUE(session.adopt(proposed(session, testing_support::small_tun_lab(1))).ok());
  EXPECT_THAT(session.current()->imposed, SizeIs(1)) << "an instance is gone";
  ASSERT_TRUE(session.adopt(proposed(session, kLab)).ok());
  EXPECT_THAT(session.current()->imposed, IsEmpty()) << "they are veth links now";
}

TEST_F(ImpairmentTest, IsRefusedWhereThereAreNoWires) {
  Session session = start();
  const auto refusal = [&](const std::string& plan, std::optional<int> instance = {}) {
    Outcome outcome = imposing(session, kSlow, plan, instance);
    const Refusal* refused = std::get_if<Refusal>(&outcome);
    EXPECT_NE(refused, nullptr);
    return refused == nullptr ? Refusal{} : *refused;
  };
  EXPECT_EQ(refusal("plan").error.code, Errc::kConflict);
  apply(session);
  EXPECT_EQ(refusal("plan").code, kNeedsTun);
  EXPECT_EQ(refusal("plan").error.message, "server farm 'plan' needs interface: tun");
  EXPECT_EQ(refusal("nobody").error.code, Errc::kNotFound);
  apply_tun(session);
  EXPECT_EQ(refusal("plan", 2).error.code, Errc::kNotFound);
  EXPECT_EQ(refusal("plan", 2).error.message, "server farm 'plan' has no instance 2");
}

}  // namespace
}  // namespace egress::session
