// SPDX-License-Identifier: MIT
#include "tests/oracle/changes.hpp"

#include <gtest/gtest.h>

#include "tests/oracle/generator.hpp"
#include "tests/oracle/operations.hpp"

namespace egress::oracle {
namespace {

TEST(ChangedLab, IsOneThatADaemonTakesInPlaceOfTheOther) {
  for (uint64_t seed = 1; seed <= 120; seed += 2) {
    EXPECT_TRUE(may_follow(random_lab(seed - 1), random_lab(seed))) << "seed " << seed;
  }
}

TEST(ChangedLab, IsAlsoWhatOperationsMakeOfIt) {
  int scaled = 0;
  int connected = 0;
  int disconnected = 0;
  for (uint64_t seed = 0; seed < 120; ++seed) {
    const lab::Lab before = random_lab(2 * seed);
    lab::Lab after = before;
    Random random(seed);
    operate(after, random);
    EXPECT_TRUE(is_valid(after)) << "seed " << seed;
    for (const auto& [name, farm] : before.server_farms) {
      scaled += after.server_farms.at(name) == farm ? 0 : 1;
    }
    for (const auto& [name, was] : before.sites) {
      const auto& is = after.sites.at(name).virtual_network_subnet;
      connected += is && is != was.virtual_network_subnet ? 1 : 0;
      disconnected += !is && was.virtual_network_subnet ? 1 : 0;
    }
  }
  EXPECT_GT(scaled, 0);
  EXPECT_GT(connected, 0);
  EXPECT_GT(disconnected, 0);
}

TEST(MayFollow, TellsASubnetInUseThatIsMoved) {
  for (uint64_t seed = 0;; seed += 2) {
    const lab::Lab before = random_lab(seed);
    for (const auto& [name, site] : before.sites) {
      if (!site.virtual_network_subnet) continue;
      lab::Lab after = before;
      lab::VirtualNetwork& vnet = after.virtual_networks.at(site.virtual_network_subnet->vnet);
      vnet.subnets.at(site.virtual_network_subnet->subnet).address_prefixes.clear();
      EXPECT_FALSE(may_follow(before, after));
      EXPECT_TRUE(may_follow(before, before));
      return;
    }
  }
}

}  // namespace
}  // namespace egress::oracle
