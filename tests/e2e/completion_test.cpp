// SPDX-License-Identifier: MIT
// Completion as the shells do it, with the names of the lab in force.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

struct Shell {
  const char* name = "";
  const char* script = "";  // prints what "egressctl restart w" goes on with
};

constexpr Shell kShells[] = {
    {"bash", R"(source <(egressctl completion bash)
COMP_WORDS=(egressctl restart w); COMP_CWORD=2
_egressctl && printf '%s\n' "${COMPREPLY[@]}")"},
    {"fish", R"(egressctl completion fish | source
complete --do-complete 'egressctl restart w')"},
    // As its own functions work in the editor alone.
    {"zsh", R"(compdef() { }
compadd() { shift; print -rl -- "$@" }
source <(egressctl completion zsh)
words=(egressctl restart w); CURRENT=3
_egressctl)"},
};

class ShellCompletion : public ::testing::TestWithParam<Shell> {
 protected:
  Machine machine_{};
};

TEST_P(ShellCompletion, KnowsTheAppsOfTheLab) {
  ASSERT_TRUE(machine_.start());
  ASSERT_TRUE(machine_.apply(contract_lab()));
  const Command client = machine_.ctl_command({});
  const auto folder = std::filesystem::path(client.front()).parent_path().string();
  const Outcome outcome =
      run({GetParam().name, "-c", GetParam().script}, "",
          {"PATH=" + folder + ":/usr/bin:/bin", "EGRESSD_SOCKET=" + client.back(),
           "HOME=" + machine_.file("home", "")});
  EXPECT_EQ(outcome.out, "web\n") << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(All, ShellCompletion, ::testing::ValuesIn(kShells),
                         [](const auto& shell) { return std::string(shell.param.name); });

TEST(Completing, WaitsForNoDaemonThatSaysNothing) {
  const Folder folder;
  const std::string socket = folder / "socket";
  const Background silent({"socat", "UNIX-LISTEN:" + socket + ",fork", "SYSTEM:sleep infinity"},
                          "");
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(socket); }));
  const Machine machine;
  const std::string client = machine.ctl_command({}).front();
  EXPECT_EQ(run({client, "--socket", socket, "complete", "--", "restart", ""}).out, "");
  EXPECT_EQ(run({client, "--socket", folder / "none", "complete", "--", "restart", ""}).status, 0);
}

}  // namespace
}  // namespace egress::e2e
