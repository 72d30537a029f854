// SPDX-License-Identifier: MIT

// Whole starts by the analysis of a lab: each step by the lane of its class.

#include "policy/platform/predict.hpp"

#include <fmt/format.h>

#include "tests/unit/policy/policy_test.hpp"

namespace egress::policy::test {
namespace {

using lab::TrafficClass;
using testing::ElementsAre;
using Lines = std::vector<std::string>;

// A vault, a registry and an account that are closed to the public, each with a way through the
// network.
constexpr const char* kLab = R"-(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg, routeTable: table, serviceEndpoints: [Microsoft.KeyVault]}
      endpoints: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups: {nsg: {}}
routeTables: {table: {}}
serverFarms: {plan: {}}
services:
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74,
         networkAcls: {defaultAction: Deny, virtualNetworkRules: [v/apps]}}
  images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 13.69.64.82,
           publicNetworkAccess: Disabled}
  files: {type: Microsoft.Storage/storageAccounts, location: northeurope, ipAddress: 20.60.223.4}
privateEndpoints:
  images: {subnet: v/endpoints, ipAddress: 10.1.2.4, privateLinkService: images,
           privateDnsZones: [privatelink.azurecr.io]}
privateDnsZones: {privatelink.azurecr.io: {virtualNetworkLinks: {v: {}}}}
sites:
  web:
    serverFarm: plan
    virtualNetworkSubnet: v/apps
    outboundVnetRouting: {imagePullTraffic: true, contentShareTraffic: true}
    linuxFxVersion: DOCKER|images.azurecr.io/web:1
    appSettings:
      DB: "@Microsoft.KeyVault(VaultName=keys;SecretName=db)"
      WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: AccountName=files
)-";

PlatformReport start(const lab::Lab& lab) {
  return predict(*network_of(lab), {"web", 0}, lab::startup_tasks(lab, "web")).value();
}

// "registry 10.1.2.4 virtualNetwork 10.1.1.4 reached".
Lines calls_of(const PlatformReport& report, TrafficClass traffic) {
  Lines texts;
  for (const StepReport& step : report.steps) {
    if (step.step != traffic) continue;
    for (const CallReport& call : step.calls) {
      const auto& [result, address, source, code, message] = call.outcome;
      texts.push_back(fmt::format("{} {} {} {} {}", call.call.purpose,
                                  address ? address->to_string() : "-",
                                  call.path ? lab::name_of(*call.path) : "-",
                                  source ? source->to_string() : "-", name_of(result)));
    }
  }
  return texts;
}

Lines log_of(const PlatformReport& report, TrafficClass traffic) {
  for (const StepReport& step : report.steps) {
    if (step.step == traffic) return step.log;
  }
  return {};
}

TEST(Prediction, FollowsEachClassByItsOwnWay) {
  const PlatformReport report = start(lab_from(kLab));
  EXPECT_TRUE(report.running) << report.reason;
  EXPECT_THAT(calls_of(report, TrafficClass::kKeyVault),
              ElementsAre("vault 13.69.64.74 direct 198.51.100.3 forbidden",
                          "vault 13.69.64.74 virtualNetwork 10.1.1.4 reached"));
  EXPECT_THAT(calls_of(report, TrafficClass::kImagePull),
              ElementsAre("registry 10.1.2.4 virtualNetwork 10.1.1.4 reached",
                          "token 10.1.2.4 virtualNetwork 10.1.1.4 reached",
                          "blob 10.1.2.4 virtualNetwork 10.1.1.4 reached"));
  EXPECT_THAT(calls_of(report, TrafficClass::kContentShare),
              ElementsAre("share 20.60.223.4 virtualNetwork 20.50.1.4 reached",
                          "share 20.60.223.4 virtualNetwork 20.50.1.4 reached"));
}

TEST(Prediction, OfAnImageThatIsPulledInPublicFailsAtAClosedRegistry) {
  const PlatformReport report =
      start(with(lab_from(kLab), "sites: {web: {outboundVnetRouting: null}}"));
  EXPECT_EQ(report.failed_step, TrafficClass::kImagePull);
  const std::string denied =
      "denied: client with IP '20.50.1.4' is not allowed access. Refer "
      "https://aka.ms/acr/firewall to grant access.";
  EXPECT_EQ(report.reason, denied);
  EXPECT_THAT(
      log_of(report, TrafficClass::kImagePull),
      ElementsAre("Pulling image images.azurecr.io/web:1.", denied,
                  "Image pull failed. Defaulting to local copy if present.",
                  "tcp://images.azurecr.io:443 from 20.50.1.4: Forbidden by images: "
                  "publicNetworkAccess is Disabled, which lets in private endpoints alone."));
}

TEST(Prediction, OfAShareTellsAListFromARoute) {
  lab::Lab lab = lab_from(kLab);
  deny(lab, "nsg/no-smb", 100, lab::Direction::kOutbound, {.destination_ports = "445"});
  EXPECT_EQ(start(lab).reason, "mount error(13): Permission denied");
  EXPECT_THAT(calls_of(start(lab), TrafficClass::kContentShare),
              ElementsAre("share 20.60.223.4 virtualNetwork 20.50.1.4 reached",
                          "share 20.60.223.4 virtualNetwork - timedOut"));
  lab = lab_from(kLab);
  route(lab, "table/none", "20.60.223.0/24", "None");
  EXPECT_EQ(start(lab).reason, "mount error(115): Operation now in progress");
}

TEST(Prediction, OfACallToItsOwnHostIsRefused) {
  const PlatformReport report =
      start(with(lab_from(kLab),
                 "sites: {web: {linuxFxVersion: 'DOCKER|here.example/web:1'}}\n"
                 "publicDns: {recordSets: {here.example: {A: [127.0.0.1]}}}"));
  EXPECT_EQ(report.failed_step, TrafficClass::kImagePull);
  EXPECT_THAT(calls_of(report, TrafficClass::kImagePull),
              ElementsAre("registry 127.0.0.1 - - refused"));
  EXPECT_EQ(report.steps.back().result, StepReport::Result::kSkipped);
  const PlatformReport by_address =
      start(with(lab_from(kLab), "sites: {web: {linuxFxVersion: 'DOCKER|127.0.0.1:5000/web'}}"));
  EXPECT_THAT(calls_of(by_address, TrafficClass::kImagePull),
              ElementsAre("registry 127.0.0.1 - - refused"));
}

TEST(Prediction, NeedsAnAppThatIsThere) {
  const lab::Lab lab = lab_from(kLab);
  for (const lab::Sender& app : {lab::Sender{"nobody", 0}, lab::Sender{"web", 7}}) {
    EXPECT_EQ(predict(*network_of(lab), app, {}).error().code, Errc::kNotFound);
  }
}

}  // namespace
}  // namespace egress::policy::test
