// SPDX-License-Identifier: MIT
#include "ipam/leases.hpp"

#include <gmock/gmock.h>

#include "base/guid.hpp"
#include "tests/unit/ipam/plans.hpp"

namespace egress::ipam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const TimePoint kNoon{hours(500000)};

// Plans and commits; the test fails when the lab is refused.
lab::IntegrationAddresses take(Leases& leases, const lab::Lab& lab, TimePoint now = kNoon) {
  const Result<LeaseChange> change = leases.plan(lab, {}, now);
  EXPECT_TRUE(change.ok()) << change.error().to_string();
  if (change.ok()) leases.commit(*change);
  return leases.addresses();
}

TEST(Leases, GiveEveryInstanceOneAddressFromTheLowEnd) {
  Leases leases;
  const auto held = take(leases, PlansLab().subnet("a", {"10.1.1.0/26"}).app("plan", 2, "a"));
  EXPECT_THAT(held, SizeIs(2));
  EXPECT_EQ(held.at({"plan", 0, ref("a")}), ip("10.1.1.4"));
  EXPECT_EQ(held.at({"plan", 1, ref("a")}), ip("10.1.1.5"));
}

TEST(Leases, GiveAddressesFromTheHighEndWhenTheLabSaysSo) {
  Leases leases;
  const auto held = take(leases, PlansLab()
                                     .subnet("a", {"10.0.0.128/26"})
                                     .app("plan", 1, "a")
                                     .from(lab::AddressAllocation::kHighest));
  EXPECT_EQ(held.at({"plan", 0, ref("a")}), ip("10.0.0.190"));
}

TEST(Leases, ReserveFiveAddressesOfEveryPrefix) {
  lab::Subnet subnet;
  subnet.address_prefixes = {Ipv4Prefix::parse("10.0.0.0/28").value(),
                             Ipv4Prefix::parse("10.0.1.0/29").value()};
  std::vector<std::string> usable;
  for (uint32_t bits = ip("10.0.0.0").bits; bits <= ip("10.0.1.255").bits; ++bits) {
    if (assignable(subnet, {bits})) usable.push_back(Ipv4Address{bits}.to_string());
  }
  EXPECT_THAT(usable,
              ::testing::ElementsAre("10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8",
                                     "10.0.0.9", "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13",
                                     "10.0.0.14", "10.0.1.4", "10.0.1.5", "10.0.1.6"));
}

TEST(Leases, StayWhereTheyAreWhenPlansComeAndGo) {
  Leases leases;
  PlansLab before;
  before.subnet("a", {"10.1.1.0/27"}).app("m", 2, "a").app("z", 1, "a");
  const auto held = take(leases, before);
  PlansLab after = before;
  after.app("b", 3, "a").from(lab::AddressAllocation::kHighest);
  const auto later = take(leases, after);
  for (const auto& [holder, lease] : held) EXPECT_EQ(later.at(holder), lease);
  EXPECT_THAT(later, SizeIs(6));
}

TEST(Leases, OfOneInstanceInTwoSubnetsAreTwo) {
  Leases leases;
  const auto held = take(leases, PlansLab()
                                     .subnet("a", {"10.1.1.0/28"})
                                     .subnet("b", {"10.1.2.0/28"})
                                     .app("plan", 1, "a")
                                     .app("plan", 1, "b"));
  EXPECT_EQ(held.at({"plan", 0, ref("a")}), ip("10.1.1.4"));
  EXPECT_EQ(held.at({"plan", 0, ref("b")}), ip("10.1.2.4"));
}

