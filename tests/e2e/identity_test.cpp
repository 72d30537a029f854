// SPDX-License-Identifier: MIT
// Apps that ask for tokens of their identities.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::EndsWith;
using ::testing::HasSubstr;

// The authority is on the Internet; the network of the app lets nobody get there.
constexpr const char* kLab = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps:
        addressPrefix: 10.1.1.0/26
        delegations: [Microsoft.Web/serverFarms]
        routeTable: nowhere
routeTables: {nowhere: {routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: None}}}}
serverFarms: {plan: {capacity: 2}}
sites:
  web:
    serverFarm: plan
    virtualNetworkSubnet: v/apps
    identity: {type: SystemAssigned}
    outboundVnetRouting: {applicationTraffic: true, managedIdentityTraffic: false}
  without: {serverFarm: plan}
hosts:
  login: {internet: true, ipAddress: 20.190.1.1, names: [login.microsoftonline.com], listen: [tcp/443]}
)";

// With the header of the app that is asked as, or of another.
constexpr const char* kAsk =
    R"(curl -sS --max-time 60 -w '%{http_code}' -H "X-IDENTITY-HEADER: $IDENTITY_HEADER" "$IDENTITY_ENDPOINT?resource=https://vault.azure.net&api-version=2019-08-01")";
constexpr const char* kAskAs =
    R"(curl -sS --max-time 60 -w '%{http_code}' -H "X-IDENTITY-HEADER: $0" 'http://169.254.129.1:8081/msi/token?resource=r&api-version=2019-08-01')";

class Identity : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(kLab));
  }

  std::string environment(const std::string& app, const std::string& name) const {
    return machine_.exec(app, {"printenv", name}).out;
  }
  // What the endpoint says, with its status.
  std::string token(const std::string& app) const {
    return machine_.exec(app, {"sh", "-c", kAsk}).out;
  }

  Machine machine_{};
};

// azure-facts 1.6.12
TEST_F(Identity, IsToldToTheAppWhichGetsItsTokensByIt) {
  EXPECT_EQ(environment("web", "IDENTITY_ENDPOINT"), "http://169.254.129.1:8081/msi/token\n");
  EXPECT_EQ(environment("web", "MSI_ENDPOINT"), environment("web", "IDENTITY_ENDPOINT"));
  EXPECT_EQ(environment("web", "MSI_SECRET"), environment("web", "IDENTITY_HEADER"));
  EXPECT_EQ(environment("without", "IDENTITY_ENDPOINT"), "");
  for (const char* app : {"web/0", "web/1"}) EXPECT_THAT(token(app), HasSubstr("\"Bearer\""));
}

TEST_F(Identity, GivesNoTokenToAnAppThatHasNone) {
  const std::string header = environment("web", "IDENTITY_HEADER").substr(0, 36);
  EXPECT_THAT(machine_.exec("without", {"sh", "-c", kAskAs, header}).out, EndsWith("401"));
}

// azure-facts 2.2.9
TEST_F(Identity, CallsItsAuthorityByTheSwitchOfItsClass) {
  ASSERT_TRUE(machine_.apply(
      replaced(kLab, "managedIdentityTraffic: false", "managedIdentityTraffic: true")));
  const std::string lost = token("web");
  EXPECT_THAT(lost, HasSubstr("No token: no connection to login.microsoftonline.com (20.190.1.1)"));
  EXPECT_THAT(lost, EndsWith("500"));
  ASSERT_TRUE(machine_.apply(kLab));
  EXPECT_THAT(token("web"), HasSubstr("\"Bearer\""));
}

TEST_F(Identity, GivesTokensWhileNoDaemonRuns) {
  const std::string header = environment("web", "IDENTITY_HEADER").substr(0, 36);
  machine_.stop(SIGKILL);
  EXPECT_THAT(run({"ip", "netns", "exec", "eg-app-web-0", "sh", "-c", kAskAs, header}).out,
              HasSubstr("\"Bearer\""));
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_THAT(token("web"), HasSubstr("\"Bearer\""));
}

}  // namespace
}  // namespace egress::e2e
