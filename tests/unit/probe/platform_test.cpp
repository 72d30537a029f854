// SPDX-License-Identifier: MIT
#include "probe/platform.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/names.hpp"
#include "policy/origin.hpp"
#include "policy/platform/predict.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"

namespace egress::probe {
namespace {

using namespace testing_support;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Lines = std::vector<std::string>;

// Starts of every kind: through the network and in public, refused, denied, dropped, unresolved.
constexpr const char* kLab = R"-(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg, serviceEndpoints: [Microsoft.KeyVault]}
      endpoints: {addressPrefix: 10.1.2.0/24}
      translated: {addressPrefix: 10.1.3.0/26, delegations: [Microsoft.Web/serverFarms],
                   natGateway: nat}
natGateways: {nat: {publicIpPrefixes: [20.61.7.0/31]}}
networkSecurityGroups:
  nsg:
    securityRules:
      no-smb: {priority: 100, direction: Outbound, access: Deny, protocol: Tcp,
               sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
               destinationPortRange: "445"}
serverFarms: {plan: {}}
services:
  keys: {type: Microsoft.KeyVault/vaults, ipAddress: 13.69.64.74, secrets: {db: {value: hunter2}},
         networkAcls: {defaultAction: Deny, virtualNetworkRules: [v/apps]}}
  images: {type: Microsoft.ContainerRegistry/registries, ipAddress: 13.69.64.82,
           publicNetworkAccess: Disabled}
  choosy: {type: Microsoft.ContainerRegistry/registries, ipAddress: 13.69.64.90,
           networkAcls: {defaultAction: Deny, ipRules: [20.61.7.1]}}
  files: {type: Microsoft.Storage/storageAccounts, location: northeurope, ipAddress: 20.60.223.4}
privateEndpoints:
  images: {subnet: v/endpoints, ipAddress: 10.1.2.4, privateLinkService: images,
           privateDnsZones: [privatelink.azurecr.io]}
privateDnsZones: {privatelink.azurecr.io: {virtualNetworkLinks: {v: {}}}}
publicDns: {recordSets: {lost.example: {CNAME: nothing.example}}}
hosts:
  authority: {internet: true, ipAddress: 20.190.1.4, names: [login.microsoftonline.com],
              listen: [tcp/443]}
  deaf: {internet: true, ipAddress: 20.70.1.4, names: [deaf.example], listen: [tcp/80]}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: v/apps, identity: {type: SystemAssigned},
        outboundVnetRouting: {imagePullTraffic: true, contentShareTraffic: true},
        linuxFxVersion: DOCKER|images.azurecr.io/web:1,
        appSettings: {DB: "@Microsoft.KeyVault(VaultName=keys;SecretName=db)",
                      WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: AccountName=files}}
  public: {serverFarm: plan, virtualNetworkSubnet: v/apps,
           linuxFxVersion: DOCKER|images.azurecr.io/web:1}
  outside: {serverFarm: plan,
            appSettings: {DB: "@Microsoft.KeyVault(VaultName=keys;SecretName=db)"}}
  deaf: {serverFarm: plan, linuxFxVersion: DOCKER|deaf.example/web:1}
  lost: {serverFarm: plan, linuxFxVersion: DOCKER|lost.example/web:1}
  by-gateway: {serverFarm: plan, virtualNetworkSubnet: v/translated,
               outboundVnetRouting: {applicationTraffic: true, imagePullTraffic: true},
               linuxFxVersion: DOCKER|choosy.azurecr.io/web:1}
  by-address: {serverFarm: plan, linuxFxVersion: "DOCKER|20.190.1.4:443/web"}
)-";

std::shared_ptr<const policy::Network> network() {
  static const auto analysed = network_of(lab_from(kLab));
  return analysed;
}

std::vector<Starting> all_starts() {
  std::vector<Starting> starts;
  for (auto& [site, tasks] : lab::startup_tasks(network()->situation.lab)) {
    starts.push_back({{site, 0}, tasks});
  }
  return starts;
}

// Lookups and connections that come to what the analysis says, unless a test says else.
class World {
 public:
  Probes probes() {
    return {.look_up =
                [this](const std::vector<NameLookup>& lookups) {
                  std::vector<std::optional<dns::Reply>> replies;
                  for (const NameLookup& lookup : lookups) replies.push_back(reply_to(lookup));
                  return Result<std::vector<std::optional<dns::Reply>>>(std::move(replies));
                },
            .call = [this](const std::vector<Call>& calls,
                           std::chrono::milliseconds) -> Result<std::vector<CallSeen>> {
              ++rounds;
              if (failure) return *failure;
              std::vector<CallSeen> seen;
              for (const Call& call : calls) seen.push_back(seen_of(call));
              return seen;
            }};
  }
  std::vector<policy::PlatformReport> perform(std::vector<Starting> starts) {
    Verifier verifier(probes());
    return probe::perform(network(), "eg", std::move(starts), verifier).value();
  }
  policy::PlatformReport perform(const std::string& site) {
    return perform({{{site, 0}, lab::startup_tasks(network()->situation.lab, site)}}).front();
  }

