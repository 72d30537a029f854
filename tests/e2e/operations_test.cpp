// SPDX-License-Identifier: MIT
// Operations on the lab in force: what becomes of apps and addresses, what Azure refuses, what
// stays behind, and that the export says all of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/live_flows.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/values.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kWebsite = "http://93.184.216.34/";
const std::string kSubnet = "spoke/integration";
const std::string kInUse = "InUseSubnetCannotBeDeleted";

class LabOperations : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(contract_lab()));
  }

  void done(const Command& command) const {
    const Outcome outcome = machine_.ctl(command);
    EXPECT_EQ(outcome.status, 0) << command.front() << ": " << outcome.err << machine_.log();
    EXPECT_EQ(machine_.ctl({"status"}).status, 0) << machine_.log();
  }
  // What is said of it; nothing may have changed.
  std::string refused(const Command& command, int status = 1) const {
    const std::string before = inventory();
    const std::string lab = exported();
    const Outcome outcome = machine_.ctl(command);
    EXPECT_EQ(outcome.status, status) << outcome.out << outcome.err;
    EXPECT_EQ(inventory(), before);
    EXPECT_EQ(exported(), lab);
    return outcome.err;
  }
  std::string exported() const {
    const Outcome outcome = machine_.ctl({"export"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  json links() const { return machine_.ctl_json({"status"})["serviceAssociationLinks"]; }
  // The source that the website sees.
  std::string peer(const std::string& app) const {
    const Outcome asked = machine_.exec(app, {"curl", "-sS", "--max-time", "10", kWebsite});
    const json answer = json::parse(asked.out, nullptr, false);
    return answer.is_object() ? answer.at("peer").get<std::string>() : asked.err;
  }
  static bool is_there(const std::string& netns) {
    return (run({"ip", "netns", "list"}).out + " ").find(netns) != std::string::npos;
  }
  // How the app's second interface is called, which changes with each start; empty without one.
  static std::string vnet_link(const std::string& netns) {
    return run_script("ip -n " + netns + " -br link | grep -o '^vnet0[^@ ]*'").out;
  }

  Machine machine_{};
};

TEST_F(LabOperations, ExportAsPeopleWriteLabsAndAsAFileThatChangesNothing) {
  ASSERT_EQ(machine_.ctl({"scale", "plan", "--capacity", "3"}).status, 0);
  const std::string lab = exported();
  EXPECT_THAT(lab, HasSubstr("\n  plan:\n"));
  const std::string before = inventory();
  const json applied = machine_.ctl_json({"apply", machine_.file("exported.yaml", lab)});
  EXPECT_EQ(applied["changed"], 0) << applied;
  EXPECT_EQ(inventory(), before);
}

TEST_F(LabOperations, ScaleOutAndInWithoutTouchingTheInstancesThatStay) {
  TcpStream stream({"eg-app-web-0", "eg-host-sql", ip("10.1.2.4"), 7000});
  ASSERT_TRUE(eventually([&] { return stream.received() > 0; }));
  const std::string link = vnet_link("eg-app-web-0");
  done({"scale", "plan", "--capacity", "4"});
  EXPECT_THAT(peer("web/3"), HasSubstr("20.61.0.10:"));
  EXPECT_EQ(machine_.ctl_json({"leases", kSubnet})["leases"].size(), 4U);
  done({"scale", "plan", "--capacity", "1"});
  EXPECT_FALSE(is_there("eg-app-web-1"));
  EXPECT_EQ(machine_.ctl_json({"leases", kSubnet})["leases"].size(), 1U);

  EXPECT_EQ(vnet_link("eg-app-web-0"), link);
  const uint64_t received = stream.received();
  EXPECT_TRUE(eventually([&] { return stream.received() > received; })) << "the stream has ended";
}

TEST_F(LabOperations, DisconnectAndConnectRestartTheAppAndLeaveTheNetworkAsItIs) {
  const std::string network = run_script("ip -n eg-vnet-spoke route show table all").out;
  const std::string link = vnet_link("eg-app-web-0");
  ASSERT_NE(link, "");
  done({"disconnect", "web"});
  EXPECT_EQ(vnet_link("eg-app-web-0"), "");
  EXPECT_THAT(peer("web"), HasSubstr("20.50.1."));
  EXPECT_THAT(exported(), HasSubstr("Microsoft.Web/serverFarms")) << "the delegation stays";
  const Outcome again = machine_.ctl({"disconnect", "web"});
  EXPECT_THAT(again.out + again.err, HasSubstr("no changes"));

  done({"connect", "web", kSubnet});
  EXPECT_THAT(vnet_link("eg-app-web-0"), HasSubstr("vnet0"));
  EXPECT_NE(vnet_link("eg-app-web-0"), link);
  EXPECT_THAT(peer("web"), HasSubstr("20.61.0.10:"));
  EXPECT_EQ(run_script("ip -n eg-vnet-spoke route show table all").out, network);
}

TEST_F(LabOperations, ASwapExchangesSettingsAndLeavesTheIntegration) {
  done({"set", "sites.web.appSettings.COLOUR", "blue"});
  done({"set", "sites.web.slots.staging", "{appSettings: {COLOUR: green}}"});
  EXPECT_THAT(peer("web"), HasSubstr("20.61.0.10:"));
  const std::string before = vnet_link("eg-app-web-0");
  done({"swap", "web", "staging"});
  EXPECT_THAT(machine_.ctl({"env", "web"}).out, HasSubstr("COLOUR=green"));
  EXPECT_THAT(machine_.ctl({"env", "web-staging"}).out, HasSubstr("COLOUR=blue"));
  EXPECT_THAT(peer("web"), HasSubstr("20.61.0.10:"));
  EXPECT_THAT(peer("web-staging"), HasSubstr("20.50.1."));
  EXPECT_NE(vnet_link("eg-app-web-0"), before) << "it has been restarted";
  EXPECT_THAT(refused({"swap", "web", "stagin"}, 3), HasSubstr("did you mean 'staging'?"));
}

TEST_F(LabOperations, DeletingInTheWrongOrderIsRefusedInAzuresWords) {
  EXPECT_THAT(refused({"delete", "subnet", kSubnet}),
              AllOf(HasSubstr(kInUse), HasSubstr("/serviceAssociationLinks/AppServiceLink"),
                    HasSubstr("disconnect web first")));
  EXPECT_THAT(refused({"delete", "virtualNetwork", "spoke"}), HasSubstr(kInUse));
  EXPECT_THAT(refused({"delete", "serverFarm", "plan"}),
              HasSubstr("Server farm 'plan' cannot be deleted because it has web app(s) web"));
  EXPECT_THAT(refused({"delete", "networkSecurityGroup", "nsg-integration"}),
              HasSubstr("InUseNetworkSecurityGroupCannotBeDeleted"));
  EXPECT_THAT(refused({"scale", "plan", "--capacity", "60"}),
              HasSubstr("Insufficient address space remaining in VNet(s)"));

  done({"disconnect", "web"});
  done({"delete", "site", "web"});
  done({"delete", "serverFarm", "plan"});
  done({"delete", "subnet", kSubnet});
  EXPECT_FALSE(is_there("eg-app-web-0"));
  EXPECT_FALSE(is_there("eg-worker-plan-0"));
}

TEST_F(LabOperations, ASiteThatIsDeletedBeforeItIsDisconnectedLeavesItsLink) {
  done({"delete", "site", "web"});
  EXPECT_FALSE(is_there("eg-app-web-0"));
  ASSERT_EQ(links().size(), 1U);
  EXPECT_EQ(links()[0]["subnet"], kSubnet);
  EXPECT_EQ(links()[0]["name"], "AppServiceLink");
  EXPECT_EQ(links()[0]["orphaned"], true);
  const std::string hint = "egressctl purge " + kSubnet;
  EXPECT_THAT(refused({"delete", "subnet", kSubnet}), AllOf(HasSubstr(kInUse), HasSubstr(hint)));

  ASSERT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(machine_.comes_in_sync());
  EXPECT_THAT(refused({"delete", "subnet", kSubnet}), AllOf(HasSubstr(kInUse), HasSubstr(hint)));

  const Outcome purged = machine_.ctl({"purge", kSubnet});
  EXPECT_EQ(purged.status, 0) << purged.err;
  EXPECT_THAT(purged.out + purged.err, HasSubstr("Purged unused virtual network integration."));
  EXPECT_EQ(links(), json::array());
  done({"delete", "subnet", kSubnet});
}

TEST_F(LabOperations, ASiteOfTheSameNameThatIsConnectedAndDisconnectedTakesTheLinkAway) {
  done({"delete", "site", "web"});
  done({"set", "sites.web", "{serverFarm: plan}"});
  EXPECT_THAT(refused({"delete", "subnet", kSubnet}), HasSubstr(kInUse));
  done({"connect", "web", kSubnet});
  ASSERT_EQ(links().size(), 1U);
  EXPECT_EQ(links()[0]["orphaned"], false);
  EXPECT_THAT(refused({"purge", kSubnet}), HasSubstr("web"));
  done({"disconnect", "web"});
  EXPECT_EQ(links(), json::array());
  done({"delete", "subnet", kSubnet});
}

TEST_F(LabOperations, AFileMeetsTheSameRules) {
  const std::string before = inventory();
  const Outcome resized = machine_.ctl(
      {"apply",
       machine_.file("resized.yaml", replaced(contract_lab(), "10.1.1.0/26", "10.1.1.0/27"))});
  EXPECT_EQ(resized.status, 1);
  EXPECT_THAT(resized.err, HasSubstr("InUsePrefixCannotBeDeleted"));
  EXPECT_THAT(resized.err, HasSubstr("IpPrefix 10.1.1.0/26 on Subnet integration has active "
                                     "allocations and cannot be deleted."));
  EXPECT_THAT(resized.err, HasSubstr("resized.yaml:16:7"));
  EXPECT_EQ(inventory(), before);
}

TEST_F(LabOperations, AnExportAppliesWithoutAnyChange) {
  done({"scale", "plan", "--capacity", "3"});
  done({"set", "sites.web.appSettings.GREETING", "good evening"});
  done({"unset", "sites.web.outboundVnetRouting"});
  const std::string before = inventory();
  const std::string lab = exported();
  EXPECT_THAT(lab, HasSubstr("good evening"));
  EXPECT_THAT(machine_.ctl({"env", "web/2"}).out, HasSubstr("GREETING=good evening"));

  const std::string file = machine_.file("exported.yaml", lab);
  EXPECT_EQ(machine_.ctl({"plan", "--detailed-exitcode", file}).status, 0);
  const Outcome applied = machine_.ctl({"apply", file});
  EXPECT_EQ(applied.status, 0) << applied.err;
  EXPECT_THAT(applied.out + applied.err, HasSubstr("no changes"));
  EXPECT_EQ(inventory(), before);
  EXPECT_EQ(exported(), lab);

  const Outcome plan = machine_.ctl({"plan", machine_.file("lab.yaml", contract_lab())});
  EXPECT_THAT(plan.out, Not(HasSubstr("Undoes"))) << "the file that was applied says it all";
}

TEST_F(LabOperations, APlanSaysWhichOfThemAFileTakesBack) {
  done({"scale", "plan", "--capacity", "3"});
  const Outcome plan = machine_.ctl({"plan", machine_.file("lab.yaml", contract_lab())});
  EXPECT_THAT(plan.out, HasSubstr("scale plan --capacity 3"));
  ASSERT_TRUE(machine_.apply(contract_lab()));
  EXPECT_FALSE(is_there("eg-app-web-2"));
}

}  // namespace
}  // namespace egress::e2e