TEST(Leases, RefuseExhaustionWithAzuresMessageAndChangeNothing) {
  Leases leases;
  PlansLab full;
  full.subnet("a", {"10.1.1.0/28"}).subnet("b", {"10.1.2.0/28"}).app("plan", 11, "a");
  const auto held = take(leases, full);
  full.app("plan", 12, "a").app("other", 1, "b");
  const Result<LeaseChange> change = leases.plan(full, {}, kNoon);
  ASSERT_FALSE(change.ok());
  EXPECT_EQ(change.error().code, Errc::kConflict);
  EXPECT_EQ(change.error().message,
            "App Service Plan scaling operation failed. Insufficient address space remaining in "
            "VNet(s): " +
                guid_of("spoke") + "_a.");
  EXPECT_EQ(leases.addresses(), held);
}

TEST(Leases, GoAtOnceWithoutADelayAndTheirAddressIsFreeForOthers) {
  Leases leases;
  take(leases, PlansLab().subnet("a", {"10.1.1.0/28"}).app("plan", 11, "a"));
  const PlansLab both =
      PlansLab().subnet("a", {"10.1.1.0/28"}).app("plan", 1, "a").app("other", 10, "a");
  EXPECT_THAT(take(leases, both), SizeIs(11));
  EXPECT_THAT(leases.waiting(kNoon), IsEmpty());
}

// What some plans hold on the /28 of every test below.
PlansLab on_28(std::chrono::seconds delay = hours(12)) {
  return PlansLab().subnet("a", {"10.1.1.0/28"}).delay(delay);
}

TEST(Leases, OfInstancesThatAreGoneWaitUntilTheTimeComes) {
  Leases leases;
  take(leases, on_28().app("plan", 11, "a"));
  const PlansLab scaled_in = on_28().app("plan", 1, "a");
  EXPECT_THAT(take(leases, scaled_in), SizeIs(1));
  EXPECT_EQ(leases.all().at({"spoke", ip("10.1.1.6")}), (Lease{.holder = {"plan", 2, ref("a")},
                                                               .address = ip("10.1.1.6"),
                                                               .state = LeaseState::kReleasing,
                                                               .since = kNoon,
                                                               .release_at = kNoon + hours(12)}));

  PlansLab other = scaled_in;
  other.app("other", 1, "a");
  EXPECT_EQ(leases.plan(other, {}, kNoon + hours(12) - minutes(1)).error().code, Errc::kConflict);
  EXPECT_THAT(take(leases, other, kNoon + hours(12)), SizeIs(2));
}

TEST(Leases, ThatWaitAreToldUntilTheyAreDueThoughNobodyHasPlannedSince) {
  Leases leases;
  take(leases, on_28().app("plan", 3, "a"));
  take(leases, on_28().app("plan", 1, "a"));
  const auto waiting = leases.waiting(kNoon + hours(12) - minutes(1));
  ASSERT_THAT(waiting, SizeIs(2));
  EXPECT_EQ(waiting[0].address, ip("10.1.1.5"));
  EXPECT_EQ(waiting[1].holder, (lab::Integration{"plan", 2, ref("a")}));
  EXPECT_THAT(leases.waiting(kNoon + hours(12)), IsEmpty());
}

// Cycling needs more than the largest scale (azure-facts 3.2.4).
TEST(Leases, ThatWaitAreNotGivenBackToAnInstanceThatReturns) {
  Leases leases;
  take(leases, on_28().app("plan", 3, "a"));
  take(leases, on_28().app("plan", 1, "a"));
  const auto held = take(leases, on_28().app("plan", 2, "a"), kNoon + hours(1));
  EXPECT_EQ(held.at({"plan", 0, ref("a")}), ip("10.1.1.4"));
  EXPECT_EQ(held.at({"plan", 1, ref("a")}), ip("10.1.1.7"));
  EXPECT_THAT(leases.waiting(kNoon + hours(1)), SizeIs(2));
}

TEST(Leases, KeepTheTimeOfTheirReleaseWhenTheDelayBecomesAnother) {
  Leases leases;
  take(leases, on_28().app("plan", 2, "a"));
  take(leases, on_28().app("plan", 1, "a"));
  take(leases, on_28(hours(0)).app("plan", 1, "a"), kNoon + hours(1));
  ASSERT_THAT(leases.waiting(kNoon + hours(1)), SizeIs(1));
  EXPECT_EQ(leases.waiting(kNoon + hours(1))[0].release_at, kNoon + hours(12));
}

