// SPDX-License-Identifier: MIT
// What helps people whose machine or lab is not as it should be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/folder.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Doctor : public ::testing::Test {
 protected:
  json check(const std::string& name, const Command& options = {}) const {
    Command command{"doctor", "-o", "json", "--"};
    command.insert(command.end(), options.begin(), options.end());
    const json told = json::parse(machine_.ctl(command).out, nullptr, false);
    for (const json& each : told.value("checks", json::array())) {
      if (each["name"] == name) return each;
    }
    return told;
  }

  Machine machine_{};
  Folder folder_{};
};

TEST_F(Doctor, TriesALabOutAndLeavesNothingOfIt) {
  const json made = check("a lab", {"--state-dir", folder_ / "none"});
  EXPECT_EQ(made["state"], "ok") << made;
  EXPECT_EQ(run({"ip", "netns", "list"}).out, "");
  EXPECT_TRUE(processes_with("egress-host").empty());
}

TEST_F(Doctor, SaysThatNoDaemonRunsAndHowToStartOne) {
  const json daemon = check("daemon");
  EXPECT_EQ(daemon["state"], "warning");
  EXPECT_THAT(daemon["cure"].get<std::string>(), HasSubstr("systemctl start egressd"));
  const Outcome table = machine_.ctl({"doctor"});
  EXPECT_THAT(table.out, HasSubstr("\nWhat helps\n"));
}

TEST_F(Doctor, FindsADamagedDatabaseAndALabWithoutADaemon) {
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(machine_.apply(contract_lab()));
  EXPECT_EQ(check("daemon")["state"], "ok");
  EXPECT_EQ(check("leftovers")["state"], "ok");
  machine_.stop(SIGKILL);
  const json left = check("leftovers");
  EXPECT_EQ(left["state"], "warning") << left;
  EXPECT_THAT(left["cure"].get<std::string>(), HasSubstr("egressd --cleanup"));
  folder_.write("egressd.db", "no database");
  const Outcome damaged = machine_.ctl({"doctor", "--", "--state-dir", folder_.path()});
  EXPECT_EQ(damaged.status, 1) << damaged.out;
  EXPECT_THAT(damaged.out, HasSubstr("egressd --forget-state"));
}

TEST_F(Doctor, PutsIntoAFileWhatHelpsOthersAndNoSecrets) {
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(machine_.apply(replaced(contract_lab(), "GREETING: hello", "GREETING: my-secret")));
  const std::string file = folder_ / "report.tar.gz";
  const Outcome written = machine_.ctl({"bugreport", file});
  ASSERT_EQ(written.status, 0) << written.err;
  const auto part = [&](const std::string& name) {
    return run({"tar", "--extract", "--to-stdout", "--file", file, "egressd-bugreport/" + name})
        .out;
  };
  EXPECT_THAT(part("lab.yaml"), HasSubstr("GREETING"));
  EXPECT_THAT(part("lab.yaml"), Not(HasSubstr("my-secret")));
  EXPECT_EQ(json::parse(part("status.json"))["inSync"], true);
  EXPECT_THAT(part("kernel.txt"), HasSubstr("== eg-vnet-spoke\n"));
  EXPECT_THAT(part("kernel.txt"), HasSubstr("table ip "));
  EXPECT_THAT(part("versions.txt"), HasSubstr("egressd "));
  EXPECT_THAT(
      run({"sh", "-c", "tar --extract --to-stdout --file " + file + " | grep -c my-secret"}).out,
      HasSubstr("0"));
}

}  // namespace
}  // namespace egress::e2e
