// SPDX-License-Identifier: MIT
#include "tests/oracle/coverage.hpp"

#include <gtest/gtest.h>

#include "ipam/leases.hpp"
#include "tests/oracle/enough.hpp"
#include "tests/oracle/gateways.hpp"
#include "tests/oracle/traffic.hpp"

namespace egress::oracle {
namespace {

Coverage coverage_of_many() {
  Coverage coverage;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const lab::Lab lab = random_lab(seed);
    const auto addresses = ipam::first_addresses(lab).value();
    const auto network = policy::analyse(
        {.lab = lab, .leases = addresses, .traffic = run_in(lab), .learned = learned_in(lab)});
    cover_lab(coverage, lab);
    cover_flows(coverage, *network, random_flows(lab, addresses, seed, 100));
    cover_names(coverage, *network, random_names(lab, seed, 100));
  }
  return coverage;
}

TEST(Generator, DrawsEveryFeatureAndMeetsEveryDecisionOften) {
  Coverage coverage = coverage_of_many();
  for (const auto& enough :
       {kEnough, kEnoughOfFirewalls, kEnoughOfMachines, kEnoughOfWindows, kEnoughNames,
        kEnoughTraffic, kEnoughOfBalancers, kEnoughOfInterfaces}) {
    for (const auto& [least, names] : enough) {
      for (const char* name : names) EXPECT_GE(coverage[name], least) << name;
    }
  }
}

TEST(Generator, DrawsTheSameFromTheSameSeed) {
  const lab::Lab lab = random_lab(7);
  const auto addresses = ipam::first_addresses(lab).value();
  const auto once = random_flows(lab, addresses, 7, 100);
  const auto again = random_flows(random_lab(7), addresses, 7, 100);
  EXPECT_TRUE(lab == random_lab(7));
  ASSERT_EQ(once.size(), 100U);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].from, again[i].from);
    EXPECT_EQ(once[i].flow.destination, again[i].flow.destination);
    EXPECT_EQ(once[i].flow.source_port, again[i].flow.source_port);
  }
}

TEST(Generator, LooksUpTheSameFromTheSameSeed) {
  const auto once = random_names(random_lab(7), 7, 100);
  const auto again = random_names(random_lab(7), 7, 100);
  ASSERT_EQ(once.size(), 100U);
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].from, again[i].from);
    EXPECT_EQ(once[i].name, again[i].name);
    EXPECT_EQ(once[i].type, again[i].type);
  }
}

TEST(Generator, SeedsNearEachOtherShareNoSourcePort) {
  std::map<uint16_t, uint64_t> users;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const lab::Lab lab = random_lab(seed);
    for (const ProbeCase& probe :
         random_flows(lab, ipam::first_addresses(lab).value(), seed, 100)) {
      if (probe.flow.protocol == Protocol::kIcmp) continue;
      const auto [user, first] = users.emplace(probe.flow.source_port, seed);
      ASSERT_TRUE(first || user->second == seed) << seed << " and " << user->second;
    }
  }
}

TEST(Generator, OddSeedsChangeLittleOfTheLabBefore) {
  for (uint64_t seed = 2; seed <= 60; seed += 2) {
    const lab::Lab lab = random_lab(seed);
    const lab::Lab changed = random_lab(seed + 1);
    EXPECT_EQ(lab.virtual_networks.size(), changed.virtual_networks.size());
    EXPECT_EQ(lab.hosts.size(), changed.hosts.size());
    EXPECT_EQ(lab.sites.size(), changed.sites.size());
  }
}

}  // namespace
}  // namespace egress::oracle
