// SPDX-License-Identifier: MIT
// Starts of apps and backups as they are performed, by packets in the namespaces of their classes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/files.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The site pulls its image from a registry that only the network leads to, and a rule may keep it
// from.
constexpr const char* kLab = R"-(
location: westeurope
outboundIpAddresses: [20.50.1.4]
virtualNetworks:
  v:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg}
      data: {addressPrefix: 10.1.2.0/24}
networkSecurityGroups:
  nsg:
    securityRules:
      images: {priority: 100, direction: Outbound, access: Allow, protocol: Tcp,
               sourceAddressPrefix: "*", sourcePortRange: "*",
               destinationAddressPrefix: 10.1.2.4/32, destinationPortRange: "5000"}
serverFarms: {plan: {}}
hosts: {images: {subnet: v/data, ipAddress: 10.1.2.4, names: [images.internal],
                 listen: [tcp/5000, tcp/80]}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: v/apps, appSettings: {GREETING: hello},
        linuxFxVersion: "DOCKER|images.internal:5000/shop", outboundVnetRouting: {imagePullTraffic: true}}
)-";

std::string denied() {
  return replaced(kLab, "access: Allow", "access: Deny");
}

// Empty when nobody says so.
json startup(const Machine& machine, const std::string& app) {
  json report = machine.ctl_json({"startup", app});
  return report.is_object() ? report : json::object();
}

std::string state_of(const Machine& machine, const std::string& app) {
  return startup(machine, app).value("state", "");
}

class Startup : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }
  Machine machine_{};
};

// Labs with starts.
class StartupLab : public ::testing::TestWithParam<std::string> {};

TEST_P(StartupLab, SaysWhatWasPredicted) {
  Machine machine;
  ASSERT_TRUE(machine.start());
  const Outcome applied = machine.ctl({"apply", GetParam()});
  ASSERT_EQ(applied.status, 0) << applied.err << machine.log();
  size_t steps = 0;
  const json status = machine.ctl_json({"status"});
  for (const json& app : status["apps"]) {
    const std::string name = app.value("site", "") + "/" + std::to_string(app.value("instance", 0));
    json performed = startup(machine, name);
    performed.erase("startedAt");
    const json predicted = machine.ctl_json({"startup", name, "--lab", GetParam()});
    EXPECT_EQ(performed, predicted) << name;
    EXPECT_EQ(performed.value("state", "none"), app.value("state", "")) << name;
    steps += performed["steps"].size();
  }
  EXPECT_GT(steps, 0U) << "a lab whose apps start without the platform";
  EXPECT_EQ(machine.ctl({"status"}).status, 0);
}

INSTANTIATE_TEST_SUITE_P(Behaviour, StartupLab,
                         ::testing::Values(LABS_DIRECTORY "/image-pull.yaml",
                                           LABS_DIRECTORY "/content-share.yaml",
                                           LABS_DIRECTORY "/key-vault-references.yaml"),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Field, StartupLab,
                         ::testing::Values(FIELD_LABS "/registry-by-private-endpoint.yaml",
                                           FIELD_LABS "/vault-by-service-endpoint.yaml"),
                         test_name);

TEST_F(Startup, AnAppWithoutItsImageRefusesExec) {
  const Outcome applied = machine_.ctl({"apply", machine_.file("lab.yaml", denied())});
  EXPECT_EQ(applied.status, 0) << "the kernel is as the lab wants it";
  EXPECT_THAT(applied.err,
              HasSubstr("warning: web/0 does not run: image-pull: Pulling docker image "
                        "images.internal:5000/shop over VNET failed."));
  const Outcome refused = machine_.exec("web", {"true"});
  EXPECT_EQ(refused.status, 125);
  EXPECT_THAT(refused.err, HasSubstr("error[not-running]: web/0 does not run: image-pull failed"));
  EXPECT_THAT(refused.err, HasSubstr("egressctl startup web"));
  EXPECT_EQ(machine_.ctl({"exec", "web", "--force", "--", "true"}).status, 0);
  EXPECT_EQ(machine_.ctl({"env", "web"}).status, 3);
  EXPECT_THAT(machine_.ctl({"env", "web", "--force"}).out, HasSubstr("GREETING=hello"));
  EXPECT_THAT(machine_.ctl({"status"}).out, HasSubstr("failed: image-pull"));
  const Outcome report = machine_.ctl({"startup", "web"});
  EXPECT_EQ(report.status, 1);
  EXPECT_THAT(report.out, HasSubstr("Deny by nsg/images"));
  EXPECT_EQ(machine_.ctl({"status"}).status, 0) << "no drift";
}