// Twice as many as there are instances fit as long as those are half of what is usable, rounded
// down (azure-facts 3.2.3, 3.1.6).
TEST(Leases, FitTwiceInASubnetOfTwiceTheSizeAlone) {
  for (const auto& [prefix, fits] : {std::pair("10.1.1.0/28", 5), std::pair("10.1.1.0/27", 13)}) {
    SCOPED_TRACE(prefix);
    const auto of = [&, prefix = prefix](int first, int second) {
      PlansLab lab = PlansLab().subnet("a", {prefix}).delay(hours(12)).app("plan", first, "a");
      if (second > 0) lab.app("other", second, "a");
      return lab;
    };
    for (const int capacity : {fits, fits + 1}) {
      Leases leases;
      take(leases, of(capacity, 0));
      EXPECT_EQ(leases.plan(of(capacity, capacity), {}, kNoon).ok(), capacity == fits);
    }
  }
}

TEST(Leases, CountThoseThatWaitAgainstWhoScalesOutAgain) {
  const auto scaled_in_and_out = [](int capacity) {
    Leases leases;
    take(leases, on_28().app("plan", capacity, "a"));
    take(leases, on_28().app("plan", 1, "a"));
    return leases.plan(on_28().app("plan", capacity, "a"), {}, kNoon + hours(1));
  };
  EXPECT_TRUE(scaled_in_and_out(6).ok()) << "5 wait and 6 are wanted, of 11";
  const Result<LeaseChange> refused = scaled_in_and_out(7);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "App Service Plan scaling operation failed. Insufficient address space remaining in "
            "VNet(s): " +
                guid_of("spoke") + "_a.");
}

TEST(Leases, GoAtOnceWithTheLastAppOfTheirPlanAndSoDoThoseThatWait) {
  Leases leases;
  take(leases, on_28().app("plan", 3, "a").app("other", 1, "a"));
  take(leases, on_28().app("plan", 1, "a").app("other", 1, "a"));
  ASSERT_THAT(leases.waiting(kNoon), SizeIs(2));
  EXPECT_THAT(take(leases, on_28().app("other", 1, "a"), kNoon + hours(1)), SizeIs(1));
  EXPECT_THAT(leases.all(), SizeIs(1));
}

TEST(Leases, GoAtOnceWhenTheAppMovesToAnotherSubnet) {
  Leases leases;
  PlansLab lab = on_28().subnet("b", {"10.1.2.0/28"});
  take(leases, PlansLab(lab).app("plan", 2, "a"));
  const auto held = take(leases, PlansLab(lab).app("plan", 1, "b"), kNoon + hours(1));
  EXPECT_EQ(held, (lab::IntegrationAddresses{{{"plan", 0, ref("b")}, ip("10.1.2.4")}}));
  EXPECT_THAT(leases.all(), SizeIs(1));
}

TEST(Leases, StayWithThePlanAsLongAsOneOfItsAppsUsesTheSubnet) {
  Leases leases;
  const PlansLab two = on_28().app("plan", 2, "a").site("api", "plan", "a");
  const auto held = take(leases, two);
  EXPECT_EQ(take(leases, PlansLab(two).without("api"), kNoon + hours(1)), held);
  EXPECT_THAT(leases.waiting(kNoon + hours(1)), IsEmpty());
}

TEST(Leases, ThatWaitGoWithTheirPrefix) {
  Leases leases;
  const PlansLab wide = PlansLab().delay(hours(12)).subnet("a", {"10.1.1.0/28", "10.9.9.0/28"});
  take(leases, PlansLab(wide).app("plan", 20, "a"));
  take(leases, PlansLab(wide).app("plan", 1, "a"));
  ASSERT_THAT(leases.waiting(kNoon), SizeIs(19));
  take(leases, on_28().app("plan", 1, "a"), kNoon + hours(1));
  EXPECT_THAT(leases.waiting(kNoon + hours(1)), SizeIs(10));
}

