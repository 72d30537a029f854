// SPDX-License-Identifier: MIT
// The exit statuses that need a daemon, or many commands at a time; tests/unit/egressctl has the
// others.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/unique_fd.hpp"
#include "tests/support/daemon_commands.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/unix_socket.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;

std::string text_of(const Command& command) {
  return fmt::format("{}", fmt::join(command, " "));
}

TEST(ExitStatus, IsTroubleWithADaemonThatHangsWhateverIsAsked) {
  const Machine machine;
  const Folder folder;
  const std::string path = folder / "hanging";
  const UniqueFd listener = bound_to(path, SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 256), 0);
  const std::string lab = machine.file("lab.yaml", contract_lab());
  std::vector<std::pair<std::string, Background>> started;
  for (Command command : daemon_commands()) {
    for (std::string& word : command) {
      if (word == "LAB") word = lab;
    }
    Command whole = machine.ctl_command(command);
    std::replace(whole.begin(), whole.end(), machine.socket(), path);
    whole.insert(whole.end(), {"--timeout", "3s"});
    started.emplace_back(text_of(command), Background(whole, ""));
  }
  for (auto& [command, running] : started) {
    EXPECT_EQ(running.wait(), 3) << command;
    const std::string errors = read_file(running.errors_file());
    EXPECT_THAT(errors, HasSubstr("egressctl: waiting for egressd at " + path)) << command;
    EXPECT_THAT(errors, HasSubstr("error[timeout]")) << command;
  }
}

class ExitStatusOf : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(machine_.start()); }

  Machine machine_{};
};

TEST_F(ExitStatusOf, ANameThatIsNotThereIsTrouble) {
  ASSERT_TRUE(machine_.apply(contract_lab()));
  const Command asked[] = {{"restart", "nope"},
                           {"backup", "nope"},
                           {"env", "nope"},
                           {"startup", "nope"},
                           {"effective-rules", "nope"},
                           {"explain", "nope", "tcp://10.1.2.4:1433"},
                           {"watch", "nope"},
                           {"resolve", "nope", "www.example.com"},
                           {"dependencies", "nope"},
                           {"next-hop", "nope", "10.1.2.4"},
                           {"scale", "nope", "--capacity", "3"},
                           {"connect", "nope", "spoke/integration"},
                           {"disconnect", "nope"},
                           {"delete", "site", "nope"},
                           {"swap", "nope", "staging"},
                           {"wire", "nope", "--hold"},
                           {"leases", "spoke/nope"}};
  for (const Command& command : asked) {
    const Outcome outcome = machine_.ctl(command);
    EXPECT_EQ(outcome.status, 3) << text_of(command) << ": " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("error[not-found]")) << text_of(command);
  }
}

TEST_F(ExitStatusOf, WhatNeedsALabIsNoForAChangeAndTroubleForAQuestion) {
  for (const Command& change :
       {Command{"scale", "plan", "--capacity", "3"}, {"disconnect", "web"}}) {
    EXPECT_EQ(machine_.ctl(change).status, 1) << text_of(change);
  }
  for (const Command& question : {Command{"env", "web"}, {"graph"}, {"export"}}) {
    EXPECT_EQ(machine_.ctl(question).status, 3) << text_of(question);
  }
}

}  // namespace
}  // namespace egress::e2e
