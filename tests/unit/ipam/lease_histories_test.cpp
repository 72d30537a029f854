// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "ipam/leases.hpp"
#include "tests/unit/ipam/plans.hpp"

namespace egress::ipam {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TimePoint kNoon{hours(500000)};

PlansLab random_lab(std::mt19937& random) {
  const auto below = [&](int limit) { return static_cast<int>(random() % unsigned(limit)); };
  PlansLab lab;
  lab.subnet("a", {below(4) == 0 ? "10.0.0.16/28" : "10.0.0.0/27"});
  lab.subnet("b", below(4) == 0 ? std::vector<std::string>{"10.0.1.0/28"}
                                : std::vector<std::string>{"10.0.1.0/28", "10.0.2.0/29"});
  if (below(2) == 0) lab.from(lab::AddressAllocation::kHighest);
  lab.delay(hours(below(4)));
  for (const char* plan : {"p", "q", "r", "s"}) {
    if (below(3) == 0) continue;
    const int capacity = 1 + below(9);
    if (below(2) == 0) lab.app(plan, capacity, "a");
    if (below(2) == 0) lab.app(plan, capacity, "b");
  }
  if (below(3) == 0) lab.containers("windows", 1 + below(3), "a", {"w", "x"});
  return lab;
}

// Some plans with a second set of instances, or one that has come in place of another.
lab::Instances random_instances(std::mt19937& random, const lab::Lab& lab) {
  const auto below = [&](int limit) { return static_cast<int>(random() % unsigned(limit)); };
  lab::Instances instances;
  for (const auto& [name, farm] : lab.server_farms) {
    if (below(3) != 0) continue;
    lab::PlanInstances& plan = instances[name];
    plan.incarnation = 1 + below(2);
    if (below(2) == 0) plan.outgoing = {.capacity = 1 + below(4), .serve = below(2) == 0};
  }
  return instances;
}

struct Wanted {
  const lab::Lab& lab;
  const lab::Instances& instances;
};

bool has(const Wanted& wanted, const lab::Integration& holder) {
  const int capacity = wanted.lab.server_farms.at(holder.server_farm).capacity;
  const auto plan = wanted.instances.find(holder.server_farm);
  if (plan == wanted.instances.end()) return holder.incarnation == 0 && holder.instance < capacity;
  const auto& [incarnation, outgoing] = plan->second;
  if (holder.incarnation == incarnation) return holder.instance < capacity;
  return outgoing && holder.incarnation == incarnation - 1 && holder.instance < outgoing->capacity;
}

// What becomes of one lease, said in another way than leases.cpp does.
enum class Fate { kStays, kWaits, kGoes };
Fate fate_of(const Lease& lease, const Wanted& wanted, TimePoint now) {
  const lab::Lab& lab = wanted.lab;
  const auto& [plan, instance, subnet, incarnation, site] = lease.holder;
  if (!assignable(*lab.find(subnet), lease.address)) return Fate::kGoes;
  bool used = false;
  for (const auto& [name, each] : lab.sites) {
    const bool meant = site.empty() || (site == name && lab.server_farms.at(plan).hyper_v);
    used = used || (meant && each.server_farm == plan && each.virtual_network_subnet == subnet);
  }
  if (!used) return Fate::kGoes;
  if (lease.state == LeaseState::kReleasing) {
    return *lease.release_at > now ? Fate::kWaits : Fate::kGoes;
  }
  if (has(wanted, lease.holder)) return Fate::kStays;
  return lab.release_delay.count() > 0 ? Fate::kWaits : Fate::kGoes;
}

// By subnet, how many addresses have to be there.
std::map<std::string, size_t> needed(const std::map<LeaseKey, Lease>& before, const Wanted& wanted,
                                     TimePoint now) {
  std::map<std::string, size_t> needed;
  for (const lab::Integration& holder : lab::address_holders(wanted.lab, wanted.instances)) {
    ++needed[holder.subnet.subnet];
  }
  for (const auto& [key, lease] : before) {
    if (fate_of(lease, wanted, now) == Fate::kWaits) ++needed[lease.holder.subnet.subnet];
  }
  return needed;
}

bool all_fit(const std::map<std::string, size_t>& needed, const lab::Lab& lab) {
  return std::all_of(needed.begin(), needed.end(), [&](const auto& of_subnet) {
    size_t usable = 0;
    for (const Ipv4Prefix& prefix : lab.find(ref(of_subnet.first))->address_prefixes) {
      usable += prefix.size() - 5;
    }
    return of_subnet.second <= usable;
  });
}

// Each earlier lease where it has to be, and nothing but these and new ones.
void expect_fates(const std::map<LeaseKey, Lease>& before, const Leases& after,
                  const Wanted& wanted, TimePoint now) {
  std::set<LeaseKey> waiting;
  for (const auto& [key, lease] : before) {
    SCOPED_TRACE(key.address.to_string());
    const auto kept = after.all().find(key);
    switch (fate_of(lease, wanted, now)) {
      case Fate::kStays:
        ASSERT_NE(kept, after.all().end());
        EXPECT_EQ(kept->second, lease);
        break;
      case Fate::kGoes:
        EXPECT_TRUE(kept == after.all().end() || kept->second.since == now) << "not anew";
        break;
      case Fate::kWaits:
        waiting.insert(key);
        ASSERT_NE(kept, after.all().end());
        EXPECT_EQ(kept->second.holder, lease.holder);
        EXPECT_EQ(kept->second.since, lease.release_at ? lease.since : now);
        EXPECT_EQ(kept->second.release_at,
                  lease.release_at.value_or(now + wanted.lab.release_delay));
    }
  }
  for (const Lease& lease : after.waiting(now)) {
    EXPECT_EQ(waiting.erase(lease.key()), 1U) << lease.address.to_string();
  }
  EXPECT_THAT(waiting, IsEmpty());
}

void expect_served(const Leases& leases, const Wanted& wanted) {
  std::vector<lab::Integration> held;
  std::set<Ipv4Address> in_use;  // all subnets are of one VNet
  for (const auto& [key, lease] : leases.all()) {
    EXPECT_EQ(key, lease.key());
    EXPECT_TRUE(in_use.insert(lease.address).second) << lease.address.to_string();
    EXPECT_TRUE(assignable(*wanted.lab.find(lease.holder.subnet), lease.address));
    if (lease.state == LeaseState::kHeld) held.push_back(lease.holder);
  }
  std::sort(held.begin(), held.end());
  EXPECT_EQ(held, lab::address_holders(wanted.lab, wanted.instances));
  std::vector<lab::Integration> interfaces;
  for (const auto& [holder, address] : leases.addresses()) interfaces.push_back(holder);
  EXPECT_EQ(interfaces, lab::integrations(wanted.lab, wanted.instances));
}

// Whatever the history: no address twice in a VNet, none reserved, everyone served, who keeps a
// valid address keeps the same one, and who is refused does not fit.
TEST(LeaseHistories, KeepTheirRulesUnderRandomPlans) {
  std::mt19937 random(20240229);
  Leases leases;
  int refused = 0;
  size_t waited = 0;
  for (int step = 0; step < 2000; ++step) {
    SCOPED_TRACE(step);
    const TimePoint now = kNoon + hours(step);
    const PlansLab plans = random_lab(random);
    const lab::Lab& lab = plans;
    const lab::Instances instances = random_instances(random, lab);
    const Wanted wanted{lab, instances};
    const auto before = leases.all();
    const Result<LeaseChange> change = leases.plan(lab, instances, now);
    EXPECT_EQ(change.ok(), all_fit(needed(before, wanted, now), lab));
    EXPECT_EQ(leases.all(), before);
    if (!change.ok()) {
      ++refused;
      EXPECT_THAT(change.error().message, HasSubstr("Insufficient address space"));
      continue;
    }
    leases.commit(*change);
    expect_served(leases, wanted);
    expect_fates(before, leases, wanted, now);
    waited += leases.waiting(now).size();
  }
  EXPECT_GT(refused, 100);
  EXPECT_LT(refused, 1500);
  EXPECT_GT(waited, 1000U);
}

}  // namespace
}  // namespace egress::ipam
