// SPDX-License-Identifier: MIT
// Labs beside what others have on the machine: namespaces of any name, other daemons, other labs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Ownership : public ::testing::Test {
 protected:
  void SetUp() override { before_ = home_inventory(); }
  void TearDown() override { EXPECT_EQ(home_inventory(), before_); }

  static Outcome apply(const Machine& machine) {
    return machine.ctl({"apply", machine.file("lab.yaml", contract_lab())});
  }
  static std::string names() { return run({"ip", "netns", "list"}).out; }
  // A namespace of somebody else's, with something of each kind in it.
  static void make_foreign(const std::string& name) {
    by_hand("ip netns add " + name + "; ip -n " + name +
            " link add m0 type veth peer name m1; ip -n " + name +
            " addr add 192.0.2.5/24 dev m0; ip -n " + name + " link set m0 up; ip -n " + name +
            " route add default via 192.0.2.1; ip netns exec " + name +
            " nft 'add table inet admin { chain in { type filter hook input priority 0; }; }'");
  }
  static std::string contents(const std::string& name) {
    return run_script("ip netns exec " + name +
                      " sh -c 'ip -o link; ip addr; ip rule; ip route; nft list ruleset'")
        .out;
  }
  static std::string problems(const Machine& machine) {
    return machine.ctl_json({"status"})["problems"].dump();
  }

  Machine machine_{};
  std::string before_{};
};

TEST_F(Ownership, NamespacesOfOthersSurviveALabFromItsFirstApplicationToItsEnd) {
  ASSERT_TRUE(machine_.start());
  const std::string empty = inventory();
  for (const char* name : {"eg-mine", "eg-app-x-0"}) make_foreign(name);
  const std::string with_others = inventory();
  ASSERT_EQ(apply(machine_).status, 0) << machine_.log();
  EXPECT_EQ(machine_.ctl({"status"}).status, 0) << "they are nobody's drift";
  by_hand("ip -n eg-vnet-spoke route flush table 100");
  EXPECT_TRUE(eventually([&] {
    return machine_.ctl_json({"status"})["lastRepair"]["operations"].dump().find("route") !=
           std::string::npos;
  }));
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(inventory(), with_others);
  by_hand("ip netns del eg-mine; ip netns del eg-app-x-0");
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(inventory(), empty);
}

TEST_F(Ownership, ALabWhoseNameIsTakenIsRefusedAndNothingChanges) {
  ASSERT_TRUE(machine_.start());
  make_foreign("eg-app-web-0");
  const std::string with_it = inventory();
  for (const Outcome& refused :
       {apply(machine_), machine_.ctl({"plan", machine_.file("lab.yaml", contract_lab())})}) {
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr("eg-app-web-0 was not made by egressd"));
    EXPECT_THAT(refused.err, HasSubstr("ip netns del"));
  }
  EXPECT_EQ(inventory(), with_it);
  EXPECT_EQ(machine_.ctl_json({"status"})["lab"], nullptr);
  by_hand("ip netns del eg-app-web-0");
  EXPECT_EQ(apply(machine_).status, 0);
}

TEST_F(Ownership, ANameTakenBehindItsBackIsAProblemAndTheRestStaysInForce) {
  ASSERT_TRUE(machine_.start());
  ASSERT_EQ(apply(machine_).status, 0);
  const std::string applied = inventory();
  by_hand("ip netns del eg-app-web-0");
  make_foreign("eg-app-web-0");
  const std::string foreign = contents("eg-app-web-0");
  EXPECT_TRUE(eventually([&] {
    const auto status = machine_.ctl_json({"status"});
    return status["drift"].empty() && status["problems"].size() == 1;
  })) << machine_.log();
  EXPECT_THAT(problems(machine_), HasSubstr("eg-app-web-0 was not made by egressd"));
  EXPECT_EQ(machine_.ctl({"status"}).status, 1);
  EXPECT_NE(machine_.exec("web/0", {"true"}).status, 0) << "nobody is let into it";
  EXPECT_EQ(machine_.exec("web/1", {"curl", "-sS", "http://93.184.216.34/"}).status, 0);
  EXPECT_EQ(contents("eg-app-web-0"), foreign);
  by_hand("ip netns del eg-app-web-0");
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(inventory(), applied);
}

