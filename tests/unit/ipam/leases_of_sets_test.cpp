// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "base/guid.hpp"
#include "ipam/leases.hpp"
#include "tests/unit/ipam/plans.hpp"

namespace egress::ipam {
namespace {

using std::chrono::hours;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const TimePoint kNoon{hours(500000)};

lab::Instances scaled(int incarnation, std::optional<lab::OutgoingInstances> outgoing) {
  return {{"plan", {.incarnation = incarnation, .outgoing = std::move(outgoing)}}};
}

PlansLab on_28(int capacity, std::chrono::seconds delay = {}) {
  return PlansLab().subnet("a", {"10.1.1.0/28"}).delay(delay).app("plan", capacity, "a");
}

struct SetsOfLeases : ::testing::Test {
  Status take(const lab::Lab& lab, const lab::Instances& instances, TimePoint now = kNoon) {
    ASSIGN_OR_RETURN(const LeaseChange change, leases.plan(lab, instances, now));
    leases.commit(change);
    return {};
  }
  Ipv4Address held(int instance, int incarnation) const {
    return leases.addresses().at({"plan", instance, ref("a"), incarnation});
  }

  Leases leases{};
};

TEST_F(SetsOfLeases, AreHeldBesideEachOtherUntilOneIsAlone) {
  ASSERT_TRUE(take(on_28(2), {}).ok());
  ASSERT_TRUE(take(on_28(3), scaled(1, lab::OutgoingInstances{2})).ok());
  EXPECT_THAT(leases.addresses(), SizeIs(5));
  EXPECT_EQ(held(1, 0), ip("10.1.1.5"));
  EXPECT_EQ(held(0, 1), ip("10.1.1.6"));
  const auto both = leases.addresses();
  ASSERT_TRUE(take(on_28(3), scaled(1, lab::OutgoingInstances{2, false})).ok());
  EXPECT_EQ(leases.addresses(), both) << "who serves changes nobody's address";
  ASSERT_TRUE(take(on_28(3), scaled(1, {})).ok());
  EXPECT_THAT(leases.all(), SizeIs(3));
  EXPECT_EQ(held(0, 1), ip("10.1.1.6"));
}

// Twice as many must fit, of 11 (azure-facts 3.2.3, 3.2.6).
TEST_F(SetsOfLeases, AreRefusedExactlyWhenTwiceAsManyDoNotFit) {
  ASSERT_TRUE(take(on_28(5), {}).ok());
  EXPECT_TRUE(take(on_28(5), scaled(1, lab::OutgoingInstances{5})).ok());
  leases = {};
  ASSERT_TRUE(take(on_28(6), {}).ok());
  const auto before = leases.all();
  const Status refused = take(on_28(6), scaled(1, lab::OutgoingInstances{6}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::kConflict);
  EXPECT_EQ(refused.error().message,
            "App Service Plan scaling operation failed. Insufficient address space remaining in "
            "VNet(s): " +
                guid_of("spoke") + "_a.");
  EXPECT_EQ(leases.all(), before);
}

TEST_F(SetsOfLeases, CountTheOthersOnTheSubnetAndThoseThatWait) {
  PlansLab lab = on_28(3, hours(12));
  lab.app("other", 5, "a");
  ASSERT_TRUE(take(lab, {}).ok());
  EXPECT_TRUE(take(lab, scaled(1, lab::OutgoingInstances{3})).ok()) << "11 of 11";
  ASSERT_TRUE(take(lab, scaled(1, {})).ok());
  EXPECT_THAT(leases.waiting(kNoon), SizeIs(3));
  EXPECT_FALSE(take(lab, scaled(2, lab::OutgoingInstances{3})).ok()) << "3 of 11 wait";
  EXPECT_TRUE(take(lab, scaled(2, lab::OutgoingInstances{3}), kNoon + hours(12)).ok());
}

TEST_F(SetsOfLeases, WaitForTheDelayWhenTheyGoAndAreGivenToNobody) {
  ASSERT_TRUE(take(on_28(2, hours(12)), {}).ok());
  ASSERT_TRUE(take(on_28(2, hours(12)), scaled(1, lab::OutgoingInstances{2})).ok());
  ASSERT_TRUE(take(on_28(2, hours(12)), scaled(1, {})).ok());
  ASSERT_THAT(leases.waiting(kNoon), SizeIs(2));
  EXPECT_EQ(leases.waiting(kNoon)[0].holder, (lab::Integration{"plan", 0, ref("a")}));
  EXPECT_EQ(leases.waiting(kNoon)[0].release_at, kNoon + hours(12));
  ASSERT_TRUE(take(on_28(3, hours(12)), scaled(1, {})).ok());
  EXPECT_EQ(held(2, 1), ip("10.1.1.8"));
  EXPECT_THAT(leases.waiting(kNoon + hours(12)), IsEmpty());
}

TEST_F(SetsOfLeases, GoAtOnceWithTheLastAppOfTheirPlan) {
  PlansLab lab = on_28(2, hours(12));
  lab.app("other", 1, "a");
  ASSERT_TRUE(take(lab, {}).ok());
  ASSERT_TRUE(take(lab, scaled(1, lab::OutgoingInstances{2})).ok());
  ASSERT_TRUE(take(PlansLab(lab).without("plan-on-a"), scaled(1, lab::OutgoingInstances{2})).ok());
  EXPECT_THAT(leases.all(), SizeIs(1));
}

TEST_F(SetsOfLeases, OfWindowsContainersHaveAllTheirAddressesTwice) {
  const PlansLab lab =
      PlansLab().subnet("a", {"10.1.1.0/28"}).containers("plan", 1, "a", {"api", "web"});
  ASSERT_TRUE(take(lab, {}).ok());
  ASSERT_TRUE(take(lab, scaled(1, lab::OutgoingInstances{1})).ok());
  EXPECT_THAT(leases.all(), SizeIs(6));
  EXPECT_THAT(leases.addresses(), SizeIs(2)) << "interfaces alone";
}

}  // namespace
}  // namespace egress::ipam
