// SPDX-License-Identifier: MIT
// Programs where packets leave that the platform sends on an app's behalf.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kNetns = "eg-app-web-0-image-pull";

class TrafficClasses : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  Outcome exec(const std::string& traffic, Command program) const {
    Command arguments{"exec", "web", "--traffic", traffic, "--"};
    arguments.insert(arguments.end(), program.begin(), program.end());
    return machine_.ctl(arguments);
  }
  // As whom the site on the Internet sees the class.
  std::string peer(const std::string& traffic) const {
    const Outcome asked =
        exec(traffic, {"curl", "-sS", "--max-time", "10", "http://93.184.216.34/"});
    const json answer = json::parse(asked.out, nullptr, false);
    EXPECT_TRUE(answer.is_object()) << asked.out << asked.err;
    return answer.is_object() ? answer.value("peer", "") : "";
  }
  static bool has_namespace() {
    return run_script(std::string("ip netns list | grep -q ") + kNetns).status == 0;
  }

  Machine machine_{};
};

TEST_F(TrafficClasses, RunWhereTheirPacketsLeave) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  EXPECT_FALSE(has_namespace());
  EXPECT_THAT(peer("image-pull"), AnyOf(StartsWith("20.50.1.4:"), StartsWith("20.50.1.5:")));
  EXPECT_TRUE(has_namespace());
  EXPECT_THAT(peer("application"), StartsWith("20.61.0.10:")) << "which goes by the firewall";
  EXPECT_THAT(peer("key-vault"), StartsWith("20.61.0.10:"));

  ASSERT_TRUE(machine_.apply(replaced(contract_lab(), "applicationTraffic: true",
                                      "applicationTraffic: true, imagePullTraffic: true")));
  EXPECT_THAT(peer("image-pull"), StartsWith("20.61.0.10:"));
  EXPECT_THAT(peer("backup-restore"), AnyOf(StartsWith("20.50.1.4:"), StartsWith("20.50.1.5:")));
}

TEST_F(TrafficClasses, HaveNothingOfTheAppsEnvironment) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  const Outcome listed = exec("image-pull", {"env"});
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_EQ(listed.out.find("WEBSITE_"), std::string::npos) << listed.out;
  EXPECT_THAT(exec("image-pull", {"cat", "/etc/resolv.conf"}).out,
              HasSubstr("nameserver 127.0.0.11"));
}

TEST_F(TrafficClasses, AreAskedForByWhoeverVerifies) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  const Outcome explained = machine_.ctl(
      {"explain", "web", "tcp://93.184.216.34:443", "--traffic", "image-pull", "--verify"});
  EXPECT_EQ(explained.status, 0) << explained.out << explained.err;
  const Outcome resolved =
      machine_.ctl({"resolve", "web", "sql", "--traffic", "backup-restore", "--verify"});
  EXPECT_EQ(resolved.status, 0) << resolved.out << resolved.err;
  EXPECT_THAT(resolved.out, HasSubstr("web/0 backup-restore"));
  EXPECT_TRUE(has_namespace());
}

TEST_F(TrafficClasses, OutliveTheDaemonAndGoWithTheLab) {
  const std::string before = inventory();
  ASSERT_TRUE(machine_.apply(contract_lab()));
  ASSERT_EQ(exec("image-pull", {"true"}).status, 0);
  const std::string with_lane = inventory();
  machine_.stop(SIGKILL);
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(inventory(), with_lane);
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(inventory(), before);
}

TEST_F(TrafficClasses, AreNoneOfAMachineNorOfASiteThatIsNotThere) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  constexpr int kExecTrouble = 125;
  EXPECT_EQ(machine_.ctl({"exec", "--host", "sql", "--traffic", "image-pull", "--", "true"}).status,
            kExecTrouble);
  const Outcome nobody = machine_.ctl({"exec", "wbe", "--traffic", "image-pull", "--", "true"});
  EXPECT_EQ(nobody.status, kExecTrouble);
  EXPECT_THAT(nobody.err, HasSubstr("web"));
  EXPECT_EQ(exec("images", {"true"}).status, kExecTrouble);
}

}  // namespace
}  // namespace egress::e2e
