// SPDX-License-Identifier: MIT
// By way of what a lab comes into force after another.

#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using testing_support::small_lab_turned;

class SessionMeanwhileTest : public SessionTest {
 protected:
  void adopt(const std::string& text) {
    ASSERT_TRUE(session_.adopt(proposed(session_, text)).ok());
  }
  const state::Firewalls& meanwhile() const { return *session_.current()->meanwhile; }

  Session session_ = start();
};

TEST_F(SessionMeanwhileTest, HoldsBackWhatGetsLooserWhereSomethingElseGetsStricter) {
  adopt(kLab);
  EXPECT_THAT(meanwhile(), IsEmpty()) << "nothing was there before";
  adopt(small_lab_turned(2));
  EXPECT_THAT(meanwhile(), ElementsAre(Key("eg-vnet-spoke")));
  EXPECT_NE(meanwhile().at("eg-vnet-spoke"),
            *session_.current()->desired->at("eg-vnet-spoke")->firewall);
}

TEST_F(SessionMeanwhileTest, IsForgottenWithTheNextChangeAndWithTheProcess) {
  adopt(kLab);
  adopt(small_lab_turned(2));
  EXPECT_THAT(*start().current()->meanwhile, IsEmpty());
  Outcome later =
      propose_advance(*session_.current(), std::chrono::seconds(60), session_.terms(), now());
  ASSERT_TRUE(session_.adopt(std::get<Proposal>(std::move(later))).ok());
  EXPECT_THAT(meanwhile(), IsEmpty());
}

}  // namespace
}  // namespace egress::session