TEST_F(Startup, AnApplyThatMendsARuleStartsTheApp) {
  ASSERT_TRUE(machine_.apply(denied()));
  EXPECT_EQ(machine_.ctl({"startup", "web"}).status, 1);
  const Outcome applied = machine_.ctl({"apply", machine_.file("lab.yaml", kLab)});
  EXPECT_EQ(applied.status, 0);
  EXPECT_THAT(applied.err, Not(HasSubstr("does not run")));
  EXPECT_EQ(machine_.ctl({"startup", "web"}).status, 0);
  EXPECT_EQ(machine_.exec("web", {"true"}).status, 0);
}

TEST_F(Startup, GoesOnAfterKill9) {
  // Nobody answers, so that the daemon is still at it when it is killed.
  Background applying(
      machine_.ctl_command({"apply", machine_.file("lab.yaml", denied()), "--no-progress"}), "");
  ASSERT_TRUE(eventually([&] { return state_of(machine_, "web") == "starting"; }));
  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  EXPECT_NE(applying.wait(), 0) << "nobody says that all went well";
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(eventually([&] { return state_of(machine_, "web") == "failed"; }));
  const json report = startup(machine_, "web");
  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(startup(machine_, "web"), report) << "nothing starts because the daemon did";
}

TEST_F(Startup, ReferencesComeIntoTheEnvironmentOrStayRaw) {
  ASSERT_TRUE(machine_.apply(read_file(LABS_DIRECTORY "/key-vault-references.yaml")));
  const json network = machine_.ctl_json({"env", "network"});
  EXPECT_EQ(network.value("DB", ""), "hunter3");
  EXPECT_EQ(network.value("APPSETTING_DB", ""), "hunter3");
  EXPECT_EQ(network.value("NONE", ""), "@Microsoft.KeyVault(VaultName=closed;SecretName=none)");
  EXPECT_EQ(network.value("SHARE", ""), "plain");
  EXPECT_EQ(network.value("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", ""), "AccountName=files");
  const json guarded = machine_.ctl_json({"env", "guarded"});
  EXPECT_EQ(guarded.value("DB", ""), "@Microsoft.KeyVault(VaultName=closed;SecretName=db)");
  EXPECT_EQ(guarded.value("OPEN", ""), "hunter2");
  const json tokenless = machine_.ctl_json({"env", "tokenless"});
  EXPECT_EQ(tokenless.value("OPEN", ""), "@Microsoft.KeyVault(VaultName=open;SecretName=db)");
  EXPECT_THAT(machine_.log(), HasSubstr("guarded/0: DB stays unresolved: time-out"));
}

TEST_F(Startup, ABackupGoesByItsOwnSwitch) {
  ASSERT_TRUE(machine_.apply(read_file(LABS_DIRECTORY "/backup.yaml")));
  const Outcome done = machine_.ctl({"backup", "network"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("network/0: done"));
  EXPECT_THAT(done.out, HasSubstr("10.1.4.4  virtualNetwork as 10.1.1.4  reached"));
  const Outcome failed = machine_.ctl({"backup", "public"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.out, HasSubstr("direct as 20.50.1.4  forbidden"));
  EXPECT_THAT(failed.err, IsEmpty());
  EXPECT_EQ(machine_.ctl({"backup", "nobody"}).status, 3);
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
}

}  // namespace
}  // namespace egress::e2e
