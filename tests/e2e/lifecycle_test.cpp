// SPDX-License-Identifier: MIT
// A lab from its first application to its end, over restarts and crashes of the daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kWebsite = "http://93.184.216.34/";

class LifeCycle : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = home_inventory();
    ASSERT_TRUE(machine_.start());
  }
  // Whatever happens, the machine's own namespace stays as it was.
  void TearDown() override { EXPECT_EQ(home_inventory(), before_); }

  Outcome apply(const std::string& text) const {
    return machine_.ctl({"apply", machine_.file("lab.yaml", text)});
  }
  void apply_contract() const { ASSERT_TRUE(machine_.apply(contract_lab())); }
  // The source that the website sees when the app's namespace asks it, without any daemon.
  static std::string peer_without_daemon(const std::string& netns) {
    const Outcome asked =
        run({"ip", "netns", "exec", netns, "curl", "-sS", "--max-time", "10", kWebsite});
    const json answer = json::parse(asked.out, nullptr, false);
    return answer.is_object() ? answer.at("peer").get<std::string>() : asked.err;
  }
  std::string private_address(const std::string& app) const {
    const std::string environment = machine_.ctl({"env", app}).out;
    const std::string name = "WEBSITE_PRIVATE_IP=";
    const size_t at = environment.find(name);
    if (at == std::string::npos) return "";
    const size_t start = at + name.size();
    return environment.substr(start, environment.find('\n', start) - start);
  }

  Machine machine_{};
  std::string before_{};
};

TEST_F(LifeCycle, CreatesTheNamespacesOfTheContract) {
  apply_contract();
  const std::string names = run({"ip", "netns", "list"}).out;
  for (const char* name :
       {"eg-app-web-0", "eg-app-web-1", "eg-worker-plan-0", "eg-worker-plan-1", "eg-vnet-hub",
        "eg-vnet-spoke", "eg-host-firewall", "eg-host-sql", "eg-host-website", "eg-internet"}) {
    EXPECT_THAT(names, HasSubstr(name));
  }
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
}

TEST_F(LifeCycle, ApplyingTheSameLabAgainChangesNothing) {
  apply_contract();
  const std::string applied = inventory();
  const Outcome again = apply(contract_lab());
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.out + again.err, HasSubstr("no changes"));
  EXPECT_EQ(inventory(), applied);
  EXPECT_EQ(machine_.ctl({"plan", "--detailed-exitcode", machine_.file("lab.yaml", contract_lab())})
                .status,
            0);
}

TEST_F(LifeCycle, ARefusedLabChangesNothing) {
  const std::string empty = inventory();
  const std::string broken =
      replaced(contract_lab(), "nextHopType: VirtualAppliance", "nextHopType: VirtualApliance");
  const Outcome refused = apply(broken);
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(inventory(), empty);
  apply_contract();
  const std::string applied = inventory();
  EXPECT_EQ(apply(broken).status, 1);
  EXPECT_EQ(apply("sites: [").status, 1);
  EXPECT_EQ(inventory(), applied);
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
}

TEST_F(LifeCycle, AChangedLabReplacesTheOldOne) {
  apply_contract();
  const std::string with = inventory();
  const Outcome changed = apply(replaced(replaced(contract_lab(), "capacity: 2", "capacity: 1"),
                                         "applicationTraffic: true", "applicationTraffic: false"));
  ASSERT_EQ(changed.status, 0) << changed.err;
  const std::string names = run({"ip", "netns", "list"}).out;
  EXPECT_THAT(names, HasSubstr("eg-app-web-0"));
  EXPECT_THAT(names, Not(HasSubstr("eg-app-web-1")));
  EXPECT_THAT(names, Not(HasSubstr("eg-worker-plan-1")));
  EXPECT_THAT(peer_without_daemon("eg-app-web-0"), HasSubstr("20.50.1."));
  ASSERT_EQ(apply(contract_lab()).status, 0);
  EXPECT_THAT(peer_without_daemon("eg-app-web-0"), HasSubstr("20.61.0.10:"));
  EXPECT_THAT(run({"ip", "netns", "list"}).out, HasSubstr("eg-app-web-1"));
}

TEST_F(LifeCycle, TheLabForwardsWhileTheDaemonIsStopped) {
  apply_contract();
  const std::string applied = inventory();
  const std::string lease = private_address("web/1");
  EXPECT_EQ(machine_.stop(SIGTERM), 0);
  EXPECT_EQ(inventory(), applied);
  EXPECT_THAT(peer_without_daemon("eg-app-web-0"), HasSubstr("20.61.0.10:"));
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(private_address("web/1"), lease);
  EXPECT_EQ(inventory(), applied);
}

TEST_F(LifeCycle, SurvivesBeingKilled) {
  apply_contract();
  const std::string applied = inventory();
  const std::string lease = private_address("web");
  EXPECT_EQ(machine_.stop(SIGKILL), 128 + SIGKILL);
  EXPECT_THAT(peer_without_daemon("eg-app-web-1"), HasSubstr("20.61.0.10:"));
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(private_address("web"), lease);
  EXPECT_EQ(inventory(), applied);
}