  std::function<void(const Call&, CallSeen&)> spoil_call{};
  std::function<void(const NameLookup&, dns::Reply&)> spoil_reply{};
  std::optional<Error> failure{};
  int rounds = 0;
  Lines asked{};  // "eg-app-web-0-image-pull images.azurecr.io"

 private:
  struct Lane {
    lab::Sender sender{};
    bool public_attempt = false;
  };
  static Lane lane_of(const std::string& netns) {
    for (const auto& [name, site] : network()->sites) {
      for (const policy::Lane& lane : site.lanes) {
        const lab::Sender sender{name, 0, lane.traffic};
        if (compile::lane_netns("eg", sender, lane.public_attempt) == netns) {
          return {sender, lane.public_attempt};
        }
      }
    }
    ADD_FAILURE() << netns << " is nobody's";
    return {};
  }

  dns::Reply reply_to(const NameLookup& lookup) {
    const auto [sender, public_attempt] = lane_of(lookup.netns);
    asked.push_back(lookup.netns + " " + lookup.question.name);
    const auto resolution =
        policy::resolve_name(*network(), *network()->find(sender, public_attempt),
                             lookup.question.name, lookup.question.type);
    dns::Reply reply;
    if (resolution.status == lab::LookupStatus::kNxDomain) reply.rcode = 3;
    if (resolution.answered_by) {
      reply.records = resolution.servers[*resolution.answered_by].answer.records;
    }
    if (spoil_reply) spoil_reply(lookup, reply);
    return reply;
  }

  CallSeen seen_of(const Call& call) {
    const auto [sender, public_attempt] = lane_of(call.netns);
    const auto explained =
        policy::explain_attempt(*network(), sender, public_attempt,
                                {Protocol::kTcp, call.to.to_string(), call.port}, call.source_port)
            .value();
    const policy::CallOutcome outcome = policy::outcome_of(explained);
    CallSeen seen{.connected = outcome.result == policy::CallResult::kReached ||
                               outcome.result == policy::CallResult::kForbidden,
                  .refused = outcome.result == policy::CallResult::kRefused};
    if (seen.connected) {
      nlohmann::json line{{"host", explained.host},
                          {"peer", explained.sources.front().to_string() + ":50000"}};
      if (explained.service) line["access"] = lab::name_of(explained.service->access);
      if (!outcome.code.empty()) line["code"] = outcome.code;
      if (!outcome.message.empty()) line["message"] = outcome.message;
      seen.text = line.dump();
    }
    if (spoil_call) spoil_call(call, seen);
    return seen;
  }
};

Lines differences_in(const policy::PlatformReport& report) {
  Lines all;
  for (const policy::StepReport& step : report.steps) {
    for (const policy::CallReport& call : step.calls) {
      all.insert(all.end(), call.differences.begin(), call.differences.end());
    }
  }
  return all;
}

TEST(Performance, IsThePredictionWhereTheKernelDoesWhatTheAnalysisSays) {
  World world;
  const auto reports = world.perform(all_starts());
  const auto starts = all_starts();
  ASSERT_EQ(reports.size(), starts.size());
  size_t failed = 0;
  for (size_t i = 0; i < reports.size(); ++i) {
    const auto predicted = policy::predict(*network(), starts[i].app, starts[i].tasks).value();
    EXPECT_TRUE(reports[i] == predicted) << starts[i].app.to_string();
    EXPECT_THAT(differences_in(reports[i]), IsEmpty()) << starts[i].app.to_string();
    if (!reports[i].running) ++failed;
  }
  EXPECT_EQ(failed, 5U) << "by-gateway, deaf, lost, public and web";
}

TEST(Performance, AsksEachNameWhereTheClassAsks) {
  World world;
  world.perform("web");
  EXPECT_THAT(world.asked, ElementsAre("eg-app-web-0-managed-identity login.microsoftonline.com",
                                       "eg-app-web-0-key-vault-public keys.vault.azure.net",
                                       "eg-app-web-0-key-vault keys.vault.azure.net",
                                       "eg-app-web-0-image-pull images.azurecr.io",
                                       "eg-app-web-0-image-pull images.azurecr.io",
                                       "eg-app-web-0-image-pull images.westeurope.data.azurecr.io",
                                       "eg-app-web-0-content-share files.file.core.windows.net",
                                       "eg-app-web-0-content-share files.file.core.windows.net"));
}

