// SPDX-License-Identifier: MIT
#include "policy/lanes.hpp"

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::TrafficClass;
using Scope = TrafficRouting::Scope;
using testing::ElementsAre;

const DnsSettings kOwn{
    .servers = {{0x0a000004}}, .attempts = 3, .decided_by = "WEBSITE_DNS_SERVER"};

lab::Site integrated() {
  lab::Site site;
  site.virtual_network_subnet = lab::SubnetRef{"spoke", "integration"};
  return site;
}

TEST(Lanes, OfAnIntegratedSiteAreOneForEachClassAndTwoForKeyVault) {
  std::vector<std::pair<TrafficClass, Scope>> lanes;
  for (const Lane& lane : lanes_of(integrated(), kOwn)) {
    lanes.emplace_back(lane.traffic, lane.routing.scope);
    EXPECT_EQ(lane.public_attempt, lanes.size() == 6) << lanes.size();
  }
  using Pair = std::pair<TrafficClass, Scope>;
  EXPECT_THAT(lanes, ElementsAre(Pair{TrafficClass::kApplication, Scope::kPrivate},
                                 Pair{TrafficClass::kImagePull, Scope::kNothing},
                                 Pair{TrafficClass::kContentShare, Scope::kNothing},
                                 Pair{TrafficClass::kBackupRestore, Scope::kNothing},
                                 Pair{TrafficClass::kManagedIdentity, Scope::kNothing},
                                 Pair{TrafficClass::kKeyVault, Scope::kNothing},
                                 Pair{TrafficClass::kKeyVault, Scope::kEverything}));
}

TEST(Lanes, OfASiteWithoutIntegrationAreOneForEachClass) {
  const std::vector<Lane> lanes = lanes_of({}, kOwn);
  EXPECT_EQ(lanes.size(), 6U);
  for (const Lane& lane : lanes) {
    EXPECT_FALSE(lane.public_attempt);
    EXPECT_EQ(lane.routing.scope, Scope::kNothing);
    EXPECT_EQ(lane.dns, kOwn);
  }
}

// contract "Decided" 25
TEST(Lanes, ThatStayOutOfTheNetworkAskAzureDnsAndNotTheSitesOwnServers) {
  lab::Site site = integrated();
  site.vnet_image_pull_enabled = true;
  for (const Lane& lane : lanes_of(site, kOwn)) {
    SCOPED_TRACE(lab::name_of(lane.traffic));
    if (lane.routing.scope != Scope::kNothing) {
      EXPECT_EQ(lane.dns, kOwn);
      continue;
    }
    EXPECT_THAT(lane.dns.servers, ElementsAre(kAzurePlatform));
    EXPECT_EQ(lane.dns.decided_by, "Azure DNS");
    EXPECT_EQ(lane.dns.attempts, kOwn.attempts);
  }
}

TEST(Lanes, InUseAreThoseThatTheLabAsksForAndThoseThatSomebodyHasRunIn) {
  const lab::Lab lab = with(contract_lab(), R"(
sites:
  web: {linuxFxVersion: "DOCKER|images.example.com/web:1"}
  api: {serverFarm: plan}
)");
  const auto network = analyse(
      {.lab = lab, .leases = leases_of(lab), .traffic = {{"web", {TrafficClass::kKeyVault}}}});
  EXPECT_THAT(network->sites.at("web").classes_in_use,
              ElementsAre(TrafficClass::kImagePull, TrafficClass::kKeyVault));
  EXPECT_THAT(network->sites.at("api").classes_in_use, testing::IsEmpty());
}

TEST(Lanes, OfASenderIsThatOfItsClass) {
  const auto network = network_of(contract_lab());
  const auto lane_of = [&](TrafficClass traffic, bool public_attempt) {
    return network->find({"web", 0, traffic}, public_attempt)->lane;
  };
  const std::vector<Lane>& lanes = network->sites.at("web").lanes;
  EXPECT_EQ(lane_of(TrafficClass::kApplication, false), &lanes[0]);
  EXPECT_EQ(lane_of(TrafficClass::kBackupRestore, true), &lanes[3]);
  EXPECT_EQ(lane_of(TrafficClass::kKeyVault, true), &lanes[5]);
  EXPECT_EQ(lane_of(TrafficClass::kKeyVault, false), &lanes[6]);
}

}  // namespace
}  // namespace egress::policy::test
