// SPDX-License-Identifier: MIT
// A lab is taken away without its daemon, its declaration or what is stored of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Cleanup : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    empty_ = inventory();
    ASSERT_TRUE(machine_.apply(contract_lab()));
  }

  std::string database() const { return machine_.state_directory() + "/egressd.db"; }

  Machine machine_{};
  std::string empty_{};
};

TEST_F(Cleanup, RemovesWhatIsMarkedAndNothingElseAndSaysWhat) {
  machine_.stop(SIGKILL);
  by_hand("ip netns add eg-mine; ip netns add other");
  std::filesystem::remove_all(machine_.state_directory());
  const Outcome cleaned = machine_.egressd({"--cleanup"});
  EXPECT_EQ(cleaned.status, 0) << cleaned.err;
  for (const char* line : {"remove netns eg-app-web-0\n", "remove netns eg-vnet-spoke\n",
                           "remove process ", "remove netns eg-internet\n"}) {
    EXPECT_THAT(cleaned.out, HasSubstr(line));
  }
  EXPECT_THAT(cleaned.out, Not(HasSubstr("eg-mine")));
  EXPECT_EQ(run_script("ip netns list | sort").out, "eg-mine\nother\n");
  EXPECT_TRUE(processes_with("/egress-").empty());
  by_hand("ip netns del eg-mine; ip netns del other");
  EXPECT_EQ(machine_.egressd({"--cleanup"}).out, "");
  EXPECT_EQ(inventory(), empty_);
}

TEST_F(Cleanup, LeavesTheLabOfAnotherPrefixInForce) {
  Machine other("eg2");
  ASSERT_TRUE(other.start());
  ASSERT_TRUE(other.apply(contract_lab()));
  machine_.stop(SIGKILL);
  ASSERT_EQ(machine_.egressd({"--cleanup"}).status, 0);
  EXPECT_THAT(run({"ip", "netns", "list"}).out, Not(HasSubstr("eg-app-web-0")));
  EXPECT_EQ(other.ctl({"status"}).status, 0);
}

TEST_F(Cleanup, IsRefusedWhileADaemonHasTheLab) {
  const std::string applied = inventory();
  for (const char* option : {"--cleanup", "--forget-state"}) {
    const Outcome refused = machine_.egressd({option});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr(std::to_string(machine_.pid())));
  }
  EXPECT_EQ(inventory(), applied);
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
}

TEST_F(Cleanup, SaysThatTheStoredLabComesBackAndKeepsACopyOfWhatItForgets) {
  machine_.stop();
  EXPECT_THAT(machine_.egressd({"--cleanup"}).out, HasSubstr(database() + " has the lab still"));
  const Outcome forgotten = machine_.egressd({"--cleanup", "--forget-state"});
  EXPECT_EQ(forgotten.status, 0) << forgotten.err;
  EXPECT_THAT(forgotten.out, StartsWith("what was stored is " + database() + "."));
  EXPECT_FALSE(std::filesystem::exists(database()));
  const std::string told = forgotten.out.substr(forgotten.out.find(database() + "."));
  const std::string copy = told.substr(0, told.find('\n'));
  ASSERT_TRUE(machine_.start());
  EXPECT_EQ(machine_.ctl_json({"status"})["lab"], nullptr);
  machine_.stop();
  std::filesystem::rename(copy, database());
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync()) << "the copy is whole";
  EXPECT_NE(machine_.ctl_json({"status"})["lab"], nullptr);
}

TEST_F(Cleanup, ADamagedDatabaseNamesTheWayOutAndTheWayOutWorks) {
  const std::string applied = inventory();
  machine_.stop(SIGKILL);
  for (const char* end : {"-wal", "-shm"}) std::filesystem::remove(database() + end);
  std::ofstream(database(), std::ios::trunc) << "no database";
  (void)machine_.start();
  EXPECT_TRUE(eventually([&] {
    return machine_.log().find("egressd --forget-state") != std::string::npos;
  })) << machine_.log();
  EXPECT_EQ(machine_.egressd({"--forget-state"}).status, 0);
  ASSERT_TRUE(machine_.start());
  EXPECT_THAT(inventory(), HasSubstr("eg-app-web-0")) << "what is in the kernel stays until then";
  ASSERT_TRUE(machine_.apply(contract_lab()));
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_THAT(run({"ip", "netns", "list"}).out, Not(HasSubstr("eg-")));
}

}  // namespace
}  // namespace egress::e2e