TEST(Performance, MakesTheNextCallOfEachStartAtOnce) {
  World one;
  one.perform("web");
  World all;
  all.perform(all_starts());
  EXPECT_EQ(all.rounds, one.rounds) << "as many as the longest has";
}

TEST(Performance, AsksNoNameServerAboutAnAddress) {
  World world;
  EXPECT_TRUE(world.perform("by-address").running);
  EXPECT_THAT(world.asked, IsEmpty());
}

TEST(Performance, SaysWhereACallComesToSomethingElse) {
  struct Case {
    const char* site;
    std::function<void(CallSeen&)> spoil;
    const char* difference;
    bool running;
  };
  const auto answers = [](CallSeen& seen, const char* key, const char* value) {
    auto line = nlohmann::json::parse(seen.text);
    line[key] = value;
    seen.text = line.dump();
  };
  for (const Case& each :
       {Case{"by-address", [](CallSeen& seen) { seen = {}; },
             "tcp://20.190.1.4:443: predicted: reached, performed: timedOut", false},
        Case{"by-address", [](CallSeen& seen) { seen = {.refused = true}; },
             "tcp://20.190.1.4:443: predicted: reached, performed: refused", false},
        Case{"by-address", [&](CallSeen& seen) { answers(seen, "peer", "20.50.1.5:1"); },
             "predicted: as 20.50.1.4, performed: as 20.50.1.5", true},
        Case{"by-address", [&](CallSeen& seen) { answers(seen, "host", "other"); },
             "predicted: authority answers, performed: other does", true},
        Case{"deaf", [](CallSeen& seen) { seen = {.connected = true}; },
             "predicted: refused, performed: reached", true},
        Case{"public", [&](CallSeen& seen) { answers(seen, "code", "OTHER"); },
             "performed: forbidden (OTHER)", false}}) {
    World world;
    world.spoil_call = [&](const Call&, CallSeen& seen) { each.spoil(seen); };
    const auto report = world.perform(each.site);
    EXPECT_THAT(differences_in(report), ::testing::Contains(HasSubstr(each.difference)));
    EXPECT_EQ(report.running, each.running) << each.difference;
  }
}

// The oracle, seed 2712005.
TEST(Performance, MayMeetWhatAServiceSaysToAnotherAddressOfANatGateway) {
  World world;
  EXPECT_FALSE(world.perform("by-gateway").running);
  world.spoil_call = [](const Call&, CallSeen& seen) {
    seen.text = R"({"host": "choosy", "peer": "20.61.7.1:50000", "access": "Allow"})";
  };
  const auto report = world.perform("by-gateway");
  EXPECT_THAT(differences_in(report), IsEmpty());
  EXPECT_TRUE(report.running);
  world.spoil_call = [](const Call&, CallSeen& seen) { seen = {}; };
  EXPECT_THAT(differences_in(world.perform("by-gateway")),
              ::testing::Contains(HasSubstr("performed: timedOut")));
}

TEST(Performance, CallsTheAddressThatTheResolverGaveAndSaysThatItIsAnother) {
  World world;
  world.spoil_reply = [](const NameLookup&, dns::Reply& reply) {
    reply.records = {{.name = "deaf.example", .data = ip("20.190.1.4")}};
  };
  const auto report = world.perform("deaf");
  EXPECT_TRUE(report.running) << "the authority listens";
  EXPECT_EQ(report.steps.front().calls.front().outcome.address, ip("20.190.1.4"));
  EXPECT_THAT(differences_in(report).front(),
              HasSubstr("deaf.example is 20.70.1.4; resolver: 20.190.1.4"));
}

TEST(Performance, CallsNobodyWhereTheResolverHasNoAddress) {
  World world;
  world.spoil_reply = [](const NameLookup&, dns::Reply& reply) { reply = {.rcode = 3}; };
  const auto report = world.perform("deaf");
  EXPECT_FALSE(report.running);
  EXPECT_EQ(world.rounds, 0);
  EXPECT_EQ(report.steps.front().calls.front().outcome.result, policy::CallResult::kUnresolved);
  EXPECT_THAT(differences_in(report), ElementsAre(HasSubstr("resolver: NXDOMAIN")));
}

TEST(Performance, PassesTheFailureOfItsProbesOn) {
  World world;
  world.failure = Error{.code = Errc::kNotFound, .message = "no namespace"};
  Verifier verifier(world.probes());
  const auto performed = perform(network(), "eg", all_starts(), verifier);
  ASSERT_FALSE(performed.ok());
  EXPECT_EQ(performed.error().message, "no namespace");
}

}  // namespace
}  // namespace egress::probe
