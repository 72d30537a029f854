// SPDX-License-Identifier: MIT
#include "egressd/session.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/egressd/folder.hpp"

namespace egress::daemon {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets: {integration: {addressPrefix: 10.1.1.0/28, delegations: [Microsoft.Web/serverFarms]}}
serverFarms: {plan: {sku: P1v3, capacity: 2}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}}
)";

class SessionTest : public ::testing::Test {
 protected:
  // As a process that starts.
  Session start() const {
    Session session("eg", ipam::Store(folder_ / "egressd.db"));
    EXPECT_TRUE(session.restore(now()).ok());
    return session;
  }
  static ipam::TimePoint now() { return std::chrono::system_clock::now(); }
  static void apply(Session& session) {
    auto proposed = session.propose({.file = "lab.yaml", .text = kLab}, now());
    ASSERT_TRUE(std::holds_alternative<Proposal>(proposed));
    ASSERT_TRUE(session.adopt(std::get<Proposal>(std::move(proposed))).ok());
  }
  void apply_and_die_twice_at_the_start() const {
    Session session = start();
    apply(session);
    for (int i = 0; i < 2; ++i) EXPECT_NE(start().network(), nullptr);
  }

  Folder folder_{};
};

TEST_F(SessionTest, SetsALabAsideThatEndedTheDaemonTwice) {
  apply_and_die_twice_at_the_start();
  const Session third = start();
  EXPECT_TRUE(third.set_aside());
  EXPECT_EQ(third.network(), nullptr);
  EXPECT_THAT(third.problem(), HasSubstr("lab.yaml is set aside"));
  EXPECT_THAT(third.problem(), HasSubstr("egressctl down"));
  EXPECT_EQ(third.leases().all().size(), 2U);
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
    EXPECT_TRUE(session.begin_start().ok());
    EXPECT_TRUE(session.begin_start().ok());
  }
  const Session session = start();
  EXPECT_TRUE(session.set_aside());
  EXPECT_THAT(session.problem(), HasSubstr("the configured lab is set aside"));
}

}  // namespace
}  // namespace egress::daemon
