// SPDX-License-Identifier: MIT
#include "policy/lanes.hpp"

#include "lab/flow_url.hpp"
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

// A registry with a private endpoint in the network of an app that asks a server of its own, which
// nobody is.
lab::Lab registry_lab(const std::string& keys) {
  return lab_from(R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg}
      endpoints: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups: {nsg: {}}
serverFarms: {plan: {}}
services:
  images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 13.69.64.82,
           names: [images.azurecr.io]}
privateEndpoints:
  pe: {subnet: spoke/endpoints, ipAddress: 10.1.2.4, privateLinkService: images,
       privateDnsZones: [privatelink.azurecr.io]}
privateDnsZones: {privatelink.azurecr.io: {virtualNetworkLinks: {spoke: {}}}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps, )" +
                  keys + "}}");
}

constexpr const char* kRegistry = "tcp://images.azurecr.io:443";

Explanation pull(const lab::Lab& lab, const std::string& url = kRegistry) {
  return policy::explain(*network_of(lab), {"web", 0, TrafficClass::kImagePull},
                         *lab::parse_flow_target(url), 50000)
      .value();
}

TEST(LaneWalk, OfAClassThatIsOffLeavesDirectlyWithPublicNames) {
  const lab::Lab lab =
      registry_lab("vnetRouteAllEnabled: true, appSettings: {WEBSITE_DNS_SERVER: 10.1.2.9}");
  EXPECT_EQ(explain(lab, "web", kRegistry).verdict, lab::Verdict::kUnresolved);
  const Explanation got = pull(lab);
  EXPECT_EQ(decision(got), "Allow by applicationRouting imagePullTraffic");
  EXPECT_THAT(got.resolution->addresses, ElementsAre(ip("13.69.64.82")));
  EXPECT_EQ(got.path, lab::Path::kDirect);
  EXPECT_EQ(got.source, ip("20.50.1.4"));
  EXPECT_EQ(got.sender.to_string(), "web/0 image-pull");
  EXPECT_EQ(got.steps[1].reason,
            "imagePullTraffic is off (default): image pulls leave directly, and no rule or route "
            "of the network applies.");
}

TEST(LaneWalk, OfAClassThatIsOnEntersWithTheNamesAndTheRulesOfTheNetwork) {
  lab::Lab lab = registry_lab("vnetRouteAllEnabled: false, vnetImagePullEnabled: true");
  const Explanation got = pull(lab);
  EXPECT_EQ(got.verdict, lab::Verdict::kAllow);
  EXPECT_THAT(got.resolution->addresses, ElementsAre(ip("10.1.2.4")));
  EXPECT_EQ(got.path, lab::Path::kVirtualNetwork);
  EXPECT_EQ(got.source, ip("10.1.1.4"));
  EXPECT_EQ(got.steps[1].reason,
            "vnetImagePullEnabled sends image pulls into the virtual network as a whole.");
  EXPECT_EQ(pull(lab, "tcp://13.69.64.82:443").path, lab::Path::kVirtualNetwork);
  EXPECT_EQ(explain(lab, "web", "tcp://13.69.64.82:443").path, lab::Path::kDirect);
  deny(lab, "nsg/no-pulls", 100, lab::Direction::kOutbound, {});
  EXPECT_EQ(decision(pull(lab)), "Deny by networkSecurityGroup nsg/no-pulls");
}

TEST(LaneWalk, OfAClassThatIsOffReachesNothingPrivate) {
  const lab::Lab lab = registry_lab("outboundVnetRouting: {applicationTraffic: true}");
  EXPECT_EQ(decision(pull(lab, "tcp://10.1.2.4:443")),
            "Drop by applicationRouting imagePullTraffic");
  EXPECT_EQ(decision(pull(lab, "tcp://169.254.169.254:80")), "Drop by platform 169.254.169.254");
  EXPECT_EQ(decision(pull(lab, "udp://168.63.129.16:53")), "Allow by platform 168.63.129.16");
}

}  // namespace
}  // namespace egress::policy::test