TEST_F(LifeCycle, SurvivesBeingKilledWhileItApplies) {
  const std::string empty = inventory();
  const std::string lab = machine_.file("lab.yaml", contract_lab());
  Background applying(machine_.ctl_command({"apply", lab}), "");
  ASSERT_TRUE(eventually([] { return !run({"ip", "netns", "list"}).out.empty(); }));
  machine_.stop(SIGKILL);
  EXPECT_NE(applying.wait(), 0);
  ASSERT_TRUE(machine_.start());
  ASSERT_EQ(machine_.ctl({"apply", lab}).status, 0) << machine_.log();
  EXPECT_EQ(machine_.ctl({"test", lab}).status, 0);
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(inventory(), empty);
}

TEST_F(LifeCycle, RepairsWhatWasTakenAwayWhileItWasDead) {
  apply_contract();
  const std::string applied = inventory();
  machine_.stop(SIGKILL);
  by_hand(R"(
    ip -n eg-vnet-spoke route flush table 100
    ip -n eg-app-web-0 link del eth0
    ip netns exec eg-vnet-hub nft flush ruleset
    ip netns del eg-host-sql)");
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(inventory(), applied);
}

TEST_F(LifeCycle, RepairsDriftByItself) {
  apply_contract();
  const std::string applied = inventory();
  by_hand(R"(
    ip -n eg-worker-plan-0 addr flush dev integ0
    ip -n eg-internet route add blackhole 93.184.216.0/24)");
  EXPECT_EQ(machine_.ctl({"status"}).status, 1);
  EXPECT_TRUE(eventually([&] { return inventory() == applied; }));
  EXPECT_THAT(peer_without_daemon("eg-app-web-0"), HasSubstr("20.61.0.10:"));
  EXPECT_TRUE(machine_.comes_in_sync());
  const auto undone = machine_.ctl_json({"status"})["lastRepair"]["operations"].dump();
  EXPECT_THAT(undone, HasSubstr("add address"));
  EXPECT_THAT(undone, HasSubstr("remove route blackhole 93.184.216.0/24"));
}

TEST_F(LifeCycle, StartsAHostAgainThatWasKilled) {
  apply_contract();
  const std::string pids = "ip netns pids eg-host-website";
  const std::string applied = inventory();
  const std::string host = run_script(pids).out;
  by_hand("kill -9 " + host);
  EXPECT_TRUE(eventually([&] {
    const std::string now = run_script(pids).out;
    return !now.empty() && now != host;
  }));
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(inventory(), applied);
}

TEST_F(LifeCycle, DownLeavesTheMachineAsItWas) {
  const std::string empty = inventory();
  apply_contract();
  ASSERT_NE(inventory(), empty);
  const Outcome down = machine_.ctl({"down"});
  EXPECT_EQ(down.status, 0) << down.err;
  EXPECT_EQ(inventory(), empty);
  EXPECT_EQ(run({"ip", "netns", "list"}).out, "");
  EXPECT_TRUE(processes_with("egress-host").empty());
  EXPECT_TRUE(processes_with("egress-dns").empty());
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
}

TEST_F(LifeCycle, DownForgetsTheLabForGood) {
  apply_contract();
  ASSERT_EQ(machine_.ctl({"down"}).status, 0);
  const std::string empty = inventory();
  EXPECT_EQ(machine_.stop(), 0);
  ASSERT_TRUE(machine_.start());
  machine_.ctl({"status"});
  EXPECT_EQ(inventory(), empty);
  EXPECT_NE(machine_.ctl({"env", "web"}).status, 0);
}

TEST_F(LifeCycle, TwoDaemonsLiveSideBySide) {
  Machine other("egb");
  ASSERT_TRUE(other.start());
  apply_contract();
  const Outcome applied =
      other.ctl({"apply", other.file("lab.yaml", replaced(contract_lab(), "masquerade: 20.61.0.10",
                                                          "masquerade: 20.61.0.99"))});
  ASSERT_EQ(applied.status, 0) << applied.err << other.log();
  EXPECT_THAT(peer_without_daemon("eg-app-web-0"), HasSubstr("20.61.0.10:"));
  EXPECT_THAT(peer_without_daemon("egb-app-web-0"), HasSubstr("20.61.0.99:"));
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_THAT(run({"ip", "netns", "list"}).out, Not(HasSubstr("eg-app-web-0")));
  EXPECT_THAT(peer_without_daemon("egb-app-web-0"), HasSubstr("20.61.0.99:"));
  EXPECT_EQ(other.ctl({"status"}).status, 0);
  EXPECT_EQ(other.ctl({"down"}).status, 0);
  EXPECT_EQ(run({"ip", "netns", "list"}).out, "");
}

}  // namespace
}  // namespace egress::e2e
