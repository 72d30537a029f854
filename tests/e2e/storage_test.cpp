// SPDX-License-Identifier: MIT
// The disk under a daemon: full, or cleared by somebody.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;

class Storage : public ::testing::Test {
 protected:
  void SetUp() override {
    by_hand("mkdir " + folder() + "; mount -t tmpfs -o size=600k,mode=0750 tmpfs " + folder());
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(contract_lab()));
  }
  void TearDown() override {
    if (mounted_) by_hand("umount -l " + folder());
  }

  std::string folder() const { return machine_.state_directory(); }
  void fill() const { run({"dd", "if=/dev/zero", "of=" + folder() + "/fill", "bs=1k"}); }

  Machine machine_{};
  bool mounted_ = true;
};

TEST_F(Storage, AFullDiskRefusesWhatChangesAndNeitherAStartNorARepair) {
  const std::string applied = inventory();
  fill();
  const Outcome refused = machine_.ctl({"scale", "plan", "--capacity", "3"});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.err, HasSubstr("disk is full"));
  EXPECT_EQ(inventory(), applied);
  machine_.stop(SIGKILL);
  by_hand("ip -n eg-vnet-spoke route flush table 100");
  ASSERT_TRUE(machine_.start()) << machine_.log();
  EXPECT_TRUE(eventually([&] { return inventory() == applied; }));
  EXPECT_TRUE(eventually([&] {
    return machine_.ctl_json({"status"})["problems"].dump().find("disk is full") !=
           std::string::npos;
  }));
  std::filesystem::remove(folder() + "/fill");
  EXPECT_EQ(machine_.ctl({"scale", "plan", "--capacity", "3"}).status, 0);
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.ctl({"status"}).out;
}

TEST_F(Storage, DownIsPossibleOnAFullDiskAndLeavesNothing) {
  fill();
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(folder() + "/egressd.db"));
  EXPECT_EQ(run({"ip", "netns", "list"}).out, "");
}

TEST_F(Storage, WhatSomebodyHasRemovedIsStoredAgain) {
  by_hand("umount -l " + folder() + "; rm -rf " + folder());
  mounted_ = false;
  EXPECT_EQ(machine_.ctl({"scale", "plan", "--capacity", "3"}).status, 0);
  const auto leases = machine_.ctl_json({"leases"});
  const std::string scaled = inventory();
  EXPECT_TRUE(std::filesystem::exists(folder() + "/egressd.db"));
  machine_.stop(SIGKILL);
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(inventory(), scaled);
  EXPECT_EQ(machine_.ctl_json({"leases"}), leases);
}

TEST_F(Storage, ProgramsWhoseFilesSomebodyHasRemovedAreReplaced) {
  const std::string applied = inventory();
  const size_t programs = processes_with("/egress-").size();
  by_hand("rm -rf /run/egressd/eg");
  // A pass at once, since nothing tells of it.
  EXPECT_EQ(machine_.ctl({"hold"}).status, 0);
  EXPECT_EQ(machine_.ctl({"release"}).status, 0);
  EXPECT_TRUE(eventually([&] { return inventory() == applied; }));
  EXPECT_EQ(processes_with("/egress-").size(), programs);
  machine_.stop(SIGKILL);
  by_hand("rm -rf /run/egressd/eg");
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(eventually([&] { return inventory() == applied; }));
  EXPECT_EQ(processes_with("/egress-").size(), programs);
  by_hand("rm /run/egressd/eg/processes/*/*/.process");
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
  EXPECT_TRUE(processes_with("/egress-").empty());
}

}  // namespace
}  // namespace egress::e2e
