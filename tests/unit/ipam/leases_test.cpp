// SPDX-License-Identifier: MIT
#include "ipam/leases.hpp"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "ipam/guid.hpp"
#include "tests/unit/ipam/plans.hpp"

namespace egress::ipam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const TimePoint kNoon{hours(500000)};

// Plans and commits; the test fails when the lab is refused.
lab::IntegrationAddresses take(Leases& leases, const lab::Lab& lab, TimePoint now = kNoon) {
  const Result<LeaseChange> change = leases.plan(lab, now);
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
  const Result<LeaseChange> change = leases.plan(full, kNoon);
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
  take(leases, PlansLab().subnet("a", {"10.1.1.0/28"}).app("old", 11, "a"));
  const auto held = take(leases, PlansLab().subnet("a", {"10.1.1.0/28"}).app("new", 11, "a"));
  EXPECT_THAT(held, SizeIs(11));
  EXPECT_EQ(held.count({"old", 0, ref("a")}), 0U);
}

TEST(Leases, InReleaseKeepTheirAddressUntilTheTimeComes) {
  Leases leases({}, hours(12));
  take(leases, PlansLab().subnet("a", {"10.1.1.0/29"}).app("plan", 3, "a"));
  const PlansLab scaled_in = PlansLab().subnet("a", {"10.1.1.0/29"}).app("plan", 1, "a");
  EXPECT_THAT(take(leases, scaled_in), SizeIs(1));
  EXPECT_EQ(leases.all().at({"plan", 2, ref("a")}).release_at, kNoon + hours(12));

  PlansLab other = scaled_in;
  other.app("other", 1, "a");
  EXPECT_EQ(leases.plan(other, kNoon + hours(12) - minutes(1)).error().code, Errc::kConflict);
  EXPECT_THAT(take(leases, other, kNoon + hours(12)), SizeIs(2));
}

TEST(Leases, InReleaseReturnToTheirHolder) {
  Leases leases({}, hours(12));
  const PlansLab wide = PlansLab().subnet("a", {"10.1.1.0/28"}).app("plan", 3, "a");
  const auto held = take(leases, wide);
  take(leases, PlansLab().subnet("a", {"10.1.1.0/28"}).app("plan", 1, "a"));
  EXPECT_EQ(take(leases, wide, kNoon + hours(1)), held);
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
  const Result<LeaseChange> change = leases.plan(lab, kNoon + hours(1));
  ASSERT_TRUE(change.ok());
  EXPECT_TRUE(change->empty());
}

PlansLab random_lab(std::mt19937& random) {
  const auto below = [&](int limit) { return static_cast<int>(random() % unsigned(limit)); };
  PlansLab lab;
  lab.subnet("a", {below(4) == 0 ? "10.0.0.16/28" : "10.0.0.0/27"});
  lab.subnet("b", below(4) == 0 ? std::vector<std::string>{"10.0.1.0/28"}
                                : std::vector<std::string>{"10.0.1.0/28", "10.0.2.0/29"});
  if (below(2) == 0) lab.from(lab::AddressAllocation::kHighest);
  for (const char* plan : {"p", "q", "r", "s"}) {
    if (below(3) == 0) continue;
    const int capacity = 1 + below(9);
    if (below(2) == 0) lab.app(plan, capacity, "a");
    if (below(2) == 0) lab.app(plan, capacity, "b");
  }
  return lab;
}

// Whatever the history: no address twice in a VNet, none reserved, everyone served, and who keeps
// a valid address keeps the same one.
TEST(Leases, HoldTheirRulesUnderRandomPlans) {
  for (const int delay : {0, 3}) {
    std::mt19937 random(20240229);
    Leases leases({}, hours(delay));
    int refused = 0;
    for (int step = 0; step < 2000; ++step) {
      SCOPED_TRACE(::testing::Message() << "delay " << delay << ", step " << step);
      const PlansLab plans = random_lab(random);
      const lab::Lab& lab = plans;
      const auto before = leases.all();
      const Result<LeaseChange> change = leases.plan(lab, kNoon + hours(step));
      if (!change.ok()) {
        ++refused;
        EXPECT_THAT(change.error().message, HasSubstr("Insufficient address space"));
        EXPECT_EQ(leases.all(), before);
        continue;
      }
      leases.commit(*change);
      std::set<Ipv4Address> in_use;  // all subnets are of one VNet
      for (const auto& [holder, lease] : leases.all()) {
        EXPECT_TRUE(in_use.insert(lease.address).second) << lease.address.to_string();
        EXPECT_TRUE(assignable(*lab.find(holder.subnet), lease.address));
        const auto earlier = before.find(holder);
        if (earlier != before.end() &&
            assignable(*lab.find(holder.subnet), earlier->second.address)) {
          EXPECT_EQ(lease.address, earlier->second.address);
        }
      }
      const auto held = leases.addresses();
      for (const lab::Integration& wanted : lab::integrations(lab)) {
        EXPECT_EQ(held.count(wanted), 1U);
      }
      EXPECT_THAT(held, SizeIs(lab::integrations(lab).size()));
    }
    EXPECT_GT(refused, 0);
    EXPECT_LT(refused, 2000);
  }
}

TEST(FirstAddresses, AreThoseOfAFreshDaemon) {
  const PlansLab lab = PlansLab().subnet("a", {"10.1.1.0/26"}).app("plan", 2, "a");
  Leases leases;
  EXPECT_EQ(first_addresses(lab).value(), take(leases, lab));
}

TEST(Guid, IsStableAndOfUuidForm) {
  EXPECT_THAT(guid_of("spoke"),
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                      "[0-9a-f]{12}"));
  EXPECT_EQ(guid_of("spoke"), guid_of(std::string("spo") + "ke"));
  EXPECT_NE(guid_of("spoke"), guid_of("spokf"));
  EXPECT_THAT(instance_id_of("plan/0"), ::testing::MatchesRegex("[0-9a-f]{64}"));
}

// Apps have seen these.
TEST(Guid, HasTheValuesItAlwaysHad) {
  EXPECT_EQ(guid_of("spoke"), "1d9f68e8-fa33-8ea2-af61-09b0174a205b");
  EXPECT_EQ(instance_id_of("plan/0"),
            "2eaea54f2db64ed2016dad0b2860f1014a92d83c2c6d6866688ebadba78ecddb");
}

}  // namespace
}  // namespace egress::ipam