// 10 instances x (4 apps + 1), azure-facts 3.2.2.
TEST(Leases, OfWindowsContainersAreOneMoreForEachAppAndInstance) {
  Leases leases;
  const PlansLab lab = PlansLab()
                           .subnet("a", {"10.1.1.0/26"})
                           .containers("plan", 10, "a", {"api", "jobs", "mail", "web"});
  EXPECT_THAT(take(leases, lab), SizeIs(10)) << "interfaces alone";
  EXPECT_THAT(leases.all(), SizeIs(50));
  EXPECT_EQ(leases.all().at({"spoke", ip("10.1.1.5")}).holder,
            (lab::Integration{"plan", 0, ref("a"), 0, "api"}));
  const PlansLab one_more = PlansLab(lab).containers("plan", 12, "a", {"api"});
  EXPECT_EQ(leases.plan(one_more, {}, kNoon).error().code, Errc::kConflict) << "60 of 59";
}

TEST(Leases, OfWindowsContainersWaitForTheScaleAndGoWithTheApp) {
  Leases leases;
  const auto lab = [](int capacity) {
    return PlansLab()
        .subnet("a", {"10.1.1.0/26"})
        .delay(hours(12))
        .containers("plan", capacity, "a", {"api", "web"});
  };
  take(leases, lab(2));
  take(leases, lab(1));
  EXPECT_THAT(leases.waiting(kNoon), SizeIs(3)) << "the instance and its two containers";
  take(leases, lab(1).without("api"), kNoon + hours(1));
  EXPECT_THAT(leases.waiting(kNoon + hours(1)), SizeIs(2));
  EXPECT_THAT(leases.all(), SizeIs(4));
}

TEST(Leases, OutsideTheChangedSubnetAreReplaced) {
  Leases leases;
  take(leases, PlansLab().subnet("a", {"10.1.1.0/28"}).app("plan", 2, "a"));
  const auto held = take(leases, PlansLab().subnet("a", {"10.9.9.0/28"}).app("plan", 2, "a"));
  EXPECT_EQ(held.at({"plan", 0, ref("a")}), ip("10.9.9.4"));
  EXPECT_EQ(held.at({"plan", 1, ref("a")}), ip("10.9.9.5"));
}

TEST(Leases, AtWhatBecameAReservedAddressAreReplaced) {
  Leases leases;
  take(leases, PlansLab().subnet("a", {"10.1.1.0/27"}).app("plan", 13, "a"));
  // 10.1.1.16 is usable in the /27 and the network address of this /28.
  const auto held = take(leases, PlansLab().subnet("a", {"10.1.1.16/28"}).app("plan", 11, "a"));
  for (const auto& [holder, lease] : held) {
    EXPECT_GE(lease, ip("10.1.1.20"));
    EXPECT_LE(lease, ip("10.1.1.30"));
  }
}

TEST(Leases, NeedNoChangeWhenNothingIsNew) {
  Leases leases;
  const PlansLab lab = PlansLab().subnet("a", {"10.1.1.0/26"}).app("plan", 5, "a");
  take(leases, lab);
  const Result<LeaseChange> change = leases.plan(lab, {}, kNoon + hours(1));
  ASSERT_TRUE(change.ok());
  EXPECT_TRUE(change->empty());
}

TEST(FirstAddresses, AreThoseOfAFreshDaemon) {
  const PlansLab lab = PlansLab().subnet("a", {"10.1.1.0/26"}).app("plan", 2, "a");
  Leases leases;
  EXPECT_EQ(first_addresses(lab).value(), take(leases, lab));
}

}  // namespace
}  // namespace egress::ipam
