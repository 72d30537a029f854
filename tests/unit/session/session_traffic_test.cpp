// SPDX-License-Identifier: MIT
#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

TEST_F(SessionTest, KeepsTheClassesOfTrafficInWhichSomebodyRunsForAsLongAsTheirSiteIsThere) {
  Session session = start();
  const auto asking = [&](const std::string& site) {
    return propose_traffic(*session.current(), site, lab::TrafficClass::kImagePull,
                           session.terms());
  };
  EXPECT_EQ(std::get<Refusal>(asking("web")).error.code, Errc::kConflict);
  apply(session);
  EXPECT_EQ(std::get<Refusal>(asking("nobody")).error.code, Errc::kNotFound);
  const uint64_t version = session.current()->version;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(session.adopt(std::get<Proposal>(asking("WEB"))).ok());
    EXPECT_EQ(session.current()->version, version + 1);
    EXPECT_EQ(session.current()->desired->count("eg-app-web-0-image-pull"), 1U);
  }
  EXPECT_TRUE(start().network()->sites.at("web").sends(lab::TrafficClass::kImagePull));

  ASSERT_TRUE(session.adopt(proposed(session, testing_support::small_lab(3))).ok());
  EXPECT_EQ(session.current()->desired->count("eg-app-web-2-image-pull"), 1U);
  std::string renamed = kLab;
  renamed.replace(renamed.find("{web:"), 5, "{api:");
  ASSERT_TRUE(session.adopt(proposed(session, renamed)).ok());
  ASSERT_TRUE(session.adopt(proposed(session, kLab)).ok());
  EXPECT_FALSE(session.network()->sites.at("web").sends(lab::TrafficClass::kImagePull));
}

TEST_F(SessionTest, RefusesAClassOfTrafficWhoseNamespacesWouldBeTooMany) {
  Session session({.prefix = "eg", .limits = {.namespaces = 11}},
                  store::Store(folder_ / "egressd.db"));
  apply(session);
  const auto refused = [&](lab::TrafficClass traffic) {
    return std::holds_alternative<Refusal>(
        propose_traffic(*session.current(), "web", traffic, session.terms()));
  };
  EXPECT_FALSE(refused(lab::TrafficClass::kImagePull));
  EXPECT_TRUE(refused(lab::TrafficClass::kKeyVault)) << "which has two for each instance";
}

}  // namespace
}  // namespace egress::session