// `ip netns attach`, a bind mount, a mount that came back: TearDown compares what is in it.
TEST_F(Ownership, TheMachinesOwnNamespaceUnderOneOfOurNamesStaysAsItIs) {
  by_hand(
      "ip link add uplink0 type veth peer name uplink1; ip addr add 192.0.2.5/24 dev uplink0;"
      "ip link set uplink0 up; ip link set uplink1 up; ip route add default via 192.0.2.1;"
      "nft 'add table inet admin { chain in { type filter hook input priority 0; }; }'");
  before_ = home_inventory();
  ASSERT_TRUE(machine_.start());
  ASSERT_EQ(apply(machine_).status, 0);
  by_hand(
      "ip netns del eg-app-web-0; touch /run/netns/eg-app-web-0;"
      "mount --bind /proc/1/ns/net /run/netns/eg-app-web-0");
  EXPECT_TRUE(eventually([&] {
    return problems(machine_).find("eg-app-web-0 is the machine's own") != std::string::npos;
  }));
  EXPECT_TRUE(eventually([&] { return machine_.ctl_json({"status"})["drift"].empty(); }));
  EXPECT_EQ(apply(machine_).status, 1);
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_THAT(names(), HasSubstr("eg-app-web-0"));
  EXPECT_EQ(home_inventory(), before_);
  by_hand("ip netns del eg-app-web-0; ip link del uplink0; nft delete table inet admin");
  before_ = home_inventory();
}

TEST_F(Ownership, ADaemonThatLostItsDatabaseStillRemovesItsOwnAndNothingElse) {
  ASSERT_TRUE(machine_.start());
  const std::string empty = inventory();
  ASSERT_EQ(apply(machine_).status, 0);
  machine_.stop(SIGKILL);
  make_foreign("eg-app-x-0");
  std::filesystem::remove_all(machine_.state_directory());
  ASSERT_TRUE(machine_.start());
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_THAT(names(), Not(HasSubstr("eg-app-web-0")));
  by_hand("ip netns del eg-app-x-0");
  // Whose last name kept the directory of namespaces.
  machine_.stop();
  ASSERT_TRUE(machine_.start());
  // It takes connections before it has tidied up.
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
  EXPECT_EQ(inventory(), empty);
}

class TwoDaemons : public Ownership {
 protected:
  // That `other` is refused at its start with a message that says all of `parts`.
  static void expect_refused(Machine& other, const std::vector<std::string>& parts) {
    const std::string run_directory = other.state_directory() + "-run";
    const auto started = other.start({}, {"--run-dir", run_directory});
    EXPECT_FALSE(started);
    for (const std::string& part : parts) EXPECT_THAT(started.message(), HasSubstr(part));
    EXPECT_FALSE(std::filesystem::exists(run_directory)) << "before anything was made";
  }
};

TEST_F(TwoDaemons, OfOnePrefixAreOneTooManyWhereverTheyKeepTheirFiles) {
  ASSERT_TRUE(machine_.start());
  ASSERT_EQ(apply(machine_).status, 0);
  Machine other;
  expect_refused(other, {"prefix 'eg'", machine_.state_directory(), "process "});
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
  machine_.stop(SIGKILL);
  expect_refused(other, {"a lab that is in force", machine_.state_directory()});
  EXPECT_THAT(names(), HasSubstr("eg-app-web-0"));
  ASSERT_TRUE(machine_.start());
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  machine_.stop();
  EXPECT_TRUE(other.start()) << "nothing is left that could be mistaken";
}

TEST_F(TwoDaemons, WhosePrefixesCouldMeetInANameAreOneTooMany) {
  Machine inside("eg-app");
  ASSERT_TRUE(machine_.start());
  expect_refused(inside, {"prefix 'eg-app'", "prefix 'eg'", machine_.state_directory()});
  ASSERT_EQ(apply(machine_).status, 0);
  machine_.stop();
  expect_refused(inside, {"a lab that is in force", machine_.state_directory()});
}

TEST_F(TwoDaemons, WhosePrefixesOnlyBeginAlikeLiveSideBySide) {
  Machine other("eg-b");
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(other.start({}, {"--run-dir", other.state_directory() + "-run"}));
  ASSERT_EQ(apply(machine_).status, 0);
  ASSERT_EQ(apply(other).status, 0);
  for (const Machine* each : {&machine_, &other}) {
    EXPECT_EQ(each->ctl({"status"}).status, 0);
    EXPECT_EQ(each->ctl({"test", each->file("lab.yaml", contract_lab())}).status, 0);
  }
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_EQ(other.ctl({"status"}).status, 0);
  EXPECT_EQ(other.ctl({"down"}).status, 0);
  EXPECT_EQ(names(), "");
}

}  // namespace
}  // namespace egress::e2e
